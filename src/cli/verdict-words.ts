/** How an attempt to log on ended, in a sentence for people. */
import type { WatchedAttempt } from "../observe/watcher.ts";

export function verdictWords({ mechanism, claimed, outcome }: WatchedAttempt): string {
  const who = claimed === "" ? "" : ` ${JSON.stringify(claimed)}`;
  switch (outcome.kind) {
    case "entered":
      return `logged on: ${outcome.user} by ${outcome.scheme ?? mechanism}${claimed === outcome.user ? "" : ` (as ${JSON.stringify(claimed)})`}`;
    case "denied":
      return `refused${who}: ${outcome.why}`;
    case "cancelled":
      return "cancelled by the client";
    case "malformed":
      return `malformed ${mechanism}: ${outcome.why}`;
    default:
      return `not possible now${who}: ${outcome.why}`;
  }
}

/** What `serve` takes without being told otherwise is NTLMv2 (and LMv2, its twin for short fields). */
export function refusedByDefault({ outcome }: WatchedAttempt): string | undefined {
  if (outcome.kind !== "entered" || outcome.scheme === undefined) return undefined;
  if (outcome.scheme === "NTLMv2" || outcome.scheme === "LMv2") return undefined;
  return `postern serve would have refused this ${outcome.scheme} response: its default is "ntlm: { minimum: v2 }"`;
}

/** What an NTLM logon, let in or not, showed of its client: the facts that the log and the radar keep. */
import type { NtlmFacts, Shown } from "../core/ntlm-facts.ts";
import type { Verdict } from "../core/verdict.ts";
import type { Received, Refusal, Stands } from "../ntlm/acceptor.ts";
import { isBoundToUs } from "../ntlm/rules.ts";

export interface NtlmOutcome {
  /** The judge's; undefined: it was never asked. */
  readonly verdict: Verdict | undefined;
  /** What the policy said; undefined: it had nothing to say, the password was wrong. */
  readonly settled?: Stands | Refusal;
}

export function factsOf(received: Received, outcome: NtlmOutcome): NtlmFacts {
  const { authenticate, negotiateFlags, targetName } = received;
  const { settled } = outcome;
  const exception = settled?.kind === "stands" ? settled.terms.exception : undefined;
  return {
    scheme: (outcome.verdict?.kind === "accepted" ? outcome.verdict.scheme : undefined) ?? received.scheme,
    mic: micShown(received, outcome),
    channelBinding: bindingShown(received, outcome),
    targetName: targetName ? targetName.slice(0, LONGEST_TARGET).toWellFormed() : undefined,
    workstation: authenticate.workstation,
    domain: authenticate.names[0]?.domain ?? "",
    version: versionOf(received),
    negotiateFlags,
    authenticateFlags: authenticate.flags,
    refusedBy: settled?.kind === "refused" ? settled.rule : undefined,
    ...(exception !== undefined && { exception, exceptedRule: (settled as Stands).otherwise?.rule }),
  };
}

/** Only the key of a right response can tell; an exception that lets a wrong MIC pass does not make it right. */
function micShown({ micPresent, scheme }: Received, { verdict, settled }: NtlmOutcome): Shown {
  if (!micPresent) return "absent";
  const isProven = verdict?.kind === "accepted" && scheme === (verdict.scheme ?? scheme);
  if (!isProven || !settled || verdict.sessionBaseKey === undefined) return "unchecked";
  const refusal = settled.kind === "refused" ? settled : settled.otherwise;
  if (refusal?.rule === "mic") return "wrong";
  return settled.kind === "stands" && settled.terms.policy.mic !== "off" ? "right" : "unchecked";
}

/** Before the response has proven right, its channel binding is anybody's. */
function bindingShown(received: Received, { verdict, settled }: NtlmOutcome): Shown {
  if (!received.bindingPresent) return "absent";
  if (verdict?.kind !== "accepted") return "unchecked";
  if (received.channelBinding !== undefined) return isBoundToUs(received) ? "right" : "wrong";
  return settled?.kind === "refused" && settled.rule === "channel-binding" ? "wrong" : "unchecked";
}

function versionOf({ authenticate: { version } }: Received): string | undefined {
  return version && `${version.major}.${version.minor}.${version.build}`;
}

/** UTF-16 units; no service principal name that means a mail server is longer. */
const LONGEST_TARGET = 256;

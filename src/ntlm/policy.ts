/** What an acceptor insists on, MS-NLMP 3.2.1 and 3.2.5.1.2; stricter rules lock out real clients, so each is a choice. */
import type { Minimum } from "./scheme.ts";

export type Presence =
  | "off"
  /** Wrong is refused, absent is not. */
  | "verify-if-present"
  | "require";

export interface AcceptorPolicy {
  readonly minimum: Minimum;
  readonly mic: Presence;
  readonly channelBinding: Presence;
  /** What a client repeats of our TargetInfo must be what we sent: a relayed response repeats another server's. */
  readonly avEcho: "off" | "verify-if-present";
}

/** NTLMv2 and LMv2 only, and whatever protection a client uses is verified. */
export const DEFAULT_POLICY: AcceptorPolicy = {
  minimum: "v2",
  mic: "verify-if-present",
  channelBinding: "verify-if-present",
  avEcho: "verify-if-present",
};

/** A stable code for each reason to refuse a logon whose messages are well-formed. */
export type RefusalRule = "anonymous" | "no-user" | "no-response" | "minimum" | "mic" | "channel-binding" | "av-echo";

export interface Refusal {
  readonly kind: "refused";
  readonly rule: RefusalRule;
  /** For the log; no secrets in it. */
  readonly why: string;
}

export function refused(rule: RefusalRule, why: string): Refusal {
  return { kind: "refused", rule, why };
}

/** What an acceptor insists on, MS-NLMP 3.2.1 and 3.2.5.1.2; stricter rules lock out real clients, so each is a choice. */
import type { NameReading } from "./names.ts";
import type { Minimum } from "./scheme.ts";
import type { Targets } from "./target-name.ts";

export type Presence =
  | "off"
  /** Wrong is refused, absent is not. */
  | "verify-if-present"
  | "require";

/**
 * The acceptor's rules; what is left out is off. Anonymous logons are refused whatever it says: MS-NLMP has no variable
 * for them. Where it has one, its name stands beside ours.
 */
export interface AcceptorPolicy {
  /** The weakest response accepted; of LmCompatibilityLevel, 5 is "v2", 4 is "v1" and less is "lm". */
  readonly minimum: Minimum;
  readonly mic: Presence;
  /** ApplicationRequiresCBT: true is "require". ServerChannelBindingsUnhashed is the connection's own binding. */
  readonly channelBinding: Presence;
  /** What a client repeats of our TargetInfo must be what we sent: a relayed response repeats another server's. */
  readonly avEcho: "off" | "verify-if-present";
  /** The service that the client meant to log on to; one that it calls unverified (UnverifiedTargetName) is absent. */
  readonly targetName?: Presence | undefined;
  /** What `targetName` is held against; without them every target is somebody else's. */
  readonly targets?: Targets | undefined;
  /** Milliseconds that a client's time may differ from ours (MaxLifetime); only NTLMv2 responses have a time. */
  readonly clockWindow?: number | undefined;
  /** Domains as clients write them, in any case; "" stands for clients that name none, "*" for all. */
  readonly allowedDomains?: readonly string[] | undefined;
  readonly blockedDomains?: readonly string[] | undefined;
  /** ServerRequire128bitEncryption: the client must offer NTLMSSP_NEGOTIATE_128. curl, libntlm and swaks do not. */
  readonly require128?: boolean | undefined;
  /** ServerBlock: nobody may use NTLM. */
  readonly block?: boolean | undefined;
}

/** NTLMv2 and LMv2 only, and whatever protection a client uses is verified. */
export const DEFAULT_POLICY: AcceptorPolicy = {
  minimum: "v2",
  mic: "verify-if-present",
  channelBinding: "verify-if-present",
  avEcho: "verify-if-present",
};

/** One policy that a logon may be held against: it stands when one of its terms, not lapsed, lets it in. */
export interface Terms {
  readonly policy: AcceptorPolicy;
  /** The exception that grants them; undefined: the ordinary terms. */
  readonly exception?: string | undefined;
  /** Why they let nobody in any more, in words for the log: "expired on 2026-01-31 (owner: Jane)". */
  readonly lapsed?: string | undefined;
  /** Names of the rules that made them stricter than the listener's own. */
  readonly tightenedBy?: readonly string[] | undefined;
}

/** At least one; the first are the ordinary terms. Names are known only when the AUTHENTICATE_MESSAGE was read. */
export type ChooseTerms = (names: readonly NameReading[]) => readonly Terms[];

/** A stable code for each reason to refuse a logon whose messages are well-formed. */
export type RefusalRule =
  | "anonymous"
  | "no-user"
  | "no-response"
  | "block"
  | "domain"
  | "128-bit"
  | "minimum"
  | "mic"
  | "channel-binding"
  | "target-name"
  | "clock"
  | "av-echo";

export interface Refusal {
  readonly kind: "refused";
  readonly rule: RefusalRule;
  /** For the log; no secrets in it. */
  readonly why: string;
}

export function refused(rule: RefusalRule, why: string): Refusal {
  return { kind: "refused", rule, why };
}

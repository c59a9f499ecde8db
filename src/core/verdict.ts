/**
 * What a validator says. "No" is a value, never an exception; a new kind or reason must stop every protocol's reply
 * from compiling until it has words for it.
 */
import type { Identity } from "./identity.ts";

export type DenyReason =
  | "bad-credentials"
  /** The proof was right or never looked at, but the listener's policy refuses this way of logging on. */
  | "policy"
  | "disabled"
  | "expired"
  | "password-expired"
  | "locked-out"
  | "logon-hours"
  | "not-authorized";

export interface Accepted {
  readonly kind: "accepted";
  readonly identity: Identity;
  /** NTLM only: the SessionBaseKey (MS-NLMP 3.3), 16 bytes, from which the MIC is checked. */
  readonly sessionBaseKey?: Uint8Array;
  /** NTLM only: which response was right, e.g. "NTLMv2". */
  readonly scheme?: string | undefined;
}

export interface Denied {
  readonly kind: "denied";
  readonly reason: DenyReason;
  /** For the log and the sandbox, never for the client: the reason in words. */
  readonly why: string;
  /** Whose account it was about, where the validator knew. */
  readonly user?: string;
}

/** Not my user: a chain of validators goes on. To the client the same as bad credentials. */
export interface Unknown {
  readonly kind: "unknown";
  readonly why: string;
}

/** The judge cannot judge (directory down, queue full): never shown, counted or cached as a wrong password. */
export interface Unavailable {
  readonly kind: "unavailable";
  readonly why: string;
}

export type Verdict = Accepted | Denied | Unknown | Unavailable;

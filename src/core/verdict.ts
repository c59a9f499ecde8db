/**
 * What a validator says. "No" is a value, never an exception; a new kind or reason must stop every protocol's reply
 * from compiling until it has words for it.
 */
import type { Identity } from "./identity.ts";

export type DenyReason =
  | "bad-credentials"
  /** The proof was right or never looked at, but the listener's policy refuses this way of logging on. */
  | "policy"
  /** The account's state, MS-APDS 3.1.5, in the order in which it is checked. */
  | "disabled"
  | "expired"
  | "locked-out"
  | "logon-hours"
  | "password-expired"
  | "must-change-password"
  | "smartcard-required"
  | "trust-account"
  /** A member of Protected Users, or bound by an authentication policy. */
  | "restricted"
  | "workstation"
  /** NTLM is blocked for this domain or server. */
  | "ntlm-blocked"
  /** Right, but not for this listener, protocol or backend. */
  | "not-authorized"
  /** Not looked at: too many failures before it. */
  | "guarded";

export interface Accepted {
  readonly kind: "accepted";
  readonly identity: Identity;
  /** NTLM only: the SessionBaseKey (MS-NLMP 3.3), 16 bytes, from which the MIC is checked. */
  readonly sessionBaseKey?: Uint8Array;
  /** NTLM only: which response was right, e.g. "NTLMv2". */
  readonly scheme?: string | undefined;
  /** For the log: which of the account's app passwords it was; undefined for the password itself. */
  readonly appPassword?: string | undefined;
}

export interface Denied {
  readonly kind: "denied";
  readonly reason: DenyReason;
  /** For the log and the sandbox, never for the client: the reason in words. */
  readonly why: string;
  /** Whose account it was about, where the validator knew. */
  readonly user?: string;
  /** NTSTATUS for log and audit, see nt-status.ts; undefined where none says it. */
  readonly status?: number;
}

/** Not my user: a chain of validators goes on. To the client the same as bad credentials. */
export interface Unknown {
  readonly kind: "unknown";
  readonly why: string;
  /** As in Denied. */
  readonly status?: number;
}

/** The judge cannot judge (directory down, queue full): never shown, counted or cached as a wrong password. */
export interface Unavailable {
  readonly kind: "unavailable";
  readonly why: string;
}

export type Verdict = Accepted | Denied | Unknown | Unavailable;

/** What is said once a proof has been found right, or wrong: the account's state speaks only to who has proven to be it. */
import type { DenyReason, Accepted, Denied, Unavailable, Unknown } from "../core/verdict.ts";
import { NtStatus, type NtStatusName } from "../core/nt-status.ts";
import type { Visit } from "../core/visit.ts";
import type { ResponseMatch } from "../ntlm/responses.ts";
import type { Account } from "./account.ts";
import { denialByAppPassword, type AppPassword } from "./app-password.ts";
import { denialByState } from "./state.ts";

export const CLOSED: Unavailable = { kind: "unavailable", why: "the validator is closed" };
export const NOBODY: Unknown = { kind: "unknown", why: "no account of this name and domain" };

/** How the proof came, as far as an account's state can mind. */
export interface Proof {
  readonly visit: Visit;
  readonly now: Date;
  /** The one that an NTLM client named. */
  readonly workstation?: string;
  readonly byNtlm?: true;
  /** Default: the password. */
  readonly by?: AppPassword | "certificate" | undefined;
}

/** The proof is right. */
export function conclude({ identity, state }: Account, proof: Proof, match?: ResponseMatch): Accepted | Denied {
  const { visit, now, workstation, byNtlm = false } = proof;
  const app = typeof proof.by === "object" ? proof.by : undefined;
  const by = app ? "app-password" : proof.by === "certificate" ? "certificate" : "password";
  const denial =
    denialByState(state, { now, listener: visit.listener, workstation, byNtlm, by }, identity.user) ??
    (app && denialByAppPassword(app, visit, now, identity.user));
  if (denial !== undefined) return denial;
  const appPassword = app?.name;
  if (match === undefined) return { kind: "accepted", identity, appPassword };
  const { sessionBaseKey, scheme } = match;
  return { kind: "accepted", identity, sessionBaseKey, scheme, appPassword };
}

/** The proof is wrong, or none that could be looked at. */
export function refuse(why: string, status: NtStatusName, account?: Account, reason?: DenyReason): Denied {
  return {
    kind: "denied",
    reason: reason ?? "bad-credentials",
    why,
    ...(account && { user: account.identity.user }),
    status: NtStatus[status],
  };
}

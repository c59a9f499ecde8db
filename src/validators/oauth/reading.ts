/** What came of reading a token: its claims, or why there are none. */
import type { Denied, Unavailable } from "../../core/verdict.ts";

export type Claims = Readonly<Record<string, unknown>>;

export interface ClaimsRead {
  readonly kind: "claims";
  readonly claims: Claims;
}

export type Reading = ClaimsRead | Denied | Unavailable;

/** One way to read tokens. */
export type ReadToken = (token: string) => Promise<Reading>;

export function refuse(why: string, reason: Denied["reason"] = "bad-credentials"): Denied {
  return { kind: "denied", reason, why };
}

export function unable(why: string): Unavailable {
  return { kind: "unavailable", why };
}

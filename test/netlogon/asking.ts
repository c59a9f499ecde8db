/** Asking about users in tests: responses as a client computes them, and what errors have to look like. */
import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { computeResponses } from "../../src/ntlm/client-responses.ts";
import type { Scheme } from "../../src/ntlm/scheme.ts";
import { NetlogonError, type NetlogonErrorKind } from "../../src/netlogon/error.ts";
import type { NetworkLogon } from "../../src/netlogon/netlogon.ts";

export const PATIENCE = { timeout: 5000 };
/** Short enough for a test that waits it out. */
export const IMPATIENCE = { timeout: 150 };
export const PASSWORD = "Str0ng-Pass-alice!";

export interface Asked {
  readonly logon: NetworkLogon;
  readonly sessionBaseKey: Buffer;
}

export function logonOf(user: string, password = PASSWORD, scheme: Scheme = "NTLMv2"): Asked {
  const serverChallenge = randomBytes(8);
  const domain = "GWTEST";
  const credentials = { user, domain, password, clientChallenge: randomBytes(8), time: 0n };
  const { ntResponse, lmResponse, sessionBaseKey } = computeResponses(credentials, { serverChallenge }, scheme);
  const extendedSessionSecurity = scheme === "NTLM2 session";
  const logon = { domain, user, workstation: "PC2", serverChallenge, ntResponse, lmResponse, extendedSessionSecurity };
  return { logon, sessionBaseKey };
}

export const alice = (): NetworkLogon => logonOf("alice").logon;

/** For assert.rejects. */
export function isError(
  kind: NetlogonErrorKind,
  message: RegExp,
  status?: number,
  isKeyStale = false,
): (error: unknown) => boolean {
  return (error: unknown): boolean => {
    assert.ok(error instanceof NetlogonError, String(error));
    assert.equal(error.kind, kind, error.message);
    assert.match(error.message, message);
    assert.equal(error.status, status);
    assert.equal(error.isKeyStale, isKeyStale);
    return true;
  };
}

export async function until(condition: () => boolean): Promise<void> {
  for (let tries = 0; !condition(); tries += 1) {
    assert.ok(tries < 400, "it did not come true within two seconds");
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

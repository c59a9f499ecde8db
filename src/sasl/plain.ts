/** PLAIN (RFC 4616): one response, `[authzid] NUL authcid NUL passwd`. */
import type { PasswordEvidence } from "../core/evidence.ts";
import { Secret } from "../core/secret.ts";
import { EMPTY, MalformedResponse, textOf, type Mechanism } from "./mechanism.ts";
import { judgePassword } from "./password.ts";

export const plain: Mechanism<"password"> = {
  name: "PLAIN",
  needs: "password",
  plaintext: true,
  async *exchange(initial, judge, visit) {
    const { authzid, evidence } = readPlain(initial ?? (yield EMPTY));
    // Acting as somebody else is the backend logon's business, never the client's.
    if (authzid !== "" && authzid !== evidence.username) {
      const verdict = {
        kind: "denied",
        reason: "not-authorized",
        why: "asked to act as somebody else (authzid)",
      } as const;
      return { verdict, claimed: evidence.username, password: undefined };
    }
    return judgePassword(evidence, judge, visit);
  },
};

/** Splits a PLAIN message. Throws MalformedResponse unless it has exactly two NULs. */
export function readPlain(message: Uint8Array): { readonly authzid: string; readonly evidence: PasswordEvidence } {
  const [authzid, username, password, ...more] = textOf(message).split("\0");
  if (authzid === undefined || username === undefined || password === undefined || more.length > 0) {
    throw new MalformedResponse("PLAIN wants authzid NUL authcid NUL passwd");
  }
  return { authzid, evidence: { username, password: new Secret(password) } };
}

/** The message itself, for logging on at a server behind. The caller has refused NULs in its parts. */
export function writePlain(authzid: string, username: string, password: string): Buffer {
  return Buffer.from(`${authzid}\0${username}\0${password}`);
}

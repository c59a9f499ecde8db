/** PLAIN (RFC 4616): one response, `[authzid] NUL authcid NUL passwd`. */
import type { Answer } from "../core/answer.ts";
import { base64OfText } from "../core/base64.ts";
import type { PasswordEvidence } from "../core/evidence.ts";
import { Secret } from "../core/secret.ts";
import type { Able } from "../core/validator.ts";
import type { Visit } from "../core/visit.ts";
import { EMPTY, MalformedResponse, textOf, type Conclusion, type Mechanism } from "./mechanism.ts";
import { judgePassword } from "./password.ts";

export const plain: Mechanism<"password"> = {
  name: "PLAIN",
  needs: "password",
  plaintext: true,
  async *exchange(initial, judge, visit) {
    return conclude(initial ?? (yield EMPTY), judge, visit);
  },
  atOnce: conclude,
};

function conclude(message: Uint8Array, judge: Able<"password">, visit: Visit): Answer<Conclusion> {
  const { authzid, evidence } = readPlain(message);
  // Acting as somebody else is the backend logon's business, never the client's.
  if (authzid !== "" && authzid !== evidence.username) {
    const why = "asked to act as somebody else (authzid)";
    const verdict = { kind: "denied", reason: "not-authorized", why } as const;
    return { verdict, claimed: evidence.username, password: undefined };
  }
  return judgePassword(evidence, judge, visit);
}

/** Splits a PLAIN message. Throws MalformedResponse unless it has exactly two NULs. */
export function readPlain(message: Uint8Array): { readonly authzid: string; readonly evidence: PasswordEvidence } {
  const text = textOf(message);
  const first = text.indexOf("\0");
  const second = text.indexOf("\0", first + 1);
  if (first < 0 || second < 0 || text.includes("\0", second + 1))
    throw new MalformedResponse("PLAIN wants authzid NUL authcid NUL passwd");
  const username = text.slice(first + 1, second);
  return { authzid: text.slice(0, first), evidence: { username, password: new Secret(text.slice(second + 1)) } };
}

/** The message in base64, for logging on at a server behind. The caller has refused NULs in its parts. */
export function writePlain(authzid: string, username: string, password: string): string {
  return base64OfText(`${authzid}\0${username}\0${password}`);
}

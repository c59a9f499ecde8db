/** A name and a password, however they came (PLAIN, LOGIN, USER/PASS, IMAP LOGIN), put before the judge. */
import { whenKnown, type Answer } from "../core/answer.ts";
import { isPrintableAscii } from "../core/ascii.ts";
import type { PasswordEvidence } from "../core/evidence.ts";
import { isPlausibleName } from "../core/identity.ts";
import type { Able } from "../core/validator.ts";
import type { Verdict } from "../core/verdict.ts";
import type { Visit } from "../core/visit.ts";
import type { Conclusion } from "./mechanism.ts";

/** No directory keeps longer ones, and hashing a megabyte is an attack. Bytes of UTF-8. */
const PASSWORD_LIMIT = 1024;

export function judgePassword(evidence: PasswordEvidence, judge: Able<"password">, visit: Visit): Answer<Conclusion> {
  const conclude = (verdict: Verdict): Conclusion => ({
    verdict,
    claimed: evidence.username,
    password: evidence.password,
  });
  return whenKnown(refuseUnread(evidence) ?? judge.password(evidence, visit), conclude);
}

/** An empty password is an anonymous bind to some directories; controls in names are injections to some backends. */
function refuseUnread({ username, password }: PasswordEvidence): Verdict | undefined {
  const text = password.reveal();
  const bad = (why: string): Verdict => ({ kind: "denied", reason: "bad-credentials", why });
  if (!isPlausibleName(username)) return bad("the user name is empty, too long, or has control characters");
  if (text === "") return bad("the password is empty");
  if (text.length <= PASSWORD_LIMIT && isPrintableAscii(text)) return undefined;
  if (Buffer.byteLength(text) > PASSWORD_LIMIT) return bad("the password is too long");
  if (/[\0\r\n]/.test(text)) return bad("the password has control characters");
  return undefined;
}

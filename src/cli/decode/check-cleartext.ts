/** `postern decode --password` on PLAIN (RFC 4616) and LOGIN: is it the password that was sent, or nearly? */
import { timingSafeEqual } from "node:crypto";
import { splitAt } from "../../observe/message-words.ts";
import type { PasswordFinding } from "./check-password.ts";
import type { FoundSasl } from "./find-messages.ts";
import { passwordVariants } from "./password-variants.ts";

const NUL = 0;

/** undefined where the exchange shows no password. */
export function checkCleartext(group: readonly FoundSasl[], password: string): PasswordFinding | undefined {
  const sent = passwordIn(group);
  if (sent === undefined) return undefined;
  if (isSame(sent, password)) return { right: true, response: "right: it is the password that was sent" };
  const variant = passwordVariants(password).find(({ text }) => isSame(sent, text));
  return { right: false, response: variant ? `wrong: sent was ${variant.what}` : "wrong: another password was sent" };
}

function passwordIn(group: readonly FoundSasl[]): Uint8Array | undefined {
  const responses = group.flatMap(({ sasl }) => (sasl.from === "client" ? [sasl] : []));
  const [first] = responses;
  if (first?.mechanism === "PLAIN") return splitAt(first.bytes, NUL, 3)[2]?.bytes;
  return first?.mechanism === "LOGIN" ? responses.find(({ index }) => index === 1)?.bytes : undefined;
}

function isSame(sent: Uint8Array, text: string): boolean {
  const bytes = Buffer.from(text);
  return bytes.length === sent.length && timingSafeEqual(bytes, sent);
}

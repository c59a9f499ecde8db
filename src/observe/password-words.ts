/** PLAIN (RFC 4616), LOGIN and the responses of mechanisms without an own reader, in words; passwords stay hidden. */
import { isPrintableAscii } from "../core/ascii.ts";
import {
  fieldOf,
  secretText,
  splitAt,
  textOf,
  type Part,
  type SaslDescription,
  type SecrecyContext,
} from "./message-words.ts";

const NUL = 0;
/** Three names of 255 octets (RFC 4616 section 2) and more. */
const WHOLE_LIMIT = 1024;

/** `[authzid] NUL authcid NUL passwd`. */
export function plainWords(bytes: Uint8Array, context: SecrecyContext): SaslDescription {
  const parts = splitAt(bytes, NUL, 4);
  const [authzid, authcid, passwd] = parts;
  const problem = parts.length === 3 ? emptyIn(authcid, passwd) : `${parts.length - 1} NUL bytes instead of 2`;
  if (!authzid || !authcid || !passwd)
    return {
      message: "PLAIN message",
      length: bytes.length,
      fields: [],
      ...(problem === undefined ? {} : { problem }),
    };
  const acts = authzid.bytes.length === 0 ? "acts as itself" : "acts as this user";
  return {
    message: "PLAIN message",
    length: bytes.length,
    fields: [
      fieldOf("authzid", authzid, textOf(authzid.bytes), acts),
      fieldOf("authcid", authcid, textOf(authcid.bytes)),
      fieldOf("passwd", passwd, secretText(passwd.bytes, context), remarkOn(passwd.bytes)),
    ],
    ...(problem === undefined ? {} : { problem }),
  };
}

/** One NUL or two, a name and printable characters: a bare message that can hardly be anything else. */
export function isPlain(bytes: Uint8Array): boolean {
  if (bytes.length > WHOLE_LIMIT || !bytes.includes(NUL)) return false;
  const text = textOf(bytes);
  return /^[^\0-\x1f]{0,255}\0[^\0-\x1f\ufffd]{1,255}\0[^\0-\x1f\ufffd]{1,255}$/u.test(text) && text.isWellFormed();
}

/** The first response is the name, the second the password. */
export function loginWords(bytes: Uint8Array, response: number, context: SecrecyContext): SaslDescription {
  const whole: Part = { offset: 0, bytes };
  if (response === 0) {
    return { message: "LOGIN user name", length: bytes.length, fields: [fieldOf("username", whole, textOf(bytes))] };
  }
  const field = fieldOf("password", whole, secretText(bytes, context), remarkOn(bytes));
  return { message: "LOGIN password", length: bytes.length, fields: [field] };
}

/** A server's prompt, or another text that a challenge holds. */
export function promptWords(mechanism: string, bytes: Uint8Array): SaslDescription {
  const whole: Part = { offset: 0, bytes };
  const fields = bytes.length === 0 ? [] : [fieldOf("text", whole, textOf(bytes))];
  return { message: `${mechanism} challenge`, length: bytes.length, fields };
}

/** The response of a mechanism that is not read here: it may be a secret. */
export function unknownWords(mechanism: string, bytes: Uint8Array, context: SecrecyContext): SaslDescription {
  const field = fieldOf("response", { offset: 0, bytes }, secretText(bytes, context));
  return { message: `${mechanism} response`, length: bytes.length, fields: [field] };
}

/** What goes wrong with passwords and can be said without showing them. */
function remarkOn(password: Uint8Array): string | undefined {
  const text = textOf(password);
  if (/[\r\n]$/.test(text)) return "ends with a line end";
  if (text !== text.trim()) return "begins or ends with a blank";
  if (!isPrintableAscii(text)) return "not only ASCII";
  return undefined;
}

function emptyIn(authcid: Part | undefined, passwd: Part | undefined): string | undefined {
  if (authcid?.bytes.length === 0) return "an empty authcid";
  return passwd?.bytes.length === 0 ? "an empty passwd" : undefined;
}

/** The messages of any SASL mechanism in words, told apart by the mechanism's name or, without one, by their looks. */
import { fieldOf, textOf, type SaslDescription } from "./message-words.ts";
import { guessOauth, oauthErrorWords, oauthWords } from "./oauth-words.ts";
import { isPlain, loginWords, plainWords, promptWords, unknownWords } from "./password-words.ts";
import { isScram, scramWords, type ScramContext } from "./scram-words.ts";

export { formatSasl } from "./sasl-lines.ts";
export type { SaslDescription } from "./message-words.ts";

export interface SaslStep {
  /** In capitals. */
  readonly mechanism: string;
  readonly from: "client" | "server";
  /** Counted from 0, client's and server's apart. */
  readonly index: number;
  readonly bytes: Uint8Array;
}

/** Never throws, whatever the bytes. Of mechanisms that are not known only lengths are shown. */
export function saslWords({ mechanism, from, index, bytes }: SaslStep, context: ScramContext = {}): SaslDescription {
  const fromClient = from === "client";
  if (mechanism.startsWith("SCRAM")) return bytes.length === 0 ? emptyWords(mechanism) : scramWords(bytes, context);
  if (OAUTH.has(mechanism))
    return fromClient ? oauthWords(mechanism, bytes, context) : oauthErrorWords(mechanism, bytes);
  if (!fromClient) return promptWords(mechanism, bytes);
  if (mechanism === "PLAIN") return plainWords(bytes, context);
  if (mechanism === "LOGIN") return loginWords(bytes, index, context);
  if (mechanism === "EXTERNAL") return externalWords(bytes);
  return mechanism === "CRAM-MD5" ? cramMd5Words(bytes, context) : unknownWords(mechanism, bytes, context);
}

/** The mechanism of a message that nothing names; "SCRAM" without the hash, which no message says. */
export function guessMechanism(bytes: Uint8Array): string | undefined {
  if (isScram(bytes)) return "SCRAM";
  return guessOauth(bytes) ?? (isPlain(bytes) ? "PLAIN" : undefined);
}

/** RFC 4422 appendix A: the identity to act as, or nothing. */
function externalWords(bytes: Uint8Array): SaslDescription {
  const meaning = bytes.length === 0 ? "the identity that the certificate stands for" : "acts as this user";
  const field = fieldOf("authzid", { offset: 0, bytes }, textOf(bytes), meaning);
  return { message: "EXTERNAL message", length: bytes.length, fields: [field] };
}

/** RFC 2195: the name, a blank, and HMAC-MD5 in 32 hex digits. */
function cramMd5Words(bytes: Uint8Array, context: ScramContext): SaslDescription {
  const blank = bytes.lastIndexOf(0x20);
  if (blank < 0) return { ...unknownWords("CRAM-MD5", bytes, context), problem: "no blank between name and digest" };
  const digest = bytes.subarray(blank + 1);
  const shown = context.showSecrets === true ? textOf(digest) : "(hidden)";
  const fields = [
    fieldOf("username", { offset: 0, bytes: bytes.subarray(0, blank) }, textOf(bytes.subarray(0, blank))),
    fieldOf("digest", { offset: blank + 1, bytes: digest }, shown, `${digest.length} hex digits`),
  ];
  return { message: "CRAM-MD5 response", length: bytes.length, fields };
}

/** What a server without additional data with success waits for, and what it sends first (RFC 5802 section 5). */
function emptyWords(mechanism: string): SaslDescription {
  return { message: `${mechanism}, empty`, length: 0, fields: [] };
}

const OAUTH: ReadonlySet<string> = new Set(["OAUTHBEARER", "XOAUTH2"]);

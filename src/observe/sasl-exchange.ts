/**
 * One SASL exchange (RFC 4422 section 3) as people may look on: each message in a few words, every secret hidden, and all of
 * a mechanism that has no reader.
 */
import { BASE64, HIDDEN, READERS, type Course, type Read, type Reader, type ShownMessage } from "./sasl-readers.ts";

export class SaslExchange {
  readonly #reader: Reader;
  readonly #course: Course = { challengeFlags: undefined, prompt: undefined };

  constructor(mechanism: string) {
    this.#reader = READERS.get(mechanism.toUpperCase()) ?? HIDDEN;
  }

  /** What stands behind `+ ` or `334 `. */
  challenge(base64: string): ShownMessage {
    const shown = this.#show(base64, this.#reader.challenge);
    this.#course.prompt = Buffer.from(base64.slice(0, PROMPT_LIMIT), "base64").toString("latin1");
    return shown;
  }

  /** A line of the client's, or its initial response. */
  response(base64: string): ShownMessage {
    return this.#show(base64, this.#reader.response);
  }

  #show(base64: string, read: Read): ShownMessage {
    const { length } = base64;
    if (length > MESSAGE_LIMIT || !BASE64.test(base64)) return { text: `<${length} characters hidden, no base64>` };
    const shown = read(Buffer.from(base64, "base64"), this.#course);
    if (typeof shown === "object") return shown;
    return { text: shown ?? (length === 0 ? "" : `<${length} characters hidden>`) };
  }
}

/** Prompts of LOGIN are short. */
const PROMPT_LIMIT = 64;
/** Longer than any line that a listener takes. */
const MESSAGE_LIMIT = 128 * 1024;

/** True for names that may be shown: at the place of a mechanism's name, a confused client can send a password. */
export function isMechanismName(name: string): boolean {
  return READERS.has(name.toUpperCase()) || OTHERS.has(name.toUpperCase());
}

/** Other names that mail clients send. */
const OTHERS: ReadonlySet<string> = new Set([
  ...["ANONYMOUS", "DIGEST-MD5", "GSSAPI", "GS2-KRB5", "GS2-KRB5-PLUS", "KERBEROS_V4", "KERBEROS_V5", "OTP", "SKEY"],
  ...["SCRAM-SHA-512", "SCRAM-SHA-512-PLUS", "SCRAM-SHA3-512", "SCRAM-SHA3-512-PLUS", "SECURID", "CRAM-SHA1", "SRP"],
]);

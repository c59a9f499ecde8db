/** SASL exchanges in a pasted POP3 (RFC 5034), IMAP (RFC 9051) or SMTP (RFC 4954) dialogue, line by line; and bare messages. */
import { guessMechanism } from "../../observe/sasl-words.ts";
import { decodeBase64 } from "../../core/base64.ts";
import { undecorate, type PlainLine } from "./undecorate.ts";

/** A message of a mechanism that its bytes alone do not name. */
export interface SaslMessage {
  /** In capitals; "SCRAM" when nothing says with which hash. */
  readonly mechanism: string;
  readonly from: "client" | "server";
  /** Counted from 0 in its exchange, client's and server's apart. */
  readonly index: number;
  /** Messages of one exchange have the same number; undefined for a bare message. */
  readonly exchange: number | undefined;
  readonly bytes: Buffer;
}

/** A line above this is no line of these protocols (RFC 4954: 12288), tokens of OAuth included. */
const LINE_LIMIT = 128 * 1024;

/** `AUTH PLAIN ...`, `a1 AUTHENTICATE PLAIN ...`, whatever stands before it; but not what a server offers. */
const AUTH = /^AUTH(?:ENTICATE)?\s+"?([A-Z0-9_-]{1,20})"?(?:\s+"?([A-Za-z0-9+/]+={0,2}|=)"?)?$/i;
const AUTH_WORD = /(?<!250[ -])\bAUTH(?:ENTICATE)?\s/i;
/** How far behind the start of a line a command is looked for. */
const PREFIX_LIMIT = 400;
const CONTINUATION = /^(?:334|\+)(?:\s+(\S*))?$/;
const END = /^(?:235|[45]\d\d)(?:[ -]|$)|^(?:\+OK|-ERR)\b|^[^\s+]\S{0,60} (?:OK|NO|BAD)\b/i;
const LOGIN_PROMPT = /^user ?name:?\0?$/i;

/** Is told the lines one by one, and keeps nothing but the exchange under way. */
export class SaslDialogue {
  #exchanges = 0;
  #mechanism: string | undefined;
  #indexes = { client: 0, server: 0 };

  /** The message in the line, if there is one. */
  hear(line: string): SaslMessage | undefined {
    if (line.length > LINE_LIMIT) return undefined;
    const plain = undecorate(line);
    const auth = plain.voice === "server" ? undefined : authOf(plain.text);
    if (auth) return this.#begin(auth.mechanism, auth.initial);
    if (this.#mechanism === undefined) return this.#bare(plain);
    return this.#next(plain);
  }

  /** A line that somebody else understood: the exchange, if any, is not ours. */
  leave(): void {
    this.#mechanism = undefined;
  }

  #begin(mechanism: string, initial: string | undefined): SaslMessage | undefined {
    this.#exchanges += 1;
    this.#mechanism = mechanism.toUpperCase();
    this.#indexes = { client: 0, server: 0 };
    return initial === undefined ? undefined : this.#message("client", initial);
  }

  #next({ voice, text }: PlainLine): SaslMessage | undefined {
    const continuation = voice === "client" ? null : CONTINUATION.exec(text);
    if (continuation) {
      const [, challenge = ""] = continuation;
      return challenge === "" ? undefined : this.#message("server", challenge);
    }
    if (text === "*" || (voice !== "client" && END.test(text))) this.leave();
    else if (voice !== "server" && (text !== "" || voice === "client")) return this.#message("client", text);
    return undefined;
  }

  /** Without a command before it, a message must be known by its looks; a prompt begins LOGIN. */
  #bare({ text }: PlainLine): SaslMessage | undefined {
    const said = CONTINUATION.exec(text)?.[1] ?? text;
    const bytes = bareBytes(said);
    if (!bytes) return undefined;
    if (LOGIN_PROMPT.test(bytes.toString("latin1"))) {
      this.#begin("LOGIN", undefined);
      return this.#message("server", said);
    }
    const mechanism = guessMechanism(bytes);
    return mechanism === undefined ? undefined : { mechanism, from: "client", index: 0, exchange: undefined, bytes };
  }

  #message(from: "client" | "server", base64: string): SaslMessage | undefined {
    const bytes = decodeBase64(base64 === "=" ? "" : base64);
    if (!bytes || this.#mechanism === undefined) return undefined;
    const index = this.#indexes[from]++;
    return { mechanism: this.#mechanism, from, index, exchange: this.#exchanges, bytes };
  }
}

/** A message that stands alone: base64, hex, or SCRAM as it is. */
export function bareBytes(text: string): Buffer | undefined {
  if (text.length < 4) return undefined;
  if (/^(?:[0-9a-f]{2})+$/i.test(text)) return Buffer.from(text, "hex");
  return decodeBase64(text) ?? (SCRAM_START.test(text) ? Buffer.from(text) : undefined);
}

const SCRAM_START = /^(?:[ny],|p=|r=|c=|v=|e=)/;

function authOf(text: string): { mechanism: string; initial: string | undefined } | undefined {
  const at = text.slice(0, PREFIX_LIMIT).search(AUTH_WORD);
  if (at < 0) return undefined;
  const command = text.slice(at).replace(/["'},\s]{1,10}$/, "");
  const [, mechanism, initial] = AUTH.exec(command) ?? [];
  return mechanism === undefined ? undefined : { mechanism, initial };
}

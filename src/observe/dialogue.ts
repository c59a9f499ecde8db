/**
 * A dialogue before logon as people may see it: every mechanism's messages in words, every secret hidden. What is shown is
 * what is known to be harmless; a line that fits no known command is shown by its length.
 */
import type { ProtocolName } from "../core/visit.ts";
import { escapeControls } from "./line.ts";
import type { NtlmDescription } from "./ntlm-words.ts";
import { isMechanismName, SaslExchange } from "./sasl-exchange.ts";
import type { Voice } from "./watcher.ts";

export interface ShownLine {
  readonly voice: Voice;
  readonly text: string;
  /** The message that the line carried. */
  readonly ntlm?: NtlmDescription;
}

/** Commands that hold no secret, arguments and all. */
const HARMLESS: Readonly<Record<ProtocolName, RegExp>> = {
  pop3: /^(?:(?:CAPA|USER|STLS|NOOP|QUIT)(?: |$)|AUTH *$)/i,
  imap: /^\S+ (?:CAPABILITY|ID|NOOP|LOGOUT|STARTTLS)(?: |$)/i,
  smtp: /^(?:EHLO|HELO|STARTTLS|NOOP|RSET|VRFY|HELP|QUIT|MAIL|RCPT|DATA)(?: |$)/i,
};
const AUTH: Readonly<Record<ProtocolName, RegExp>> = {
  pop3: /^(AUTH) +(\S+)(?: +(\S+))? *$/i,
  imap: /^(\S+ AUTHENTICATE) +(\S+)(?: +(\S+))? *$/i,
  smtp: /^(AUTH) +(\S+)(?: +(\S+))? *$/i,
};
const CONTINUES: Readonly<Record<ProtocolName, RegExp>> = {
  pop3: /^(\+)(?!OK)(?: (.*))?$/s,
  imap: /^(\+)(?: (.*))?$/s,
  smtp: /^(334)(?: (.*))?$/s,
};
/** Commands whose names alone are shown: of the words that a client may say, others can be passwords. */
const NAMED: Readonly<Record<ProtocolName, RegExp>> = {
  pop3: /^(?:PASS|APOP|AUTH|STAT|LIST|RETR|DELE|RSET|TOP|UIDL|LAST|XTND|UTF8|LANG)(?= |$)/i,
  imap: /^\S{1,40} (?:LOGIN|AUTHENTICATE|ENABLE|SELECT|EXAMINE|LIST|LSUB|STATUS|NAMESPACE|IDLE|UID|FETCH|CLOSE)(?= |$)/i,
  smtp: /^(?:AUTH|BDAT|EXPN|TURN|ETRN|XCLIENT|XFORWARD)(?= |$)/i,
};

/** Follows one dialogue. */
export class Dialogue {
  readonly #protocol: ProtocolName;
  #exchange: SaslExchange | undefined;
  /** Within a command whose strings come in pieces: hidden until the server has answered it. */
  #isInPieces = false;

  constructor(protocol: ProtocolName) {
    this.#protocol = protocol;
  }

  hear(voice: Voice, text: string, kind: "line" | "literal"): ShownLine {
    return { voice, ...(voice === "S" ? this.#server(text) : this.#client(text, kind)) };
  }

  #server(text: string): Omit<ShownLine, "voice"> {
    const [, prefix, challenge = ""] = CONTINUES[this.#protocol].exec(text) ?? [];
    if (prefix === undefined) {
      this.#exchange = undefined;
      this.#isInPieces = false;
    } else if (this.#exchange && isOneWord(challenge)) {
      const { text: words, ...rest } = this.#exchange.challenge(challenge);
      return { text: `${prefix} ${words}`, ...rest };
    } else if (!this.#exchange) this.#isInPieces = true;
    return { text: escapeControls(text) };
  }

  #client(text: string, kind: "line" | "literal"): Omit<ShownLine, "voice"> {
    if (kind === "literal" || this.#isInPieces) return { text: `<${text.length} bytes hidden>` };
    if (this.#exchange) return text.trimEnd() === "*" ? { text: "*" } : this.#exchange.response(text.trimEnd());
    const [, command, mechanism, initial] = AUTH[this.#protocol].exec(text) ?? [];
    if (command !== undefined && mechanism !== undefined) return this.#begin(command, mechanism, initial);
    if (HARMLESS[this.#protocol].test(text)) return { text: escapeControls(text) };
    return this.#guarded(text);
  }

  #begin(command: string, mechanism: string, initial: string | undefined): Omit<ShownLine, "voice"> {
    this.#exchange = new SaslExchange(mechanism);
    const name = isMechanismName(mechanism) ? mechanism : `<unknown mechanism, ${mechanism.length} characters>`;
    const shown = escapeControls(`${command} ${name}`);
    if (initial === undefined) return { text: shown };
    if (initial === "=") return { text: `${shown} =` };
    const { text, ...rest } = this.#exchange.response(initial);
    return { text: `${shown} ${text}`, ...rest };
  }

  /** PASS, LOGIN, and whatever a client says that is no command at all: it may be a password. */
  #guarded(text: string): Omit<ShownLine, "voice"> {
    this.#isInPieces = this.#protocol === "imap" && /\{\d+\+?\}$/.test(text);
    const [command] = NAMED[this.#protocol].exec(text) ?? [];
    if (command === undefined) return { text: `<unknown command, ${text.length} bytes>` };
    const rest = text.length - command.length;
    const what = SECRETS.get(command.slice(command.indexOf(" ") + 1).toUpperCase()) ?? `${rest} bytes hidden`;
    return { text: escapeControls(command) + (rest === 0 ? "" : ` <${what}>`) };
  }
}

const SECRETS: ReadonlyMap<string, string> = new Map([
  ["PASS", "password hidden"],
  ["LOGIN", "name and password hidden"],
  ["APOP", "name and digest hidden"],
]);

/** Texts of old servers, such as "334 ntlm supported", are no challenges. */
function isOneWord(challenge: string): boolean {
  return /^\S*$/.test(challenge) && challenge.length % 4 === 0;
}

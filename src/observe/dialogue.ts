/**
 * A dialogue before logon as people may see it: NTLM messages decoded, every secret hidden. What is shown is what is
 * known to be harmless; a line that fits no known command is shown by its first word and its length.
 */
import type { ProtocolName } from "../core/visit.ts";
import { escapeControls } from "./line.ts";
import { ntlmWords, type NtlmDescription } from "./ntlm-words.ts";
import type { Voice } from "./watcher.ts";

export interface ShownLine {
  readonly voice: Voice;
  readonly text: string;
  /** The message that the line carried. */
  readonly ntlm?: NtlmDescription;
}

/** Commands that hold no secret, arguments and all. */
const HARMLESS: Readonly<Record<ProtocolName, RegExp>> = {
  pop3: /^(CAPA|USER|STLS|NOOP|QUIT|AUTH)\b/i,
  imap: /^\S+ (CAPABILITY|ID|NOOP|LOGOUT|STARTTLS)\b/i,
  smtp: /^(EHLO|HELO|STARTTLS|NOOP|RSET|VRFY|HELP|QUIT|MAIL|RCPT|DATA)\b/i,
};
const AUTH: Readonly<Record<ProtocolName, RegExp>> = {
  pop3: /^(AUTH +(\S+))(?: +(\S+))? *$/i,
  imap: /^(\S+ AUTHENTICATE +(\S+))(?: +(\S+))? *$/i,
  smtp: /^(AUTH +(\S+))(?: +(\S+))? *$/i,
};
const CONTINUES: Readonly<Record<ProtocolName, RegExp>> = {
  pop3: /^\+(?!OK)/,
  imap: /^\+/,
  smtp: /^334/,
};

/** Follows one dialogue. */
export class Dialogue {
  readonly #protocol: ProtocolName;
  /** The SASL exchange under way. */
  #mechanism: string | undefined;
  /** Responses of the client in it so far. */
  #responses = 0;
  #challengeFlags: number | undefined;
  /** Inside an IMAP LOGIN whose strings come as literals: hidden until the server answers. */
  #isLogin = false;

  constructor(protocol: ProtocolName) {
    this.#protocol = protocol;
  }

  hear(voice: Voice, text: string, kind: "line" | "literal"): ShownLine {
    return voice === "S" ? this.#server(text) : this.#client(text, kind);
  }

  #server(text: string): ShownLine {
    const continues = CONTINUES[this.#protocol].test(text);
    if (!continues) {
      this.#mechanism = undefined;
      this.#isLogin = false;
    }
    const [prefix = "", base64 = ""] = text.split(" ");
    if (!continues || !isNtlm(base64)) return { voice: "S", text: escapeControls(text) };
    const ntlm = this.#describe(base64);
    return { voice: "S", text: `${prefix} ${title(ntlm)}`, ntlm };
  }

  #client(text: string, kind: "line" | "literal"): ShownLine {
    if (kind === "literal" || this.#isLogin) return hidden(`<${text.length} bytes hidden>`);
    if (this.#mechanism !== undefined) return this.#response(text);
    const [, command, mechanism, initial] = AUTH[this.#protocol].exec(text) ?? [];
    if (command !== undefined && mechanism !== undefined) return this.#begin(command, mechanism, initial);
    if (HARMLESS[this.#protocol].test(text)) return { voice: "C", text: escapeControls(text) };
    return this.#guarded(text);
  }

  #begin(command: string, mechanism: string, initial: string | undefined): ShownLine {
    this.#mechanism = mechanism.toUpperCase();
    this.#responses = 0;
    if (initial === undefined || initial === "=")
      return { voice: "C", text: escapeControls(`${command} ${initial ?? ""}`.trimEnd()) };
    const { text, ...rest } = this.#response(initial);
    return { ...rest, text: `${escapeControls(command)} ${text}` };
  }

  #response(text: string): ShownLine {
    this.#responses += 1;
    if (text.trimEnd() === "*") return { voice: "C", text: "*" };
    if (isNtlm(text)) {
      const ntlm = this.#describe(text);
      return { voice: "C", text: title(ntlm), ntlm };
    }
    const decoded = Buffer.from(text, "base64").toString("utf8");
    if (this.#mechanism === "LOGIN" && this.#responses === 1) return hidden(`<user name ${escapeControls(decoded)}>`);
    if (this.#mechanism === "LOGIN") return hidden("<password hidden>");
    if (this.#mechanism === "PLAIN")
      return hidden(`<user name ${escapeControls(decoded.split("\0")[1] ?? "?")}, password hidden>`);
    return hidden(`<${text.length} characters hidden>`);
  }

  /** PASS, LOGIN, and whatever a client says that is no command at all: it may be a password. */
  #guarded(text: string): ShownLine {
    if (/^PASS /i.test(text)) return hidden("PASS <password hidden>");
    const [login] = /^\S+ LOGIN /i.exec(text) ?? [];
    if (login !== undefined && this.#protocol === "imap") {
      this.#isLogin = /\{\d+\+?\}$/.test(text);
      return hidden(`${escapeControls(login)}<name and password hidden>`);
    }
    const [word = ""] = /^[A-Za-z]{1,12}(?= |$)/.exec(text) ?? [];
    return hidden(`${word} <unknown command, ${text.length} bytes>`.trimStart());
  }

  #describe(base64: string): NtlmDescription {
    const message = Buffer.from(base64, "base64");
    const context = this.#challengeFlags === undefined ? {} : { challengeFlags: this.#challengeFlags };
    const description = ntlmWords(message, { ...context, now: new Date() });
    if (description.message === "CHALLENGE_MESSAGE") this.#challengeFlags = description.flags?.value;
    return description;
  }
}

function title({ message, length }: NtlmDescription): string {
  return `<NTLM ${message}, ${length} bytes>`;
}

function isNtlm(base64: string): boolean {
  return base64.startsWith("TlRMTVNTU");
}

function hidden(text: string): ShownLine {
  return { voice: "C", text };
}

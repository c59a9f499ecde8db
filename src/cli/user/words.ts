/** What `postern user add` and `set` say of an account beside its password, as the extra fields of its line. */
import type { Command } from "commander";
import { isOwnWord } from "../../accounts/account.ts";
import { parseState, STATE_KEYS, stateWords, type StateKey } from "../../accounts/state-words.ts";

export interface WordOptions {
  readonly domain?: string;
  readonly mailbox?: string;
  readonly group: readonly string[];
  readonly attr: readonly string[];
  readonly cert: readonly string[];
  /** By the option's name in camel case: `--logon-hours` is `logonHours`. */
  readonly [state: string]: unknown;
}

/** An account is disabled by a command of its own. */
type Settable = Exclude<StateKey, "disabled">;

const STATE_OPTIONS: Readonly<Record<Settable, readonly [argument: string, description: string]>> = {
  expires: ["time", "refuse the account from then on: 2026-12-31, or 2026-12-31T18:00Z"],
  locked: ["yes|no", "lock the account out, or let it in again"],
  "logon-hours": ["hours", "when it may log on, in UTC: mon-fri/08-18,sat, or never"],
  "password-expires": ["time", "refuse the password from then on"],
  "must-change": ["yes|no", "refuse the password until there is a new one"],
  smartcard: ["yes|no", "refuse passwords: the account logs on by certificate"],
  trust: ["kind", "a computer's or domain's account, which is refused: interdomain, workstation or server"],
  workstations: [
    "names",
    "the workstations that an NTLM client must name, parted by commas; other mechanisms name none",
  ],
  listeners: ["names", "the only listeners that the account may use, parted by commas"],
  protected: ["yes|no", "refuse NTLM, as for members of Protected Users"],
};

const SETTABLE = STATE_KEYS.filter((key) => key !== "disabled");

export function withWords(command: Command): Command {
  command
    .option("--domain <name>", "the domain that clients may name with the account")
    .option("--mailbox <name>", "the mailbox to open at the backend (default: the account's name)")
    .option("--group <name>", "a group; may be repeated", collect, [])
    .option("--cert <rule>", "who logs on by certificate: sha256:HEX, or email; may be repeated", collect, [])
    .option("--attr <key=value>", "an attribute for backend names such as {attr.key}; may be repeated", collect, []);
  for (const key of SETTABLE) {
    const [argument, description] = STATE_OPTIONS[key];
    command.option(`--${key} <${argument}>`, description);
  }
  return command;
}

export function collect(value: string, before: readonly string[]): readonly string[] {
  return [...before, value];
}

/** Key and value of each extra field; the value undefined: it is to go. Ends the command where one is wrong. */
export function wordsOf(options: WordOptions, command: Command): readonly (readonly [string, string | undefined])[] {
  const words = [
    ...(options.domain === undefined ? [] : [["domain", options.domain] as const]),
    ...(options.mailbox === undefined ? [] : [["mailbox", options.mailbox] as const]),
    ...(options.group.length === 0 ? [] : [["groups", options.group.join(",")] as const]),
    ...(options.cert.length === 0 ? [] : [["cert", options.cert.join(",")] as const]),
    ...options.attr.map((text) => parseAttribute(text, command)),
    ...SETTABLE.flatMap((key) => {
      const value = options[camelCase(key)];
      return typeof value === "string" ? [[key, value] as const] : [];
    }),
  ];
  const wrong = words.find(([, value]) => value === "" || /[\s\p{Cc}]/u.test(value));
  if (wrong !== undefined) command.error(`error: ${wrong[0]} is empty or has a blank in it`);
  return words.map(([key, value]) => [key, inShort(key, value, command)]);
}

function parseAttribute(text: string, command: Command): readonly [string, string] {
  const [, key = "", value = ""] = /^([A-Za-z_][\w.-]*)=(.*)$/su.exec(text) ?? [];
  if (key === "") command.error(`error: --attr wants key=value, not ${JSON.stringify(text)}`);
  if (isOwnWord(key)) command.error(`error: ${key} is not an attribute but has a meaning of its own`);
  return [key, value];
}

/** A word of the state as it is written shortest; undefined where it says what an account without it is anyhow. */
function inShort(key: string, value: string, command: Command): string | undefined {
  if (!SETTABLE.some((each) => each === key)) return value;
  const state = parseState(new Map([[key, value]]));
  return typeof state === "string" ? command.error(`error: ${state}`) : [...stateWords(state).values()][0];
}

function camelCase(key: string): string {
  return key.replace(/-([a-z])/g, (_, letter: string) => letter.toUpperCase());
}

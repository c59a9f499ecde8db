/** An account's state in the words of files and databases, `expires=2026-12-31`, and back. */
import { formatInstant, parseInstant } from "./instant.ts";
import { formatLogonHours, parseLogonHours } from "./logon-hours.ts";
import type { AccountState } from "./state.ts";

export const STATE_KEYS = [
  "disabled",
  "expires",
  "locked",
  "logon-hours",
  "password-expires",
  // After the date, which it overrules.
  "must-change",
  "smartcard",
  "trust",
  "workstations",
  "listeners",
  "protected",
] as const;

export type StateKey = (typeof STATE_KEYS)[number];

/** The state, or what is wrong with a word. */
export function parseState(words: ReadonlyMap<string, string>): AccountState | string {
  const state: { -readonly [Key in keyof AccountState]: AccountState[Key] } = {};
  for (const key of STATE_KEYS) {
    const text = words.get(key);
    if (text === undefined) continue;
    const part = READERS[key](text);
    if (typeof part === "string") return `${key}= is ${part}`;
    Object.assign(state, part);
  }
  return state;
}

/** What the word says, or what is wrong with it. */
type Reader = (text: string) => AccountState | string;

const READERS: Readonly<Record<StateKey, Reader>> = {
  disabled: flag((disabled) => ({ disabled })),
  expires: instant((expires) => ({ expires })),
  locked: flag((lockedOut) => ({ lockedOut })),
  "logon-hours": (text) => {
    const logonHours = parseLogonHours(text);
    return logonHours ? { logonHours } : "neither days and hours such as mon-fri/08-18,sat nor 42 hexadecimal digits";
  },
  "password-expires": instant((passwordExpires) => ({ passwordExpires })),
  "must-change": flag(() => ({ passwordExpires: "at-next-logon" })),
  smartcard: flag((smartcardRequired) => ({ smartcardRequired })),
  trust: (text) => {
    const trust = (["interdomain", "workstation", "server"] as const).find((kind) => kind === text);
    return trust ? { trust } : "neither interdomain, workstation nor server";
  },
  workstations: list((workstations) => ({ workstations })),
  listeners: list((listeners) => ({ listeners })),
  protected: flag((protectedUser) => ({ protectedUser })),
};

/** As files, databases and people write it. */
const YES: ReadonlySet<string> = new Set(["yes", "true", "t", "1"]);
const NO: ReadonlySet<string> = new Set(["no", "false", "f", "0"]);

function flag(say: (isSo: true) => AccountState): Reader {
  return (text) => {
    const word = text.toLowerCase();
    if (YES.has(word)) return say(true);
    return NO.has(word) ? {} : "neither yes nor no";
  };
}

function instant(say: (when: Date) => AccountState): Reader {
  return (text) => {
    const when = parseInstant(text);
    return when ? say(when) : "neither a day such as 2026-12-31 nor a time such as 2026-12-31T18:00Z";
  };
}

/** Nothing at all would be a list that holds nobody, which is what nobody means. */
function list(say: (names: readonly string[]) => AccountState): Reader {
  return (text) => {
    const names = text.split(",");
    return names.some((name) => name.trim() === "") ? "a list with an empty name in it" : say(names);
  };
}

/** The words that parseState() reads, without those that say nothing. */
export function stateWords(state: AccountState): ReadonlyMap<StateKey, string> {
  const { passwordExpires: end, expires, logonHours, trust, workstations, listeners } = state;
  const words: Record<StateKey, string | false | undefined> = {
    disabled: state.disabled === true && "yes",
    expires: expires && formatInstant(expires),
    locked: state.lockedOut === true && "yes",
    "logon-hours": logonHours && formatLogonHours(logonHours),
    "password-expires": end instanceof Date && formatInstant(end),
    "must-change": end === "at-next-logon" && "yes",
    smartcard: state.smartcardRequired === true && "yes",
    trust,
    workstations: workstations?.join(","),
    listeners: listeners?.join(","),
    protected: state.protectedUser === true && "yes",
  };
  return new Map(
    STATE_KEYS.flatMap((key) => {
      const word = words[key];
      return typeof word === "string" ? [[key, word] as const] : [];
    }),
  );
}

/** What a store keeps of one account, read from the texts in which files, databases and directories have it. */
import type { ScramKeys } from "../core/evidence.ts";
import { isPlausibleName, splitName, type Identity } from "../core/identity.ts";
import { ntHash } from "../ntlm/hashes.ts";
import { SCRAM_NAMES, type ScramName } from "../scram/keys.ts";
import { isAppWord, parseAppPasswords, type AppPassword } from "./app-password.ts";
import { NO_CERTIFICATE, parseCertificateRule, type CertificateRule } from "./certificate-rule.ts";
import { parseNt, parseStored, type StoredPassword } from "./hashes/hashes.ts";
import { isScramName, parseScramKeys } from "./hashes/scram.ts";
import { parseState, STATE_KEYS } from "./state-words.ts";
import type { AccountState } from "./state.ts";

export interface Account {
  readonly name: string;
  readonly password: Exclude<StoredPassword, { kind: "bad" | "nt" }> | undefined;
  /** 16 bytes; undefined: the account cannot use NTLM. */
  readonly nt: Uint8Array | undefined;
  /** Stored keys; a password in clear is not here but serves all mechanisms. */
  readonly scram: Readonly<Partial<Record<ScramName, ScramKeys | undefined>>>;
  readonly certificates: CertificateRule;
  readonly state: AccountState;
  readonly appPasswords: readonly AppPassword[];
  /** Domains that lead to this account, lower-cased: the name's own and that of `domain`. */
  readonly domains: readonly string[];
  readonly identity: Identity;
}

export interface AccountFields {
  /** `alice` or `alice@example.com`. */
  readonly name: string;
  /** `{SCHEME}hash`, or a hash as crypt(3) has it; empty or undefined where other words hold the secrets. */
  readonly password?: string | undefined;
  /**
   * `nt`, `scram-sha-256`, `scram-sha-1`, `domain`, `mailbox`, `groups` (parted by commas), `cert`, those of an account's
   * state (see state-words.ts) and `app-NAME` (see app-password.ts); any other becomes an attribute.
   */
  readonly words: ReadonlyMap<string, string>;
  /** Instead of the word `groups`: names that may have commas in them. */
  readonly groups?: readonly string[] | undefined;
}

/** Words that hold what follows from the password; the keys of SCRAM are named after the mechanism. */
export const SECRET_KEYS: ReadonlySet<string> = new Set(["nt", ...SCRAM_NAMES.map(scramKey)]);
const OWN_KEYS: ReadonlySet<string> = new Set([...SECRET_KEYS, ...STATE_KEYS, "domain", "mailbox", "groups", "cert"]);

/** Whether the word means something here; any other is an attribute. */
export function isOwnWord(key: string): boolean {
  return OWN_KEYS.has(key) || isAppWord(key);
}

export function scramKey(name: ScramName): string {
  return name.toLowerCase();
}

/** The account, or what is wrong with it in words that follow "the account is left out:"; never with a secret in them. */
export function accountFrom(fields: AccountFields): Account | string {
  const { name, words } = fields;
  if (!isAccountName(name)) return "the name is empty, too long or has characters that no name has";
  const appPasswords = parseAppPasswords(words);
  if (typeof appPasswords === "string") return appPasswords;
  const secrets = parseSecrets(fields, appPasswords.length > 0);
  if (typeof secrets === "string") return secrets;
  const state = parseState(words);
  if (typeof state === "string") return state;
  const given = words.get("cert");
  const certificates = given === undefined ? NO_CERTIFICATE : parseCertificateRule(given);
  if (certificates === undefined) return "cert= is neither email nor sha256: with 64 hexadecimal digits";
  return { name, ...secrets, certificates, state, appPasswords, ...parseNames(fields) };
}

/** Backslash and colon part names and fields; a blank at either end is a slip that nobody would see. */
export function isAccountName(name: string): boolean {
  return isPlausibleName(name) && !/[\\:]/.test(name) && name.trim() === name && !name.startsWith("#");
}

type Secrets = Pick<Account, "password" | "nt" | "scram">;

function parseSecrets({ password = "", words }: AccountFields, hasOthers: boolean): Secrets | string {
  const stored = password === "" ? undefined : parseStored(password);
  if (stored?.kind === "bad") return stored.why;
  const given = words.get("nt");
  const nt = given === undefined ? undefined : parseNt(given);
  if (nt?.kind === "bad") return nt.why;
  const hash = nt?.kind === "nt" ? nt.hash : undefined;
  const scram = parseScram(stored, words);
  if (typeof scram === "string") return scram;
  if (stored?.kind === "plain") return { password: stored, nt: hash ?? ntHash(stored.text), scram };
  if (stored?.kind === "nt") return { password: undefined, nt: hash ?? stored.hash, scram };
  const usable = stored ?? scramAsPassword(words);
  if (usable === undefined && hash === undefined && !hasOthers) return "there is neither a password nor nt=";
  return { password: usable, nt: hash, scram };
}

/** SCRAM's keys stand in words of their own, or where Dovecot has them, instead of the password. */
function parseScram(stored: StoredPassword | undefined, words: AccountFields["words"]): Account["scram"] | string {
  const scram: Partial<Record<ScramName, ScramKeys | undefined>> = {};
  if (stored?.kind === "slow" && isScramName(stored.scheme))
    scram[stored.scheme] = parseScramKeys(stored.scheme, stored.text);
  for (const name of SCRAM_NAMES) {
    const text = words.get(scramKey(name));
    if (text === undefined) continue;
    scram[name] = parseScramKeys(name, text);
    if (scram[name] === undefined) return `${scramKey(name)}= is not iterations,salt,StoredKey,ServerKey`;
  }
  return scram;
}

/** Keys that are all there is can judge a password too. */
function scramAsPassword(words: AccountFields["words"]): Account["password"] {
  const name = SCRAM_NAMES.find((each) => words.has(scramKey(each)));
  return name && { kind: "slow", scheme: name, text: words.get(scramKey(name)) ?? "" };
}

function parseNames({ name, words, groups }: AccountFields): Pick<Account, "identity" | "domains"> {
  const own = splitName(name);
  const domain = words.get("domain") ?? own.domain;
  const domains = [words.get("domain"), own.domain].flatMap((text) => (text === undefined ? [] : [text.toLowerCase()]));
  const identity = {
    user: own.user,
    ...(domain === undefined ? {} : { domain }),
    mailbox: words.get("mailbox") ?? name,
    groups: groups ?? (words.get("groups") ?? "").split(",").filter((group) => group !== ""),
    attributes: Object.fromEntries([...words].filter(([key]) => !isOwnWord(key))),
  };
  return { identity, domains: [...new Set(domains)] };
}

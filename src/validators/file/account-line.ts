/**
 * One line of the account file, in Dovecot's passwd-file format: `name:{SCHEME}hash:uid:gid:gecos:home:shell:extra`,
 * where trailing fields may be missing and the extra fields are `key=value`, separated by spaces.
 */
import type { ScramKeys } from "../../core/evidence.ts";
import { isPlausibleName, splitName, type Identity } from "../../core/identity.ts";
import { ntHash } from "../../ntlm/hashes.ts";
import { SCRAM_NAMES, type ScramName } from "../../scram/keys.ts";
import { NO_CERTIFICATE, parseCertificateRule, type CertificateRule } from "./certificate.ts";
import { isScramName, parseScramKeys } from "./hashes/scram.ts";
import { parseNt, parseStored, type StoredPassword } from "./hashes/hashes.ts";

export interface AccountFields {
  /** `alice` or `alice@example.com`. */
  readonly name: string;
  /** `{SCHEME}hash`, "" where the NT hash is the only secret. */
  readonly password: string;
  /** uid to shell, which other programs may need, as they are. */
  readonly between: readonly string[];
  readonly extra: ReadonlyMap<string, string>;
}

export interface Account {
  readonly name: string;
  readonly password: Exclude<StoredPassword, { kind: "bad" | "nt" }> | undefined;
  /** 16 bytes; undefined: the account cannot use NTLM. */
  readonly nt: Uint8Array | undefined;
  /** Stored keys; a password in clear is not here but serves all mechanisms. */
  readonly scram: Readonly<Partial<Record<ScramName, ScramKeys | undefined>>>;
  readonly certificates: CertificateRule;
  readonly isDisabled: boolean;
  /** Domains that lead to this account, lower-cased: the name's own and that of `domain=`. */
  readonly domains: readonly string[];
  readonly identity: Identity;
  /** From 1. */
  readonly line: number;
}

/** Extra fields that hold what follows from the password; the keys of SCRAM are named after the mechanism. */
export const SECRET_KEYS: ReadonlySet<string> = new Set(["nt", ...SCRAM_NAMES.map(scramKey)]);
/** Ours; any other key becomes an attribute. */
export const OWN_KEYS: ReadonlySet<string> = new Set([
  ...SECRET_KEYS,
  "domain",
  "mailbox",
  "groups",
  "disabled",
  "cert",
]);
const BETWEEN = 5;
export function scramKey(name: ScramName): string {
  return name.toLowerCase();
}

/** A hash has some 200 characters; the rest is for attributes. */
export const LINE_LIMIT = 8192;

/** The fields, or what is wrong with them. */
export function splitLine(text: string): AccountFields | string {
  if (text.length > LINE_LIMIT) return `the line is longer than ${LINE_LIMIT} characters`;
  const [name = "", password = "", ...rest] = text.split(":");
  const extra = new Map<string, string>();
  for (const item of rest
    .slice(BETWEEN)
    .join(":")
    .split(" ")
    .filter((word) => word !== "")) {
    const [, key = "", value = "yes"] = /^([A-Za-z_][\w.-]*)(?:=(.*))?$/.exec(item) ?? [];
    if (key === "") return "an extra field is not key=value";
    if (extra.has(key)) return `${key}= is there twice`;
    extra.set(key, value);
  }
  return { name, password, between: rest.slice(0, BETWEEN), extra };
}

export function joinLine({ name, password, between, extra }: AccountFields): string {
  const words = [...extra].map(([key, value]) => `${key}=${value}`).join(" ");
  const padded = words === "" ? between : Array.from({ length: BETWEEN }, (_, index) => between[index] ?? "");
  return [name, password, ...padded, ...(words === "" ? [] : [words])].join(":");
}

/** The account, or what is wrong with the line; never with a secret in it. */
export function parseLine(text: string, line: number): Account | string {
  const fields = splitLine(text);
  if (typeof fields === "string") return fields;
  const { name, extra } = fields;
  if (!isAccountName(name)) return "the name is empty, too long or has characters that no name has";
  const secrets = parseSecrets(fields);
  if (typeof secrets === "string") return secrets;
  const disabled = extra.get("disabled") ?? "no";
  if (disabled !== "yes" && disabled !== "no") return "disabled= is neither yes nor no";
  const given = extra.get("cert");
  const certificates = given === undefined ? NO_CERTIFICATE : parseCertificateRule(given);
  if (certificates === undefined) return "cert= is neither email nor sha256: with 64 hexadecimal digits";
  return { name, ...secrets, certificates, isDisabled: disabled === "yes", ...parseNames(fields), line };
}

/** Backslash and colon part names and fields; a blank at either end is a slip that nobody would see. */
export function isAccountName(name: string): boolean {
  return isPlausibleName(name) && !/[\\:]/.test(name) && name.trim() === name && !name.startsWith("#");
}

type Secrets = Pick<Account, "password" | "nt" | "scram">;

function parseSecrets({ password, extra }: AccountFields): Secrets | string {
  const stored = password === "" ? undefined : parseStored(password);
  if (stored?.kind === "bad") return stored.why;
  const given = extra.get("nt");
  const nt = given === undefined ? undefined : parseNt(given);
  if (nt?.kind === "bad") return nt.why;
  const hash = nt?.kind === "nt" ? nt.hash : undefined;
  const scram = parseScram(stored, extra);
  if (typeof scram === "string") return scram;
  if (stored?.kind === "plain") return { password: stored, nt: hash ?? ntHash(stored.text), scram };
  if (stored?.kind === "nt") return { password: undefined, nt: hash ?? stored.hash, scram };
  const usable = stored ?? scramAsPassword(extra);
  if (usable === undefined && hash === undefined) return "there is neither a password nor nt=";
  return { password: usable, nt: hash, scram };
}

/** SCRAM's keys stand in extra fields of their own, or where Dovecot has them, instead of the password. */
function parseScram(stored: StoredPassword | undefined, extra: AccountFields["extra"]): Account["scram"] | string {
  const scram: Partial<Record<ScramName, ScramKeys | undefined>> = {};
  if (stored?.kind === "slow" && isScramName(stored.scheme))
    scram[stored.scheme] = parseScramKeys(stored.scheme, stored.text);
  for (const name of SCRAM_NAMES) {
    const text = extra.get(scramKey(name));
    if (text === undefined) continue;
    scram[name] = parseScramKeys(name, text);
    if (scram[name] === undefined) return `${scramKey(name)}= is not iterations,salt,StoredKey,ServerKey`;
  }
  return scram;
}

/** Keys that are all there is can judge a password too. */
function scramAsPassword(extra: AccountFields["extra"]): Account["password"] {
  const name = SCRAM_NAMES.find((each) => extra.has(scramKey(each)));
  return name && { kind: "slow", scheme: name, text: extra.get(scramKey(name)) ?? "" };
}

function parseNames({ name, extra }: AccountFields): Pick<Account, "identity" | "domains"> {
  const own = splitName(name);
  const domain = extra.get("domain") ?? own.domain;
  const domains = [extra.get("domain"), own.domain].flatMap((text) => (text === undefined ? [] : [text.toLowerCase()]));
  const identity = {
    user: own.user,
    ...(domain === undefined ? {} : { domain }),
    mailbox: extra.get("mailbox") ?? name,
    groups: (extra.get("groups") ?? "").split(",").filter((group) => group !== ""),
    attributes: Object.fromEntries([...extra].filter(([key]) => !OWN_KEYS.has(key))),
  };
  return { identity, domains: [...new Set(domains)] };
}

/**
 * One line of the account file, in Dovecot's passwd-file format: `name:{SCHEME}hash:uid:gid:gecos:home:shell:extra`,
 * where trailing fields may be missing and the extra fields are `key=value`, separated by spaces.
 */
import { isPlausibleName, splitName, type Identity } from "../../core/identity.ts";
import { ntHash } from "../../ntlm/hashes.ts";
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
  readonly isDisabled: boolean;
  /** Domains that lead to this account, lower-cased: the name's own and that of `domain=`. */
  readonly domains: readonly string[];
  readonly identity: Identity;
  /** From 1. */
  readonly line: number;
}

/** Ours; any other key becomes an attribute. */
const OWN_KEYS: ReadonlySet<string> = new Set(["nt", "domain", "mailbox", "groups", "disabled"]);
const BETWEEN = 5;
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
  return { name, ...secrets, isDisabled: disabled === "yes", ...parseNames(fields), line };
}

/** Backslash and colon part names and fields; a blank at either end is a slip that nobody would see. */
export function isAccountName(name: string): boolean {
  return isPlausibleName(name) && !/[\\:]/.test(name) && name.trim() === name && !name.startsWith("#");
}

function parseSecrets({ password, extra }: AccountFields): Pick<Account, "password" | "nt"> | string {
  const stored = password === "" ? undefined : parseStored(password);
  if (stored?.kind === "bad") return stored.why;
  const given = extra.get("nt");
  const nt = given === undefined ? undefined : parseNt(given);
  if (nt?.kind === "bad") return nt.why;
  const hash = nt?.kind === "nt" ? nt.hash : undefined;
  if (stored?.kind === "plain") return { password: stored, nt: hash ?? ntHash(stored.text) };
  if (stored?.kind === "nt") return { password: undefined, nt: hash ?? stored.hash };
  if (stored === undefined && hash === undefined) return "there is neither a password nor nt=";
  return { password: stored, nt: hash };
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

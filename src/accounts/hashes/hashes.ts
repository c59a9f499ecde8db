/** Stored passwords in Dovecot's form, `{SCHEME}hash`, without a scheme as crypt(3) has them: which scheme, at what cost. */
import { decodeBase64, encodeBase64 } from "../../core/base64.ts";
import { argon2idScheme, argon2iScheme } from "./argon2.ts";
import { bcryptScheme } from "./bcrypt.ts";
import { digestSchemes } from "./digest.ts";
import { COST_LIMIT, isSame, type HashScheme } from "./scheme.ts";
import { scramSchemes } from "./scram.ts";
import { scryptScheme } from "./scrypt.ts";
import { sha256CryptScheme, sha512CryptScheme } from "./sha-crypt.ts";

/** Those whose text says by itself what it is. */
const CRYPTS: readonly HashScheme[] = [
  argon2idScheme,
  argon2iScheme,
  bcryptScheme,
  scryptScheme,
  sha256CryptScheme,
  sha512CryptScheme,
  ...scramSchemes,
];
/** Judged in a worker. */
const SLOW: readonly HashScheme[] = [...CRYPTS, ...digestSchemes];

/** Other names for the same thing, and for those whose text says by itself what it is. */
const ALIASES: Readonly<Record<string, readonly HashScheme[]>> = {
  BCRYPT: [bcryptScheme],
  CRYPT: CRYPTS,
  ARGON2: [argon2idScheme, argon2iScheme],
  SHA1: digestSchemes.filter(({ name }) => name === "SHA"),
};

export type StoredPassword =
  /** To be checked in a worker: `{scheme}text`. */
  | { readonly kind: "slow"; readonly scheme: string; readonly text: string }
  | { readonly kind: "plain"; readonly text: string }
  /** 16 bytes; the only secret of the account. */
  | { readonly kind: "nt"; readonly hash: Uint8Array }
  | { readonly kind: "bad"; readonly why: string };

export function parseStored(stored: string): StoredPassword {
  const [, given = "CRYPT", text = ""] = /^(?:\{([^}]*)\})?(.*)$/.exec(stored) ?? [];
  const name = given.toUpperCase();
  if (name === "PLAIN" || name === "PLAIN.B64")
    return parsePlain(name === "PLAIN" ? Buffer.from(text) : decodeBase64(text));
  if (name === "NT") return parseNt(text);
  const candidates = Object.hasOwn(ALIASES, name) ? ALIASES[name] : SLOW.filter((scheme) => scheme.name === name);
  if (candidates === undefined || candidates.length === 0)
    return { kind: "bad", why: `the scheme {${name.slice(0, 32)}} is not known` };
  return parseSlow(name, text, candidates);
}

/** Dovecot's suffix .b64 is for passwords with characters that end a field. */
function parsePlain(bytes: Buffer | undefined): StoredPassword {
  const text = bytes?.toString("utf8") ?? "";
  return text === "" ? { kind: "bad", why: "the password is empty or not base64" } : { kind: "plain", text };
}

/** `{PLAIN.b64}`: the password itself, for CRAM-MD5. */
export function storedInClear(password: string): string {
  return `{PLAIN.b64}${encodeBase64(Buffer.from(password))}`;
}

function parseSlow(name: string, text: string, candidates: readonly HashScheme[]): StoredPassword {
  for (const scheme of candidates) {
    const cost = scheme.cost(text);
    if (cost === undefined) continue;
    const isAffordable = cost.bytes <= COST_LIMIT.bytes && cost.seconds <= COST_LIMIT.seconds;
    if (isAffordable) return { kind: "slow", scheme: scheme.name, text };
    const needs = `${Math.ceil(cost.bytes / 1024 / 1024)} MiB and ${Math.ceil(cost.seconds)} s`;
    return { kind: "bad", why: `checking the hash would need ${needs}, which is too much` };
  }
  return {
    kind: "bad",
    why: name === "CRYPT" ? "the hash is of no known kind" : `the hash is not of {${name}}'s form`,
  };
}

export function parseNt(text: string): StoredPassword {
  if (!/^[0-9a-f]{32}$/i.test(text)) return { kind: "bad", why: "an NT hash has 32 hexadecimal digits" };
  return { kind: "nt", hash: Buffer.from(text, "hex") };
}

/** Takes tens to hundreds of milliseconds of the thread. Throws for schemes that parseStored() does not give. */
export function verifySlow(name: string, text: string, password: string): Promise<boolean> {
  return schemeNamed(name).verify(text, password);
}

/** For comparing two plain passwords in a time that does not depend on them. */
export function isSamePassword(a: string, b: string): boolean {
  return isSame(Buffer.from(a, "utf8"), Buffer.from(b, "utf8"));
}

/** What `postern user --scheme` offers, by Dovecot's names. */
export const MAKEABLE = {
  argon2id: argon2idScheme,
  bcrypt: bcryptScheme,
  scrypt: scryptScheme,
  "sha512-crypt": sha512CryptScheme,
} as const;

/** `{SCHEME}hash` with a new salt. */
export async function makeStored(scheme: keyof typeof MAKEABLE, password: string): Promise<string> {
  return `{${MAKEABLE[scheme].name}}${await MAKEABLE[scheme].make(password)}`;
}

function schemeNamed(name: string): HashScheme {
  const scheme = SLOW.find((candidate) => candidate.name === name);
  if (scheme === undefined) throw new Error(`no hash scheme ${name}`);
  return scheme;
}

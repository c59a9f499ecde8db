/**
 * {SCRYPT}: RFC 7914 in two forms, PHC's `$scrypt$ln=15,r=8,p=3$salt$hash` (base64 without padding) and crypt(3)'s
 * `$7$` as libsodium and Dovecot write it: log2 N, r and p in 1, 5 and 5 characters, then the salt, then the hash.
 */
import { randomBytes, scryptSync } from "node:crypto";
import { decodeNumber, encodeBytes } from "./crypt64.ts";
import { isSame, type HashScheme } from "./scheme.ts";

interface Parameters {
  readonly log2N: number;
  readonly r: number;
  readonly p: number;
  readonly salt: Uint8Array;
}

interface Parsed extends Parameters {
  readonly hash: Uint8Array;
  /** How the computed bytes were written down. */
  readonly encode: (computed: Uint8Array) => Uint8Array;
  readonly length: number;
}

/** OWASP's choice with 32 MiB (Password Storage Cheat Sheet). */
const ADVISED = { log2N: 15, r: 8, p: 3 };
/** Measured with OpenSSL on a slow core: 32 MiB in 0.12 s. */
const BYTES_PER_SECOND = 256 * 1024 * 1024;

const PHC = /^\$scrypt\$ln=(\d{1,2}),r=(\d{1,3}),p=(\d{1,3})\$([A-Za-z0-9+/]{0,86})\$([A-Za-z0-9+/]{22,86})$/;
const CRYPT = /^\$7\$(.)(.{5})(.{5})([./A-Za-z0-9]{0,64})\$([./A-Za-z0-9]{43})$/;
const CRYPT_HASH_LENGTH = 32;

function parse(text: string): Parsed | undefined {
  const parsed = parsePhc(text) ?? parseCrypt(text);
  if (parsed === undefined) return undefined;
  const { log2N, r, p } = parsed;
  return log2N >= 1 && log2N <= 31 && r >= 1 && p >= 1 ? parsed : undefined;
}

function parsePhc(text: string): Parsed | undefined {
  const [, log2N, r, p, salt, hash] = PHC.exec(text) ?? [];
  if (salt === undefined || hash === undefined) return undefined;
  const bytes = Buffer.from(hash, "base64");
  const numbers = { log2N: Number(log2N), r: Number(r), p: Number(p) };
  return {
    ...numbers,
    salt: Buffer.from(salt, "base64"),
    hash: bytes,
    encode: (computed) => computed,
    length: bytes.length,
  };
}

function parseCrypt(text: string): Parsed | undefined {
  const [, log2N = "", r = "", p = "", salt, hash] = CRYPT.exec(text) ?? [];
  if (salt === undefined || hash === undefined) return undefined;
  const numbers = { log2N: decodeNumber(log2N) ?? 0, r: decodeNumber(r) ?? 0, p: decodeNumber(p) ?? 0 };
  const encode = (computed: Uint8Array) => Buffer.from(encodeBytes(computed));
  return { ...numbers, salt: Buffer.from(salt), hash: Buffer.from(hash), encode, length: CRYPT_HASH_LENGTH };
}

function memory({ log2N, r, p }: Omit<Parameters, "salt">): number {
  return 128 * r * (2 ** log2N + p);
}

function compute(password: string, parameters: Parameters, length: number): Buffer {
  const { log2N, r, p, salt } = parameters;
  // OpenSSL counts some KiB more than the algorithm needs.
  const maxmem = memory(parameters) + 1024 * 1024;
  return scryptSync(password, salt, length, { N: 2 ** log2N, r, p, maxmem });
}

export const scryptScheme: HashScheme = {
  name: "SCRYPT",
  cost(text) {
    const parsed = parse(text);
    if (parsed === undefined) return undefined;
    return { bytes: memory(parsed), seconds: (128 * parsed.r * 2 ** parsed.log2N * parsed.p) / BYTES_PER_SECOND };
  },
  verify(text, password) {
    const parsed = parse(text);
    const isRight =
      parsed !== undefined && isSame(parsed.encode(compute(password, parsed, parsed.length)), parsed.hash);
    return Promise.resolve(isRight);
  },
  make(password) {
    const salt = randomBytes(16);
    const hash = compute(password, { ...ADVISED, salt }, 32);
    const [encodedSalt, encodedHash] = [salt, hash].map((bytes) => bytes.toString("base64").replace(/=+$/, ""));
    return Promise.resolve(`$scrypt$ln=${ADVISED.log2N},r=${ADVISED.r},p=${ADVISED.p}$${encodedSalt}$${encodedHash}`);
  },
};

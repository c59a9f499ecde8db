/** {SHA256-CRYPT} `$5$` and {SHA512-CRYPT} `$6$`: "Unix crypt using SHA-256 and SHA-512", Ulrich Drepper, version 0.6. */
import { createHash, randomBytes } from "node:crypto";
import { encodeNumber } from "./crypt64.ts";
import { isSame, type HashScheme } from "./scheme.ts";

interface Variant {
  readonly name: string;
  readonly prefix: "$5$" | "$6$";
  readonly algorithm: "sha256" | "sha512";
  readonly encode: (digest: Buffer) => string;
  /** Measured on a slow core. */
  readonly roundsPerSecond: number;
}

const DEFAULT_ROUNDS = 5000;
/** "The minimum number for N is 1,000": less is taken as that. */
const LEAST_ROUNDS = 1000;
const MOST_ROUNDS = 999_999_999;
/** About 0.2 s. */
const ADVISED_ROUNDS = 100_000;
const SALT_LENGTH = 16;

const FORM = /^(\$[56]\$)(?:rounds=(\d{1,9})\$)?([^$:\s]{0,16})\$([./A-Za-z0-9]+)$/;

function scheme(variant: Variant): HashScheme {
  const parse = (text: string) => {
    const [, prefix, rounds, salt, hash] = FORM.exec(text) ?? [];
    if (prefix !== variant.prefix || salt === undefined || hash === undefined) return undefined;
    if (hash.length !== variant.encode(Buffer.alloc(64)).length) return undefined;
    const wanted = rounds === undefined ? DEFAULT_ROUNDS : Number(rounds);
    return { rounds: Math.min(Math.max(wanted, LEAST_ROUNDS), MOST_ROUNDS), salt, hash };
  };
  return {
    name: variant.name,
    cost(text) {
      const parsed = parse(text);
      return parsed && { bytes: 0, seconds: parsed.rounds / variant.roundsPerSecond };
    },
    verify(text, password) {
      const parsed = parse(text);
      if (parsed === undefined) return Promise.resolve(false);
      const computed = shaCrypt(variant, password, parsed.salt, parsed.rounds);
      return Promise.resolve(isSame(Buffer.from(computed), Buffer.from(parsed.hash)));
    },
    make(password) {
      const salt = Array.from(randomBytes(SALT_LENGTH), (byte) => encodeNumber(byte, 1)).join("");
      const hash = shaCrypt(variant, password, salt, ADVISED_ROUNDS);
      return Promise.resolve(`${variant.prefix}rounds=${ADVISED_ROUNDS}$${salt}$${hash}`);
    },
  };
}

/** The numbers are those of the steps in Drepper's description. */
function shaCrypt({ algorithm, encode }: Variant, password: string, saltText: string, rounds: number): string {
  const digest = (...parts: Uint8Array[]) => createHash(algorithm).update(Buffer.concat(parts)).digest();
  const key = Buffer.from(password, "utf8");
  const salt = Buffer.from(saltText, "utf8");
  const b = digest(key, salt, key); // 4 to 8
  const parts = [key, salt, cycle(b, key.length)]; // 1 to 3, 9, 10
  for (let bits = key.length; bits > 0; bits >>>= 1) parts.push((bits & 1) === 1 ? b : key); // 11
  const a = digest(...parts); // 12
  const p = cycle(digest(...Array<Uint8Array>(key.length).fill(key)), key.length); // 13 to 16
  const s = cycle(digest(...Array<Uint8Array>(16 + (a[0] ?? 0)).fill(salt)), salt.length); // 17 to 20
  let c = a;
  for (let round = 0; round < rounds; round++) {
    const isOdd = (round & 1) === 1; // 21
    const middle = [...(round % 3 === 0 ? [] : [s]), ...(round % 7 === 0 ? [] : [p])];
    c = isOdd ? digest(p, ...middle, c) : digest(c, ...middle, p);
  }
  return encode(c); // 22
}

/** The digest again and again until `length` bytes are full. */
function cycle(digest: Buffer, length: number): Buffer {
  return Buffer.alloc(length, digest);
}

/** Step 22 e) and f): three bytes at a time, from three places that rotate; `b2` is the most significant. */
function triple(b2 = 0, b1 = 0, b0 = 0, length = 4): string {
  return encodeNumber((b2 << 16) | (b1 << 8) | b0, length);
}

function encodeSha256(digest: Buffer): string {
  let text = "";
  let [x, y, z] = [0, 10, 20];
  for (let group = 0; group < 10; group++) {
    text += triple(digest[x], digest[y], digest[z]);
    [x, y, z] = [z + 1, x + 1, y + 1];
  }
  return text + triple(0, digest[31], digest[30], 3);
}

function encodeSha512(digest: Buffer): string {
  let text = "";
  let [x, y, z] = [0, 21, 42];
  for (let group = 0; group < 21; group++) {
    text += triple(digest[x], digest[y], digest[z]);
    [x, y, z] = [y + 1, z + 1, x + 1];
  }
  return text + triple(0, 0, digest[63], 2);
}

export const sha256CryptScheme = scheme({
  name: "SHA256-CRYPT",
  prefix: "$5$",
  algorithm: "sha256",
  encode: encodeSha256,
  roundsPerSecond: 300_000,
});

export const sha512CryptScheme = scheme({
  name: "SHA512-CRYPT",
  prefix: "$6$",
  algorithm: "sha512",
  encode: encodeSha512,
  roundsPerSecond: 300_000,
});

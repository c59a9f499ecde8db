/**
 * What SCRAM keeps of a password, in Dovecot's and gsasl's form: `iterations,salt,StoredKey,ServerKey`, the last three in
 * base64 (RFC 5802 section 3). Passwords in clear can be checked against it too, at PBKDF2's cost.
 */
import { randomBytes } from "node:crypto";
import type { ScramKeys } from "../../core/evidence.ts";
import { decodeBase64, encodeBase64 } from "../../core/base64.ts";
import {
  deriveKeys,
  keyLength,
  LEAST_ITERATIONS,
  MOST_ITERATIONS,
  SCRAM_NAMES,
  USUAL_ITERATIONS,
  USUAL_SALT_LENGTH,
  type ScramName,
} from "../../scram/keys.ts";
import { isSame, type HashScheme } from "./scheme.ts";

/** Bytes; clients refuse empty salts, and nobody makes longer ones. */
const SALT_LIMIT = 128;
/** Iterations a second of an ordinary core. */
const PER_SECOND = 2_000_000;
/** One HMAC state is all that PBKDF2 needs. */
const BYTES = 1024;

/** undefined: not of the form, or keys that no client would accept. */
export function parseScramKeys(name: ScramName, text: string): ScramKeys | undefined {
  const [count = "", ...encoded] = text.split(",");
  const [salt, storedKey, serverKey, ...more] = encoded.map(decodeBase64);
  if (!/^[1-9][0-9]{3,7}$/.test(count) || !salt || !storedKey || !serverKey || more.length > 0) return undefined;
  const iterations = Number(count);
  if (iterations < LEAST_ITERATIONS || iterations > MOST_ITERATIONS) return undefined;
  if (salt.length === 0 || salt.length > SALT_LIMIT) return undefined;
  if (storedKey.length !== keyLength(name) || serverKey.length !== keyLength(name)) return undefined;
  return { iterations, salt, storedKey, serverKey };
}

/** New keys with a random salt. `password` has been through SASLprep. */
export async function makeScramKeys(name: ScramName, password: string): Promise<string> {
  const parameters = { iterations: USUAL_ITERATIONS, salt: randomBytes(USUAL_SALT_LENGTH) };
  const { iterations, salt, storedKey, serverKey } = await deriveKeys(name, password, parameters);
  return [iterations, ...[salt, storedKey, serverKey].map(encodeBase64)].join(",");
}

export function isScramName(name: string): name is ScramName {
  return SCRAM_NAMES.some((each) => each === name);
}

function scheme(name: ScramName): HashScheme {
  return {
    name,
    cost(text) {
      const keys = parseScramKeys(name, text);
      return keys && { bytes: BYTES, seconds: keys.iterations / PER_SECOND };
    },
    async verify(text, password) {
      const keys = parseScramKeys(name, text);
      if (keys === undefined) return false;
      return isSame((await deriveKeys(name, password, keys)).storedKey, keys.storedKey);
    },
    make: (password) => makeScramKeys(name, password),
  };
}

export const scramSchemes: readonly HashScheme[] = SCRAM_NAMES.map(scheme);

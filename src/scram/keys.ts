/**
 * The arithmetic of SCRAM (RFC 5802 section 3, RFC 7677): SaltedPassword, ClientKey, StoredKey, ServerKey, proof and
 * signature.
 */
import { hash, pbkdf2, timingSafeEqual } from "node:crypto";
import { promisify } from "node:util";
import type { ScramKeys } from "../core/evidence.ts";
import { hmac as hmacWith, type HmacHash } from "../core/hmac.ts";

export type ScramName = "SCRAM-SHA-256" | "SCRAM-SHA-1";

export const SCRAM_NAMES: readonly ScramName[] = ["SCRAM-SHA-256", "SCRAM-SHA-1"];

interface HashFunction {
  readonly digest: HmacHash;
  /** Bytes of its output, and so of all keys. */
  readonly length: number;
}

const HASH: Readonly<Record<ScramName, HashFunction>> = {
  "SCRAM-SHA-256": { digest: "sha256", length: 32 },
  "SCRAM-SHA-1": { digest: "sha1", length: 20 },
};

export interface ScramParameters {
  readonly iterations: number;
  readonly salt: Uint8Array;
}

/** RFC 7677 section 4: at least this many; clients refuse less. */
export const LEAST_ITERATIONS = 4096;
/** What new keys get: 10 to 20 ms of a client's time. Cyrus SASL's client refuses more than 65536. */
export const USUAL_ITERATIONS = 32_768;
/** Some seconds of PBKDF2: whoever names the count, server or account file, may not ask for more. */
export const MOST_ITERATIONS = 10_000_000;
/** Bytes, what RFC 5802's successors and all servers use. */
export const USUAL_SALT_LENGTH = 16;

/** Bytes of this mechanism's keys and proofs. */
export function keyLength(name: ScramName): number {
  return HASH[name].length;
}

const pbkdf2Async = promisify(pbkdf2);

/** Hi(password, salt, i). `password` has been through SASLprep. Milliseconds of a thread of Node's pool. */
export function saltedPassword(name: ScramName, password: string, { salt, iterations }: ScramParameters) {
  return pbkdf2Async(Buffer.from(password), salt, iterations, HASH[name].length, HASH[name].digest);
}

/** What a server keeps. `password` has been through SASLprep. */
export async function deriveKeys(name: ScramName, password: string, parameters: ScramParameters): Promise<ScramKeys> {
  const salted = await saltedPassword(name, password, parameters);
  const storedKey = digest(name, hmac(name, salted, "Client Key"));
  return { ...parameters, storedKey, serverKey: hmac(name, salted, "Server Key") };
}

/** What a client sends: ClientProof, and the ServerSignature that it then waits for. */
export function clientProof(name: ScramName, salted: Uint8Array, authMessage: string) {
  const clientKey = hmac(name, salted, "Client Key");
  const signature = hmac(name, digest(name, clientKey), authMessage);
  const serverSignature = hmac(name, hmac(name, salted, "Server Key"), authMessage);
  return { proof: xor(clientKey, signature), serverSignature };
}

/** Whether the proof was made with the password; in a time that does not depend on the proof's bytes. */
export function isProven(name: ScramName, keys: ScramKeys, authMessage: string, proof: Uint8Array): boolean {
  const clientKey = xor(proof, hmac(name, keys.storedKey, authMessage));
  return isSameKey(digest(name, clientKey), keys.storedKey) && proof.length === HASH[name].length;
}

export function serverSignature(name: ScramName, keys: ScramKeys, authMessage: string): Buffer {
  return hmac(name, keys.serverKey, authMessage);
}

export function isSameKey(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && timingSafeEqual(a, b);
}

export function hmac(name: ScramName, key: Uint8Array, data: Uint8Array | string): Buffer {
  return hmacWith(HASH[name].digest, key, data);
}

function digest(name: ScramName, data: Uint8Array): Buffer {
  return hash(HASH[name].digest, data, "buffer");
}

/** As long as the second. */
function xor(a: Uint8Array, b: Uint8Array): Buffer {
  return Buffer.from(b.map((byte, index) => byte ^ (a[index] ?? 0)));
}

/**
 * HMAC (RFC 2104) from two hashes at one go: 6 to 13 microseconds for each message on every version of Node, while
 * createHmac() takes 6 on Node 20 and 36 on Node 24.
 */
import { hash } from "node:crypto";

/** OpenSSL's names for hashes that work on blocks of 64 bytes. */
export type HmacHash = "sha1" | "sha256";

const BLOCK = 64;

/** Keys longer than 64 bytes are hashed first. Text counts in UTF-8. */
export function hmac(name: HmacHash, key: Uint8Array, ...message: readonly (Uint8Array | string)[]): Buffer {
  const shortKey = key.length > BLOCK ? hash(name, key, "buffer") : key;
  const parts = message.map((part) => (typeof part === "string" ? Buffer.from(part) : part));
  const inner = hash(name, Buffer.concat([padded(shortKey, 0x36), ...parts]), "buffer");
  return hash(name, Buffer.concat([padded(shortKey, 0x5c), inner]), "buffer");
}

function padded(key: Uint8Array, pad: number): Buffer {
  const bytes = Buffer.alloc(BLOCK, pad);
  for (let i = 0; i < key.length; i++) bytes[i]! ^= key[i]!;
  return bytes;
}

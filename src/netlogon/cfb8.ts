/** AES-128 in CFB8 mode (NIST SP 800-38A section 6.3), with which Netlogon hides whatever it hides. */
import { createCipheriv, createDecipheriv, type Decipher } from "node:crypto";

const CIPHER = "aes-128-cfb8";
export const IV_LENGTH = 16;

export function encrypt(key: Buffer, iv: Uint8Array, plain: Uint8Array): Buffer {
  return createCipheriv(CIPHER, key, iv).update(plain);
}

/**
 * One decipher for each key: making one takes longer than deciphering a logon's answer. What CFB8 feeds back is what it
 * reads, so that after reading an initialization vector it stands where one that was made with it would begin.
 */
export function decrypt(key: Buffer, iv: Uint8Array, hidden: Uint8Array): Buffer {
  return decipherOf(key)
    .update(Buffer.concat([iv, hidden]))
    .subarray(IV_LENGTH);
}

const deciphers = new WeakMap<Buffer, Decipher>();

function decipherOf(key: Buffer): Decipher {
  const known = deciphers.get(key);
  if (known) return known;
  const decipher = createDecipheriv(CIPHER, key, Buffer.alloc(IV_LENGTH));
  deciphers.set(key, decipher);
  return decipher;
}

/** The session key and the credentials that prove it, in AES (MS-NRPC 3.1.4.3.1 and 3.1.4.4.1). */
import { randomBytes, timingSafeEqual } from "node:crypto";
import { hmac } from "../core/hmac.ts";
import * as cfb8 from "./cfb8.ts";

export const CHALLENGE_LENGTH = 8;

/** ComputeSessionKey, 16 bytes. */
export function computeSessionKey(ntHash: Uint8Array, clientChallenge: Buffer, serverChallenge: Buffer): Buffer {
  return hmac("sha256", ntHash, clientChallenge, serverChallenge).subarray(0, 16);
}

/** ComputeNetlogonCredential over 8 bytes. */
export function computeCredential(sessionKey: Buffer, input: Buffer): Buffer {
  return encrypt(sessionKey, input);
}

/** AES-128-CFB8 from an initialization vector of zeros: how the protocol hides everything that is not a whole message. */
export function encrypt(sessionKey: Buffer, plain: Buffer): Buffer {
  return cfb8.encrypt(sessionKey, ZERO_IV, plain);
}

export function decrypt(sessionKey: Buffer, hidden: Buffer): Buffer {
  return cfb8.decrypt(sessionKey, ZERO_IV, hidden);
}

export function isSameCredential(one: Buffer, other: Buffer): boolean {
  return one.length === other.length && timingSafeEqual(one, other);
}

/** 8 bytes that a domain controller of today takes. */
export function drawChallenge(draw: (count: number) => Buffer = randomBytes): Buffer {
  for (;;) {
    const challenge = draw(CHALLENGE_LENGTH);
    if (!isUniform(challenge)) return challenge;
  }
}

/**
 * Whether the first five bytes are all the same (MS-NRPC 3.1.4.1). Under a fixed initialization vector such a challenge has
 * one chance in 256 to be its own credential, so that whoever sends it may know no key at all (CVE-2020-1472).
 */
export function isUniform(challenge: Buffer): boolean {
  return challenge.subarray(1, 5).every((byte) => byte === challenge[0]);
}

const ZERO_IV = Buffer.alloc(16);

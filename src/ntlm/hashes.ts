/** From a password to the keys of the response computations: NTOWFv1, LMOWFv1 and NTOWFv2, MS-NLMP 3.3.1 and 3.3.2. */
import { des } from "./des.ts";
import { md4 } from "./md4.ts";
import { hmacMd5 } from "./md5.ts";
import { encodeCp437 } from "./oem.ts";
import { upperCaseSimple } from "./upper-case.ts";

/** NTOWFv1: MD4 of the password in UTF-16LE, 16 bytes. */
export function ntHash(password: string): Buffer {
  return md4(unicode(password));
}

/**
 * LMOWFv1, 16 bytes: the upper-cased password in code page 437 as two DES keys. undefined where there is none: more
 * than 14 bytes, or characters outside the code page.
 */
export function lmHash(password: string): Buffer | undefined {
  const oem = encodeCp437(upperCaseSimple(password));
  if (oem === undefined || oem.length > LM_PASSWORD_LIMIT) return undefined;
  const key = Buffer.alloc(LM_PASSWORD_LIMIT);
  key.set(oem);
  return Buffer.concat([des(key.subarray(0, 7), LM_MAGIC), des(key.subarray(7), LM_MAGIC)]);
}

/**
 * NTOWFv2 and LMOWFv2: HMAC-MD5 over user and domain, keyed with the NT hash, 16 bytes. Only the user is upper-cased,
 * by `upper`; the domain counts exactly as given.
 */
export function ntowfv2(ntHash: Uint8Array, user: string, domain: string, upper: UpperCase = upperCaseSimple): Buffer {
  return hmacMd5(ntHash, unicode(upper(user) + domain));
}

export type UpperCase = (user: string) => string;

/** UNICODE() of MS-NLMP section 6: UTF-16LE without terminator. */
export function unicode(text: string): Buffer {
  return Buffer.from(text, "utf16le");
}

const LM_PASSWORD_LIMIT = 14;
const LM_MAGIC = Buffer.from("KGS!@#$%", "ascii");

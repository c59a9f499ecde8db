/**
 * {SHA} and {SSHA}, and the same with SHA-256 and SHA-512: one digest of password and salt, then the salt, in base64, as
 * LDAP directories keep userPassword (RFC 2307 section 5.3, draft-stroeder-hashed-userpassword-values). Quick to guess:
 * read where they are found, never advised.
 */
import { createHash, randomBytes } from "node:crypto";
import { decodeBase64, encodeBase64 } from "../../core/base64.ts";
import { isSame, type HashScheme } from "./scheme.ts";

type Algorithm = "sha1" | "sha256" | "sha512";

const LENGTHS: Readonly<Record<Algorithm, number>> = { sha1: 20, sha256: 32, sha512: 64 };
const SALT_LENGTH = 8;
/** Salts of directories have 4 to 16 bytes. */
const LONGEST_SALT = 64;

function scheme(name: string, algorithm: Algorithm, isSalted: boolean): HashScheme {
  const length = LENGTHS[algorithm];
  const digest = (password: string, salt: Uint8Array) => createHash(algorithm).update(password).update(salt).digest();
  const parse = (text: string): Buffer | undefined => {
    const bytes = decodeBase64(text);
    const salt = (bytes?.length ?? 0) - length;
    return (isSalted ? salt > 0 && salt <= LONGEST_SALT : salt === 0) ? bytes : undefined;
  };
  return {
    name,
    cost: (text) => parse(text) && { bytes: 0, seconds: 0 },
    verify(text, password) {
      const bytes = parse(text);
      const isRight = bytes && isSame(digest(password, bytes.subarray(length)), bytes.subarray(0, length));
      return Promise.resolve(isRight === true);
    },
    make(password) {
      const salt = randomBytes(isSalted ? SALT_LENGTH : 0);
      return Promise.resolve(encodeBase64(Buffer.concat([digest(password, salt), salt])));
    },
  };
}

export const digestSchemes: readonly HashScheme[] = [
  scheme("SHA", "sha1", false),
  scheme("SSHA", "sha1", true),
  scheme("SHA256", "sha256", false),
  scheme("SSHA256", "sha256", true),
  scheme("SHA512", "sha512", false),
  scheme("SSHA512", "sha512", true),
];

/**
 * What SCRAM shows of an account that does not exist: salt and iteration count have to be sent before anybody has proven
 * anything (RFC 5802 section 9), and must look and stay like those of an account.
 */
import type { ScramKeys } from "../core/evidence.ts";
import type { KeyLikeness } from "../core/validator.ts";
import { hmac, keyLength, USUAL_ITERATIONS, USUAL_SALT_LENGTH, type ScramName } from "./keys.ts";

/** The likeness where the judge says nothing: what `postern user` writes. */
export function usualLikeness(username: string): KeyLikeness {
  return { iterations: USUAL_ITERATIONS, saltLength: USUAL_SALT_LENGTH, canonicalName: username.toLowerCase() };
}

/**
 * Keys with a salt that is the same whenever name, secret and likeness are the same. The keys themselves are nobody's: they
 * are never shown, and no proof counts that is held against them.
 */
export function decoyKeys(name: ScramName, secret: Uint8Array, likeness: KeyLikeness): ScramKeys {
  const { iterations, saltLength, canonicalName } = likeness;
  const length = keyLength(name);
  const blocks = Array.from({ length: Math.ceil(saltLength / length) }, (_, index) =>
    hmac(name, secret, JSON.stringify([name, iterations, saltLength, canonicalName, index])),
  );
  const none = new Uint8Array(length);
  return { iterations, salt: Buffer.concat(blocks, saltLength), storedKey: none, serverKey: none };
}

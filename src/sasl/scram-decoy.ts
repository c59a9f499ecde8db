/**
 * What SCRAM shows of an account that does not exist: salt and iteration count have to be sent before anybody has proven
 * anything (RFC 5802 section 9), and must look and stay like those of an account.
 */
import type { ScramKeys } from "../core/evidence.ts";
import { hmac, keyLength, USUAL_ITERATIONS, USUAL_SALT_LENGTH, type ScramName } from "./scram-keys.ts";

/** Of what kind the keys of an account would be that has this name. */
export interface Likeness {
  readonly iterations: number;
  /** Bytes. */
  readonly saltLength: number;
  /** One for all forms of the name that would lead to the same account. */
  readonly canonicalName: string;
}

/** What a KeyJudge may say besides, so that its accounts and decoys do not differ. */
export interface DecoyJudge {
  likeness?(mechanism: ScramName, username: string): Likeness | undefined;
}

/** The likeness where the judge says nothing: what `postern user` writes. */
export function usualLikeness(username: string): Likeness {
  return { iterations: USUAL_ITERATIONS, saltLength: USUAL_SALT_LENGTH, canonicalName: username.toLowerCase() };
}

/**
 * Keys with a salt that is the same whenever name, secret and likeness are the same. The keys themselves are nobody's: they
 * are never shown, and no proof counts that is held against them.
 */
export function decoyKeys(name: ScramName, secret: Uint8Array, likeness: Likeness): ScramKeys {
  const { iterations, saltLength, canonicalName } = likeness;
  const length = keyLength(name);
  const blocks = Array.from({ length: Math.ceil(saltLength / length) }, (_, index) =>
    hmac(name, secret, JSON.stringify([name, iterations, saltLength, canonicalName, index])),
  );
  const none = new Uint8Array(length);
  return { iterations, salt: Buffer.concat(blocks, saltLength), storedKey: none, serverKey: none };
}

/** What every stored password hash can do, and what it may cost. */
import { timingSafeEqual } from "node:crypto";

/** An estimate for one check on an ordinary core; only its order of magnitude matters. */
export interface Cost {
  readonly bytes: number;
  readonly seconds: number;
}

/** A hash made by others may not stop the gateway: beyond this it is a bad line. */
export const COST_LIMIT: Cost = { bytes: 256 * 1024 * 1024, seconds: 5 };

export interface HashScheme {
  /** As in `{ARGON2ID}`. */
  readonly name: string;
  /** What checking costs; undefined when the text is not of this scheme's form. */
  cost(text: string): Cost | undefined;
  /** `text` is of the right form. */
  verify(text: string, password: string): Promise<boolean>;
  /** A new hash with a random salt and the parameters that are advised today. */
  make(password: string): Promise<string>;
}

/** Compares without telling by its time where the difference is. */
export function isSame(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && timingSafeEqual(a, b);
}

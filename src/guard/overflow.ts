/**
 * What is left of budgets that had to make room: the largest in each of many slots, by a keyed hash of the name. A name
 * that comes back finds at least what it had spent, perhaps another one's: never too little.
 */
import { randomInt } from "node:crypto";

const SLOTS = 1 << 16;
const FNV_PRIME = 0x01000193;

export class Overflow {
  readonly #spent = new Uint16Array(SLOTS);
  readonly #at = new Float64Array(SLOTS);
  /** Nobody outside shall know which names share a slot. */
  readonly #seed = randomInt(2 ** 32);

  /** `at`: the last failure. What the slot holds is forgotten when nothing was added for `window`. */
  add(key: string, spent: number, at: number, window: number): void {
    const slot = this.#slotOf(key);
    const left = at - this.#at[slot]! < window ? this.#spent[slot]! : 0;
    this.#spent[slot] = Math.max(left, Math.min(spent, 65_535));
    this.#at[slot] = Math.max(at, this.#at[slot]!);
  }

  get(key: string): { readonly spent: number; readonly at: number } {
    const slot = this.#slotOf(key);
    return { spent: this.#spent[slot]!, at: this.#at[slot]! };
  }

  /** Forgets the slot of a name, and with it those that share it. */
  delete(key: string): void {
    this.#spent[this.#slotOf(key)] = 0;
  }

  clear(): void {
    this.#spent.fill(0);
  }

  #slotOf(key: string): number {
    let hash = this.#seed;
    for (let index = 0; index < key.length; index += 1) hash = Math.imul(hash ^ key.charCodeAt(index), FNV_PRIME);
    return (hash ^ (hash >>> 16)) & (SLOTS - 1);
  }
}

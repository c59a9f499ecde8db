/**
 * Values by key, as many as there is room for. Two generations: what has been used since the last change of generations is
 * young, the rest old; when the young ones fill half of the room the old ones go. Each step costs the same, whatever a
 * flood of keys does.
 */

export class Recent<V> {
  readonly #half: number;
  readonly #dropped: (key: string, value: V) => boolean;
  #young = new Map<string, V>();
  #old = new Map<string, V>();

  /** `dropped` hears of each value that has to go, and says true where it must stay after all. */
  constructor(limit: number, dropped: (key: string, value: V) => boolean = () => false) {
    this.#half = Math.max(1, limit >> 1);
    this.#dropped = dropped;
  }

  get size(): number {
    return this.#young.size + this.#old.size;
  }

  get(key: string): V | undefined {
    // Keys are put together for each question: an empty map would have them hashed all the same.
    const young = this.#young.size === 0 ? undefined : this.#young.get(key);
    if (young !== undefined || this.#old.size === 0) return young;
    const old = this.#old.get(key);
    if (old !== undefined) {
      this.#old.delete(key);
      this.set(key, old);
    }
    return old;
  }

  set(key: string, value: V): V {
    if (this.#young.size >= this.#half && !this.#young.has(key)) this.#age();
    this.#old.delete(key);
    this.#young.set(key, value);
    return value;
  }

  delete(key: string): boolean {
    const wasYoung = this.#young.delete(key);
    return this.#old.delete(key) || wasYoung;
  }

  *entries(): Generator<[string, V]> {
    yield* this.#old;
    yield* this.#young;
  }

  #age(): void {
    const leaving = this.#old;
    this.#old = this.#young;
    this.#young = new Map();
    for (const [key, value] of leaving) if (this.#dropped(key, value)) this.#young.set(key, value);
  }
}

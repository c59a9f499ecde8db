/** Entries by key, as many as there is room for: the one that was not seen for longest makes room. */
import type { Entry } from "./entry.ts";

/**
 * Neighbours in the order of last sight. A Map alone would do, were it not that each entry moved to its end leaves a hole at
 * its beginning, over which every search for the oldest has to walk.
 */
interface Place {
  readonly key: string;
  readonly entry: Entry;
  older: Place | undefined;
  newer: Place | undefined;
}

export class Shelf {
  readonly #places = new Map<string, Place>();
  #oldest: Place | undefined;
  #newest: Place | undefined;
  readonly #limit: number;
  readonly #dropped: (entry: Entry) => void;

  /** `limit`: at least 1. `dropped` hears of each entry that had to go. */
  constructor(limit: number, dropped: (entry: Entry) => void) {
    this.#limit = limit;
    this.#dropped = dropped;
  }

  get size(): number {
    return this.#places.size;
  }

  peek(key: string): Entry | undefined {
    return this.#places.get(key)?.entry;
  }

  /** Finds an entry that has just been seen. */
  touch(key: string): Entry | undefined {
    const place = this.#places.get(key);
    if (place === undefined || place === this.#newest) return place?.entry;
    this.#unlink(place);
    this.#append(place);
    return place.entry;
  }

  /** `key` is not there yet. */
  put(key: string, entry: Entry): Entry {
    if (this.#oldest && this.#places.size >= this.#limit) this.#evict(this.#oldest);
    const place: Place = { key, entry, older: undefined, newer: undefined };
    this.#places.set(key, place);
    this.#append(place);
    return entry;
  }

  /** Oldest first. */
  entries(): Entry[] {
    const entries: Entry[] = [];
    for (let place = this.#oldest; place; place = place.newer) entries.push(place.entry);
    return entries;
  }

  #evict(place: Place): void {
    this.#places.delete(place.key);
    this.#unlink(place);
    this.#dropped(place.entry);
  }

  #append(place: Place): void {
    place.older = this.#newest;
    place.newer = undefined;
    if (this.#newest) this.#newest.newer = place;
    else this.#oldest = place;
    this.#newest = place;
  }

  #unlink({ older, newer }: Place): void {
    if (older) older.newer = newer;
    else this.#oldest = newer;
    if (newer) newer.older = older;
    else this.#newest = older;
  }
}

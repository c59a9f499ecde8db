/**
 * Counts sightings, within bounds that no client can move: accepted logons, failed ones of known accounts, and failed ones
 * of strangers each have shelves of their own, and one account gets coarser rows before it fills a shelf alone.
 */
import { splitName } from "../core/identity.ts";
import { keyOf, keyOfEntry, newEntry, refresh, type Entry } from "./entry.ts";
import { ELSEWHERE, MACHINE, NETWORK, PROVIDER, placeOf } from "./place.ts";
import { Shelf } from "./shelf.ts";
import type { Alike, Sighting } from "./sighting.ts";

/** Rows of one account before its places are put together: two hundred printers may share one. */
const WIDE_ROWS = 256;
/** The same when more than half of the room is taken: one mobile user comes from hundreds of addresses. */
const NARROW_ROWS = 16;
/** After this share more, only what decides under a policy is kept apart. */
const COARSER = 1.25;
/** Of all room, for failed logons of known accounts, and as much again for those of strangers. */
const FAILED_SHARE = 1 / 20;
/** Of the strangers' room, when their places are no longer told apart. */
const CROWDED = 0.9;
/** A client guess in rows that stand for many clients. */
export const VARIOUS = "various";

export interface Dropped {
  /** How many entries had to make room. */
  readonly entries: number;
  /** The newest of them was last seen then, milliseconds since 1970; 0: none. */
  readonly lastSeen: number;
}

export class Ledger {
  readonly #room: number;
  readonly #seen: Shelf;
  readonly #failed: Shelf;
  readonly #strangers: Shelf;
  readonly #strangersRoom: number;
  /** Accepted entries of each account, by its name in lower case. */
  readonly #rows = new Map<string, number>();
  #dropped: Dropped = { entries: 0, lastSeen: 0 };

  /** `limit`: entries in all. */
  constructor(limit: number) {
    const failed = Math.max(1, Math.floor(limit * FAILED_SHARE));
    this.#room = Math.max(1, limit - 2 * failed);
    this.#strangersRoom = failed;
    this.#seen = new Shelf(this.#room, (entry) => this.#drop(entry));
    this.#failed = new Shelf(failed, () => undefined);
    this.#strangers = new Shelf(failed, () => undefined);
  }

  get size(): number {
    return this.#seen.size + this.#failed.size + this.#strangers.size;
  }

  get dropped(): Dropped {
    return this.#dropped;
  }

  /** Accepted logons, oldest first. */
  seen(): Entry[] {
    return this.#seen.entries();
  }

  /** Failed logons that belong to no entry of accepted ones. */
  failed(): Entry[] {
    return [...this.#failed.entries(), ...this.#strangers.entries()];
  }

  record(sighting: Sighting, now: number): void {
    if (sighting.isAccepted) this.#succeed(sighting, sighting.user ?? "", now);
    else this.#fail(sighting, now);
  }

  /** Takes entries of an earlier run; those that were seen last are kept where there is room for fewer. */
  restore(seen: readonly Entry[], failed: readonly Entry[], dropped: Dropped): void {
    this.#dropped = dropped;
    const byAge = (a: Entry, b: Entry): number => a.lastSeen - b.lastSeen;
    for (const entry of seen.toSorted(byAge)) {
      const key = keyOfEntry(entry);
      if (!this.#seen.peek(key)) this.#keep(key, entry);
    }
    for (const entry of failed.toSorted(byAge)) {
      const shelf = entry.user === "" ? this.#strangers : this.#failed;
      const key = keyOfEntry(entry);
      if (!shelf.peek(key)) shelf.put(key, entry);
    }
  }

  #succeed(sighting: Sighting, user: string, now: number): void {
    const from = placeOf(sighting.address, MACHINE);
    const key = keyOf(sighting, from, "");
    const entry = this.#seen.touch(key) ?? this.#open(sighting, user, key, from, now);
    entry.successes += 1;
    refresh(entry, sighting, now);
  }

  /** An account that already has many rows gets coarser new ones: it may be roaming, or varying what it sends on purpose. */
  #open(sighting: Sighting, user: string, key: string, from: string, now: number): Entry {
    const rows = this.#rows.get(user.toLowerCase()) ?? 0;
    const fine = this.#seen.size < this.#room / 2 ? WIDE_ROWS : NARROW_ROWS;
    if (rows < fine) return this.#keep(key, newEntry(sighting, user, from, "", now));
    const isRoaming = rows < fine * COARSER;
    const alike = isRoaming ? sighting : coarsest(sighting, user);
    const wide = isRoaming ? placeOf(sighting.address, PROVIDER) : ELSEWHERE;
    const wideKey = keyOf(alike, wide, "");
    return this.#seen.touch(wideKey) ?? this.#keep(wideKey, newEntry(alike, user, wide, "", now));
  }

  /** Where neither the judge nor the radar knows an account of that name, it is not kept: it may be a password. */
  #fail(sighting: Sighting, now: number): void {
    const known = this.#seen.peek(keyOf(sighting, placeOf(sighting.address, MACHINE), ""));
    if (known) {
      known.failures += 1;
      return;
    }
    const named = splitName(sighting.sentUser).user.toLowerCase();
    const user = sighting.user ?? (this.#rows.has(named) ? named : "");
    const shelf = user === "" ? this.#strangers : this.#failed;
    const isCrowded = user === "" && shelf.size >= this.#strangersRoom * CROWDED;
    const from = isCrowded ? ELSEWHERE : placeOf(sighting.address, NETWORK);
    const alike = { ...sighting, sentUser: user, sentDomain: "" };
    const key = keyOf(alike, from, sighting.refusedBy);
    const entry = shelf.touch(key) ?? shelf.put(key, newEntry(alike, user, from, sighting.refusedBy, now));
    entry.failures += 1;
    refresh(entry, sighting, now);
    // libntlm's workstation is the user name.
    if (user === "") entry.workstation = "";
  }

  #keep(key: string, entry: Entry): Entry {
    const owner = entry.user.toLowerCase();
    this.#rows.set(owner, (this.#rows.get(owner) ?? 0) + 1);
    return this.#seen.put(key, entry);
  }

  #drop({ user, lastSeen }: Entry): void {
    const owner = user.toLowerCase();
    const left = (this.#rows.get(owner) ?? 1) - 1;
    if (left > 0) this.#rows.set(owner, left);
    else this.#rows.delete(owner);
    this.#dropped = { entries: this.#dropped.entries + 1, lastSeen: Math.max(this.#dropped.lastSeen, lastSeen) };
  }
}

/** Only what decides under a policy. The account stands for the names that were sent, or two accounts would share a row. */
function coarsest(sighting: Sighting, user: string): Alike {
  return { ...sighting, sentUser: user, sentDomain: "", client: VARIOUS, confidence: "unknown" };
}

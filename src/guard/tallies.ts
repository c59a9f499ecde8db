/**
 * Failures of one kind of key (addresses, networks, accounts), and what they cost.
 *
 * Each key has two leaky buckets, into which a failure puts 1:
 * - `recent` loses `free` failures in each `forget` milliseconds. While it holds less than `free`, rounded, nothing
 *   happens; from then on attempts are at least 2, 4, 8, ... seconds apart, never more than `longest`.
 * - `total` loses `lock` failures in each `lockFor` milliseconds. An attempt that would bring it above `lock` is refused,
 *   so that in any time t no more than lock * (1 + t / lockFor) failures are answered, plus those that were under way
 *   at once; these are counted as well and lengthen what follows.
 */
import { Recent } from "./recent.ts";

export interface Rule {
  /** Failures that cost nothing. */
  readonly free: number;
  /** Milliseconds in which as many are forgotten. */
  readonly forget: number;
  /** Milliseconds that attempts are apart at most. */
  readonly longest: number;
  /** Failures that lock. */
  readonly lock: number;
  /** Milliseconds in which as many are forgotten. */
  readonly lockFor: number;
}

export interface Tally {
  recent: number;
  total: number;
  /** Milliseconds since 1970 up to which both have leaked. */
  at: number;
  /** When the last attempt was let through, or will be. */
  begun: number;
}

const FIRST_DELAY = 2_000;

/** What a key's failures mean now. */
export interface Standing {
  /** Milliseconds until it is no longer locked; 0: it is not. */
  readonly lockedFor: number;
  /** Milliseconds that the next attempt has to wait. */
  readonly wait: number;
}

const FREE: Standing = { lockedFor: 0, wait: 0 };

export class Tallies {
  readonly #tallies: Recent<Tally>;

  constructor(limit: number) {
    this.#tallies = new Recent(limit);
  }

  get size(): number {
    return this.#tallies.size;
  }

  standing(key: string, rule: Rule, now: number): Standing {
    const tally = this.#tallies.get(key);
    if (tally === undefined) return FREE;
    leak(tally, rule, now);
    const over = tally.total - (rule.lock - 1);
    const lockedFor = over > ROUNDING ? Math.ceil((over * rule.lockFor) / rule.lock) : 0;
    const delay = delayAt(tally.recent, rule);
    return { lockedFor, wait: delay === 0 ? 0 : Math.max(0, tally.begun + delay - now) };
  }

  /** True where nothing has failed, or all of it is forgotten. */
  isClean(key: string, rule: Rule, now: number): boolean {
    const tally = this.#tallies.get(key);
    if (tally) leak(tally, rule, now);
    return tally === undefined || tally.recent === 0;
  }

  /** An attempt is let through at this time. */
  begin(key: string, at: number): void {
    const tally = this.#tallies.get(key);
    if (tally) tally.begun = Math.max(tally.begun, at);
  }

  /** True when it is locked by this failure. */
  fail(key: string, rule: Rule, now: number): boolean {
    const tally = this.#tallies.get(key) ?? this.#tallies.set(key, { recent: 0, total: 0, at: now, begun: now });
    leak(tally, rule, now);
    const before = tally.total;
    tally.recent += 1;
    tally.total += 1;
    return before <= rule.lock - 1 + ROUNDING && tally.total > rule.lock - 1 + ROUNDING;
  }

  /** Takes back so many failures. */
  forgive(key: string, failures: number, rule: Rule, now: number): void {
    const tally = failures === 0 ? undefined : this.#tallies.get(key);
    if (tally === undefined) return;
    leak(tally, rule, now);
    tally.recent = Math.max(0, tally.recent - failures);
    tally.total = Math.max(0, tally.total - failures);
    if (tally.total === 0) this.#tallies.delete(key);
  }

  delete(key: string): boolean {
    return this.#tallies.delete(key);
  }

  restore(key: string, tally: Tally): void {
    this.#tallies.set(key, tally);
  }

  /** Those that have anything left in them. */
  *entries(rule: Rule, now: number): Generator<[string, Tally]> {
    for (const [key, tally] of this.#tallies.entries()) {
      leak(tally, rule, now);
      if (tally.total > 0) yield [key, tally];
    }
  }
}

/** A millionth of a failure is no failure. */
const ROUNDING = 1e-6;

function leak(tally: Tally, { free, forget, lock, lockFor }: Rule, now: number): void {
  const passed = Math.max(0, now - tally.at);
  tally.recent = Math.max(0, tally.recent - (passed * free) / forget);
  tally.total = Math.max(0, tally.total - (passed * lock) / lockFor);
  tally.at = now;
}

/** In whole failures, so that what has just leaked does not take a step back. */
function delayAt(recent: number, { free, longest }: Rule): number {
  const failures = Math.round(recent);
  return failures < free ? 0 : Math.min(longest, FIRST_DELAY * 2 ** Math.min(30, failures - free));
}

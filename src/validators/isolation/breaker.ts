/**
 * A circuit breaker: after enough failures in a row nobody is asked for a while, then one question is let through, and its
 * answer decides.
 *
 * Each good answer makes up for four failures, so that a source that fails more than four times in five is left alone as
 * well. A failure that was quick counts once for each client: it costs nobody time, and may concern one account only (a
 * trusted domain that is down), with which a single client could otherwise take the source from everybody.
 */
import type { BreakerLimits } from "./options.ts";

/** Failures that a good answer makes up for. */
const WORTH = 4;

export interface BreakerEvents {
  opened(why: string): void;
  closed(): void;
}

export class Breaker {
  readonly #limits: BreakerLimits;
  readonly #events: BreakerEvents;
  #failures = 0;
  /** Who has had quick failures since the last good answer; never more than failures are allowed. */
  readonly #clients = new Set<string>();
  /** When it may be tried again; undefined: closed, everything passes. */
  #restsUntil: number | undefined;
  #isTrying = false;

  constructor(limits: BreakerLimits, events: BreakerEvents) {
    this.#limits = limits;
    this.#events = events;
  }

  get isOpen(): boolean {
    return this.#restsUntil !== undefined;
  }

  /** `trial`: the one question that is let through; its answer must be told to `tried`. */
  admit(now: () => number): "pass" | "trial" | "refused" {
    if (this.#restsUntil === undefined) return "pass";
    if (this.#isTrying || now() < this.#restsUntil) return "refused";
    this.#isTrying = true;
    return "trial";
  }

  /** An answer was good. While open only the trial's counts: the others were asked before. */
  good(): void {
    if (this.isOpen || this.#failures === 0) return;
    this.#failures = Math.max(0, this.#failures - WORTH);
    this.#clients.clear();
  }

  bad(why: string, client: string, isQuick: boolean, now: () => number): void {
    if (this.isOpen || (isQuick && this.#clients.has(client))) return;
    if (isQuick) this.#clients.add(client);
    this.#failures += 1;
    if (this.#failures < this.#limits.failures) return;
    this.#restsUntil = now() + this.#limits.rest;
    this.#events.opened(why);
  }

  tried(isGood: boolean, now: () => number): void {
    this.#isTrying = false;
    if (!isGood) {
      this.#restsUntil = now() + this.#limits.rest;
      return;
    }
    this.#restsUntil = undefined;
    this.#failures = 0;
    this.#clients.clear();
    this.#events.closed();
  }
}

/**
 * The members after the one that knows a name are not asked: without care, a quicker "no" would say that there is such a
 * name. So it waits as long as one of those members' latest "unknown" took.
 */
import { setTimeout as sleep } from "node:timers/promises";

/** Of each member so many answers are remembered: enough to be spread as they are, few enough to follow the load. */
const REMEMBERED = 32;
/** A "no" is not held up longer, in milliseconds: members that slow are as good as down. */
const LONGEST = 2000;

export class Pace {
  /** Milliseconds, newest last, by the member's place. */
  readonly #taken: readonly number[][];

  constructor(members: number) {
    this.#taken = Array.from({ length: members }, () => []);
  }

  /** The member at `index` took so long to say that it does not know a name. */
  record(index: number, milliseconds: number): void {
    const taken = this.#taken[index]!;
    taken.push(milliseconds);
    if (taken.length > REMEMBERED) taken.shift();
  }

  /** Passes the time that the members after `index` would take. */
  async asIfUnknown(index: number): Promise<void> {
    const time = this.#taken.slice(index + 1).reduce((sum, taken) => sum + oneOf(taken), 0);
    // Timers count whole milliseconds: fractions are made up for on the average.
    const whole = Math.floor(Math.min(time, LONGEST) + Math.random());
    if (whole > 0) await sleep(whole);
  }
}

function oneOf(times: readonly number[]): number {
  return times[Math.floor(Math.random() * times.length)] ?? 0;
}

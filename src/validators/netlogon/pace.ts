/**
 * A domain controller writes down each wrong password, which takes it several times as long as to say that it knows no such
 * name. So that nobody can tell the two apart by a clock, the quicker answer waits.
 */
import { setTimeout as sleep } from "node:timers/promises";

/** Wrong passwords whose times are remembered: enough to be spread as they are, few enough to follow the load. */
const REMEMBERED = 32;
/** Nobody is held up longer, in milliseconds. */
const LONGEST = 1000;

export class Pace {
  /** Milliseconds, newest last. */
  readonly #wrong: number[] = [];

  /** After an answer that took so many milliseconds: that there is no such name waits as long as a wrong password took. */
  async keep(taken: number, isNobody: boolean, isWrongPassword: boolean): Promise<void> {
    if (isWrongPassword) this.#wrong.push(taken);
    if (this.#wrong.length > REMEMBERED) this.#wrong.shift();
    const model = this.#wrong[Math.floor(Math.random() * this.#wrong.length)];
    if (!isNobody || model === undefined) return;
    // Timers count whole milliseconds: fractions are made up for on the average.
    const whole = Math.floor(Math.min(model - taken, LONGEST) + Math.random());
    if (whole > 0) await sleep(whole);
  }
}

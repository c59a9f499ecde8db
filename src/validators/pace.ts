/** How long wrong passwords of known names take, so that unknown names take as long and no clock tells the two apart. */
import { setTimeout as sleep } from "node:timers/promises";
import { RecentTimes } from "../core/recent-times.ts";

/** Nobody is held up longer for nothing, in milliseconds. */
const LONGEST = 1000;

export class Pace {
  readonly #times = new RecentTimes();

  /** A wrong password took so many milliseconds. */
  learn(time: number): void {
    this.#times.learn(time);
  }

  /** Waits until one of the remembered times, whichever, has passed since `started`, of performance.now(). */
  async keep(started: number): Promise<void> {
    await wait(Math.min(this.#times.any() - (performance.now() - started), LONGEST));
  }
}

/** Timers count whole milliseconds: fractions are made up for on the average. */
export async function wait(milliseconds: number): Promise<void> {
  const whole = Math.floor(milliseconds + Math.random());
  if (whole > 0) await sleep(whole);
}

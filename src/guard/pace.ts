/** How long refusals have lately taken, so that one that asks nobody takes as long as one of them. */
import { RecentTimes } from "../core/recent-times.ts";
import { sleep, type Clock } from "./clock.ts";

/** Enough to have their spread. */
const REMEMBERED = 64;

export class Pace {
  readonly #clock: Clock;
  readonly #times = new RecentTimes(REMEMBERED);

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** `time`: milliseconds. */
  learn(time: number): void {
    this.#times.learn(time);
  }

  /** Takes as long as any of them took. */
  async keep(): Promise<void> {
    const time = this.#times.any();
    if (time > 0) await sleep(this.#clock, time);
  }
}

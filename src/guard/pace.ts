/** How long refusals have lately taken, so that one that asks nobody takes as long as one of them. */
import { sleep, type Clock } from "./clock.ts";

/** Enough to have their spread. */
const REMEMBERED = 64;

export class Pace {
  readonly #clock: Clock;
  readonly #times: number[] = [];
  #next = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** `time`: milliseconds. */
  learn(time: number): void {
    this.#times[this.#next] = time;
    this.#next = (this.#next + 1) % REMEMBERED;
  }

  /** Takes as long as any of them took. */
  async keep(): Promise<void> {
    const time = this.#times[Math.floor(Math.random() * this.#times.length)] ?? 0;
    if (time > 0) await sleep(this.#clock, time);
  }
}

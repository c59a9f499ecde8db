/** How long something has lately taken: enough times to be spread as they are, few enough to follow the load. */

const REMEMBERED = 32;

export class RecentTimes {
  readonly #times: number[] = [];
  readonly #most: number;
  #next = 0;

  constructor(most = REMEMBERED) {
    this.#most = most;
  }

  /** Milliseconds. */
  learn(time: number): void {
    this.#times[this.#next] = time;
    this.#next = (this.#next + 1) % this.#most;
  }

  /** One of those remembered, whichever; 0 before the first. */
  any(): number {
    return this.#times[Math.floor(Math.random() * this.#times.length)] ?? 0;
  }
}

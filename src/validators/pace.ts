/** How long wrong passwords of known names take, so that unknown names take as long. */

/** Times that are remembered. */
const KEPT = 32;
/** Nobody waits longer for nothing, in milliseconds. */
const LONGEST = 1000;

export class Pace {
  readonly #times: number[] = [];
  #next = 0;

  /** Milliseconds. */
  learn(time: number): void {
    this.#times[this.#next] = Math.min(time, LONGEST);
    this.#next = (this.#next + 1) % KEPT;
  }

  /** Waits until one of the remembered times, whichever, has passed since `started`. */
  async keep(started: number): Promise<void> {
    const time = this.#times[Math.floor(Math.random() * this.#times.length)] ?? 0;
    const rest = started + time - performance.now();
    // setTimeout() counts whole milliseconds, and less is lost in the noise.
    if (rest >= 1) await new Promise((resolve) => setTimeout(resolve, rest));
  }
}

/** So many at once, so many waiting, the rest turned away at once. */

export class Gate {
  readonly #width: number;
  readonly #queue: number;
  readonly #waiting: (() => void)[] = [];
  #inside = 0;

  constructor(width: number, queue: number) {
    this.#width = width;
    this.#queue = queue;
  }

  /** undefined: too many are waiting. Otherwise as `work` ends. */
  run<T>(work: () => Promise<T>): Promise<T> | undefined {
    if (this.#inside < this.#width) {
      this.#inside += 1;
      return this.#pass(work);
    }
    if (this.#waiting.length >= this.#queue) return undefined;
    return new Promise<void>((enter) => this.#waiting.push(enter)).then(() => this.#pass(work));
  }

  /** Whoever leaves hands the place on, so that nobody who comes later is faster. */
  async #pass<T>(work: () => Promise<T>): Promise<T> {
    try {
      return await work();
    } finally {
      const next = this.#waiting.shift();
      if (next) next();
      else this.#inside -= 1;
    }
  }
}

/**
 * Those who wait, in order of arrival; whoever has had enough goes from the middle. Chained, and who goes lets go of its
 * neighbours: crowd.ts says what a Set would do to the garbage collector.
 */
export interface Arrival {
  /** Both of the list alone. */
  before?: this | undefined;
  after?: this | undefined;
}

export class Arrivals<A extends Arrival> {
  #first: A | undefined;
  #last: A | undefined;
  #size = 0;

  get size(): number {
    return this.#size;
  }

  get oldest(): A | undefined {
    return this.#first;
  }

  add(arrival: A): void {
    arrival.before = this.#last;
    if (this.#last) this.#last.after = arrival;
    else this.#first = arrival;
    this.#last = arrival;
    this.#size += 1;
  }

  /** Nothing happens where it is not among them. */
  delete(arrival: A): void {
    const { before, after } = arrival;
    if (before === undefined && this.#first !== arrival) return;
    if (before) before.after = after;
    else this.#first = after;
    if (after) after.before = before;
    else this.#last = before;
    arrival.before = arrival.after = undefined;
    this.#size -= 1;
  }
}

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

  /** False: it is not among them. */
  delete(arrival: A): boolean {
    const { before, after } = arrival;
    if (before === undefined && this.#first !== arrival) return false;
    if (before) before.after = after;
    else this.#first = after;
    if (after) after.before = before;
    else this.#last = before;
    arrival.before = arrival.after = undefined;
    this.#size -= 1;
    return true;
  }

  /** Takes out the oldest ones, up to the first that is not meant. */
  take(isMeant: (arrival: A) => boolean = () => true): readonly A[] {
    const taken: A[] = [];
    for (let next = this.#first; next && isMeant(next); next = this.#first) {
      taken.push(next);
      this.delete(next);
    }
    return taken;
  }
}

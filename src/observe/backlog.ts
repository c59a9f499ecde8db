/**
 * Records that wait to be made lines of. A line made between two steps of a dialogue finds its code in no cache and takes
 * three times as long as one that is made after another: so they are made together.
 */

/** Milliseconds a record may wait. */
const PATIENCE = 100;
/** Records that wait at the most: a tenth of a second of a busy gateway. */
const ROOM = 256;

export class Backlog<T> {
  readonly #take: (records: readonly T[]) => void;
  #records: T[] = [];
  #timer: NodeJS.Timeout | undefined;

  /** `take` gets all that have come, in their order. */
  constructor(take: (records: readonly T[]) => void) {
    this.#take = take;
  }

  /** `urgent`: neither it nor what came before it waits any longer. */
  add(record: T, urgent: boolean): void {
    this.#records.push(record);
    if (urgent || this.#records.length >= ROOM) this.clear();
    else this.#timer ??= setTimeout(() => this.clear(), PATIENCE);
  }

  clear(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    const records = this.#records;
    this.#records = [];
    this.#take(records);
  }
}

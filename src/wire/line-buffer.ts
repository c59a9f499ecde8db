/** Bytes that have come and nobody has claimed yet, taken line by line or by count. Knows no socket and no protocol. */

const EMPTY = Buffer.alloc(0);
const LF = 10;
const CR = 13;

/** There is not enough yet. */
export const WAIT = Symbol("wait");

export class LineBuffer {
  #bytes: Buffer = EMPTY;
  /** Where the unclaimed bytes begin: lines are taken without making a view of what is left. */
  #start = 0;
  /** How far `#bytes` is known to hold no LF. */
  #scanned = 0;
  /** Inside a line that is too long: dropped up to its LF. */
  #dropping = false;

  /** Unclaimed bytes. */
  get length(): number {
    return this.#bytes.length - this.#start;
  }

  /** `chunk` is kept, not copied. */
  push(chunk: Buffer): void {
    const before = this.length;
    this.#bytes = before === 0 ? chunk : Buffer.concat([this.#bytes.subarray(this.#start), chunk]);
    this.#start = 0;
    this.#scanned = before;
  }

  /**
   * The ordinary case: nothing is kept and the first `count` bytes of `buffer` are just one line. Then it is told without
   * copying anything; undefined when that is not so.
   */
  lineAtOnce(buffer: Buffer, count: number, limit: number): string | undefined {
    if (this.length > 0 || this.#dropping || count > limit || buffer[count - 1] !== LF) return undefined;
    // Commands are short: calling `indexOf` takes longer than looking.
    for (let index = count - 2; index >= 0; index--) if (buffer[index] === LF) return undefined;
    return textOf(buffer, 0, count - 1);
  }

  /** The next line without its CRLF or LF, one character a byte. undefined: it was longer than `limit` and is dropped. */
  takeLine(limit: number): string | undefined | typeof WAIT {
    const end = this.#bytes.indexOf(LF, this.#scanned);
    if (end < 0) return this.#waitForLineEnd(limit);
    const start = this.#start;
    const wasDropping = this.#dropping;
    this.#dropping = false;
    const line = wasDropping || end - start > limit + 1 ? undefined : textOf(this.#bytes, start, end);
    this.#advance(end + 1);
    return line === undefined || line.length > limit ? undefined : line;
  }

  takeBytes(count: number): Buffer | typeof WAIT {
    if (this.length < count) return WAIT;
    const bytes = this.#bytes.subarray(this.#start, this.#start + count);
    this.#advance(this.#start + count);
    return bytes;
  }

  /** Everything, as bytes that no line has claimed. */
  takeAll(): Buffer {
    return this.takeBytes(this.length) as Buffer;
  }

  #waitForLineEnd(limit: number): typeof WAIT {
    this.#scanned = this.#bytes.length;
    if (this.#dropping || this.length > limit + 1) {
      this.#dropping = true;
      this.#advance(this.#bytes.length);
    }
    return WAIT;
  }

  #advance(to: number): void {
    this.#start = this.#scanned = to;
    if (to < this.#bytes.length) return;
    this.#bytes = EMPTY;
    this.#start = this.#scanned = 0;
  }
}

/** Without a CR before `end`. */
function textOf(bytes: Buffer, start: number, end: number): string {
  return bytes.toString("latin1", start, end > start && bytes[end - 1] === CR ? end - 1 : end);
}

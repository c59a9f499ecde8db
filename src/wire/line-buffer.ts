/**
 * Bytes that have come and nobody has claimed yet, taken line by line or by count. Kept as latin1 text, one character a
 * byte: most of it is lines, and an answer of many lines is made text of at once. Knows no socket and no protocol.
 */

const LF = "\n";
const CR = "\r";

/** There is not enough yet. */
export const WAIT = Symbol("wait");

export class LineBuffer {
  #text = "";
  /** Where the unclaimed bytes begin. */
  #start = 0;
  /** How far `#text` is known to hold no LF. */
  #scanned = 0;
  /** Inside a line that is too long: dropped up to its LF. */
  #dropping = false;

  /** Unclaimed bytes. */
  get length(): number {
    return this.#text.length - this.#start;
  }

  /** The first `count` bytes of `buffer`, which are copied. */
  push(buffer: Buffer, count: number): void {
    const before = this.length;
    // Not joined as strings: a byte at a time they would become a tree with a node for each.
    this.#text =
      before === 0
        ? buffer.toString("latin1", 0, count)
        : Buffer.concat([this.takeAll(), buffer.subarray(0, count)]).toString("latin1");
    this.#start = 0;
    this.#scanned = before;
  }

  /** The next line without its CRLF or LF. undefined: it was longer than `limit` and is dropped. */
  takeLine(limit: number): string | undefined | typeof WAIT {
    const end = this.#text.indexOf(LF, this.#scanned);
    if (end < 0) return this.#waitForLineEnd(limit);
    const start = this.#start;
    const wasDropping = this.#dropping;
    this.#dropping = false;
    const line = wasDropping || end - start > limit + 1 ? undefined : this.#cut(start, end);
    this.#advance(end + 1);
    return line === undefined || line.length > limit ? undefined : line;
  }

  takeBytes(count: number): Buffer | typeof WAIT {
    if (this.length < count) return WAIT;
    const bytes = Buffer.from(this.#text.slice(this.#start, this.#start + count), "latin1");
    this.#advance(this.#start + count);
    return bytes;
  }

  /** Everything, as bytes that no line has claimed. */
  takeAll(): Buffer {
    return this.length === 0 ? NOTHING : (this.takeBytes(this.length) as Buffer);
  }

  #waitForLineEnd(limit: number): typeof WAIT {
    this.#scanned = this.#text.length;
    if (this.#dropping || this.length > limit + 1) {
      this.#dropping = true;
      this.#advance(this.#text.length);
    }
    return WAIT;
  }

  /** Without a CR before `end`. */
  #cut(start: number, end: number): string {
    return this.#text.slice(start, end > start && this.#text[end - 1] === CR ? end - 1 : end);
  }

  #advance(to: number): void {
    this.#start = this.#scanned = to;
    if (to < this.#text.length) return;
    this.#text = "";
    this.#start = this.#scanned = 0;
  }
}

export const NOTHING = Buffer.alloc(0);

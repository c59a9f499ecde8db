/** Pulled reading for the sandbox's servers: lines that end in LF or CRLF and counted octets, never more than asked for. */
import type { Socket } from "node:net";

/** The client is gone, or was sent away; the session ends without another word. */
export class ConnectionOver extends Error {
  override readonly name = "ConnectionOver";
}

/** The client sends a line beyond the limit; it gets one answer and is sent away. */
export class LineTooLong extends Error {
  override readonly name = "LineTooLong";
}

const LF = 0x0a;
const CR = 0x0d;
const NOTHING = Buffer.alloc(0);

export class ByteReader {
  readonly #socket: Socket;
  readonly #beforeWaiting: () => Promise<void>;
  #held: Buffer = NOTHING;
  #over = false;
  #wake: (() => void) | undefined;

  /** `beforeWaiting` is called when all that has come is read: answers held back for pipelining have to leave then. */
  constructor(socket: Socket, beforeWaiting: () => Promise<void>) {
    this.#socket = socket;
    this.#beforeWaiting = beforeWaiting;
    socket.on("readable", () => this.#rouse());
    for (const event of ["end", "close", "error"]) socket.on(event, () => this.#finish());
  }

  /** The next line as Latin-1 text without its end. Throws LineTooLong beyond `limit` octets, ConnectionOver at the end. */
  async line(limit: number): Promise<string> {
    let searched = 0;
    for (;;) {
      const end = this.#held.indexOf(LF, searched);
      if (end > limit || (end < 0 && this.#held.length > limit))
        throw new LineTooLong(`A line exceeds ${limit} octets`);
      if (end >= 0) return this.#cutLine(end);
      searched = this.#held.length;
      this.#held = Buffer.concat([this.#held, await this.#chunk()]);
    }
  }

  /** Exactly `count` octets in a buffer of their own. */
  async bytes(count: number): Promise<Buffer> {
    const result = Buffer.allocUnsafeSlow(count);
    let filled = 0;
    for await (const piece of this.#pieces(count)) filled += piece.copy(result, filled);
    return result;
  }

  async discard(count: number): Promise<void> {
    let left = count;
    for await (const piece of this.#pieces(count)) left -= piece.length;
    if (left !== 0) throw new ConnectionOver("The connection ended inside a literal");
  }

  async *#pieces(count: number): AsyncGenerator<Buffer> {
    for (let left = count; left > 0;) {
      const chunk = this.#held.length > 0 ? this.#held : await this.#chunk();
      const piece = chunk.subarray(0, left);
      this.#held = chunk.subarray(piece.length);
      left -= piece.length;
      yield piece;
    }
  }

  #cutLine(end: number): string {
    const textEnd = end > 0 && this.#held[end - 1] === CR ? end - 1 : end;
    const text = this.#held.toString("latin1", 0, textEnd);
    this.#held = this.#held.subarray(end + 1);
    return text;
  }

  async #chunk(): Promise<Buffer> {
    for (let answered = false; ; answered = true) {
      const chunk = this.#socket.read() as Buffer | null;
      if (chunk !== null) return chunk;
      if (!answered) await this.#beforeWaiting();
      else if (this.#over) throw new ConnectionOver("The client has closed the connection");
      else await new Promise<void>((resolve) => (this.#wake = resolve));
    }
  }

  #finish(): void {
    this.#over = true;
    this.#rouse();
  }

  #rouse(): void {
    const wake = this.#wake;
    this.#wake = undefined;
    wake?.();
  }
}

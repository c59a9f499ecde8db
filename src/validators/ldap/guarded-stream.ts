/** What the driver takes for its connection: whole and well-formed messages only, and never more than an answer has. */
import type { Socket } from "node:net";
import { Duplex } from "node:stream";
import { checkMessage, messageLength } from "./message.ts";

/** What a server may send for one question: a group list with a thousand members is smaller. Bytes. */
const ANSWER_LIMIT = 4_194_304;

export class GuardedStream extends Duplex {
  /** As net.Socket has it: the connection has been made. */
  readonly connecting = false;
  readonly #socket: Socket;
  #rest: Buffer = Buffer.alloc(0);
  #received = 0;

  constructor(socket: Socket) {
    super();
    this.#socket = socket;
    socket.on("data", (bytes: Buffer) => this.#receive(bytes));
    socket.on("end", () => this.push(null));
    socket.on("error", (error) => this.destroy(error));
    socket.on("close", () => this.destroy());
  }

  get readyState(): "open" | "closed" {
    return this.destroyed || this.#socket.destroyed ? "closed" : "open";
  }

  /** The bytes received so far belong to questions that have been answered. */
  startAnswer(): void {
    this.#received = 0;
  }

  override _read(): void {
    // Messages are passed on as they come; their size is bounded.
  }

  override _write(chunk: Buffer, _encoding: BufferEncoding, done: (error?: Error | null) => void): void {
    this.#socket.write(chunk, done);
  }

  override _destroy(error: Error | null, done: (error?: Error | null) => void): void {
    this.#socket.destroy();
    done(error);
  }

  #receive(bytes: Buffer): void {
    if (this.destroyed) return;
    this.#received += bytes.length;
    this.#rest = this.#rest.length === 0 ? bytes : Buffer.concat([this.#rest, bytes]);
    try {
      if (this.#received > ANSWER_LIMIT) throw new Error("the server's answer has no end");
      this.#passOn();
    } catch (error) {
      this.destroy(error instanceof Error ? error : undefined);
    }
  }

  /** Throws Error for what is no LDAP. */
  #passOn(): void {
    for (let length = messageLength(this.#rest); length !== undefined; length = messageLength(this.#rest)) {
      if (length > ANSWER_LIMIT) throw new Error("the server's answer has no end");
      if (this.#rest.length < length) return;
      this.push(checkMessage(this.#rest.subarray(0, length)));
      this.#rest = this.#rest.subarray(length);
    }
  }
}

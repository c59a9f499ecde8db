/** Writing for the sandbox's servers: small pieces are gathered into one write, and a slow client makes its session wait. */
import type { Socket } from "node:net";
import { ConnectionOver } from "./reader.ts";

/** Gathered octets that are worth a write of their own. */
const BATCH = 64 * 1024;

export class Outbox {
  readonly #socket: Socket;
  #pieces: Buffer[] = [];
  #octets = 0;

  constructor(socket: Socket) {
    this.#socket = socket;
  }

  /** Strings are Latin-1. The bytes of a buffer must not change until it is flushed. */
  async write(...pieces: readonly (string | Buffer)[]): Promise<void> {
    for (const piece of pieces) {
      const bytes = typeof piece === "string" ? Buffer.from(piece, "latin1") : piece;
      this.#pieces.push(bytes);
      this.#octets += bytes.length;
      if (this.#octets >= BATCH) await this.flush();
    }
  }

  /** Hands everything to the socket; waits for the client where the socket is full. Throws ConnectionOver. */
  async flush(): Promise<void> {
    const pieces = this.#pieces;
    this.#pieces = [];
    this.#octets = 0;
    if (!this.#socket.writable) throw new ConnectionOver("The client is gone");
    if (!this.#send(pieces)) await drained(this.#socket);
  }

  #send(pieces: readonly Buffer[]): boolean {
    let ready = true;
    this.#socket.cork();
    for (const piece of pieces) if (piece.length > 0) ready = this.#socket.write(piece);
    this.#socket.uncork();
    return ready;
  }
}

function drained(socket: Socket): Promise<void> {
  return new Promise((resolve, reject) => {
    const done = (): void => {
      socket.off("drain", done).off("close", done);
      if (socket.writable) resolve();
      else reject(new ConnectionOver("The client is gone"));
    };
    socket.on("drain", done).on("close", done);
  });
}

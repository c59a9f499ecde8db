/**
 * A connection and its one user: first the wire, line by line, then the relay. Node's events are heard here and nowhere
 * else, by functions that all connections share, so that changing the user costs one assignment and no closure.
 */
import type { OnReadOpts, Socket } from "node:net";
import { clearDeadline, startDeadline } from "./deadlines.ts";

/** Whoever reads from and writes to the connection at the moment. */
export interface LinkUser {
  /**
   * The first `count` bytes of `buffer` have come. They are only valid during the call when the buffer is `borrowed`.
   * False stops reading until `socket.resume()`.
   */
  heard(buffer: Buffer, count: number, borrowed: boolean): boolean;
  /** What was written has been sent. */
  drained(): void;
  /** The peer has said its last word. */
  ended(): void;
  broken(error: Error): void;
  closed(): void;
}

/**
 * All idle connections read into this one; what arrives is copied out at once. 16 KiB: commands and answers fit, and
 * whoever fills it is a bulk transfer, for which the relay lends a larger buffer.
 */
export const SHARED_BUFFER = Buffer.allocUnsafeSlow(16384);

/** Milliseconds for the last words to be sent: what a few lost packets take. */
const CLOSING_TIME = 10_000;

const LINK = Symbol("link");

interface Plugged extends Socket {
  [LINK]?: Link;
}

export class Link {
  /** Set by the user itself, before anything can happen. */
  user!: LinkUser;
  /** Another buffer to read into from the next delivery on; only for sockets opened with `onread`. */
  nextBuffer: Buffer | undefined = SHARED_BUFFER;
  #socket!: Plugged;
  #isOnread = false;

  /** A link over a socket that reads in the ordinary way (TLS, or accepted without `onread`). */
  static over(socket: Socket): Link {
    const link = new Link();
    link.plug(socket);
    return link;
  }

  get socket(): Socket {
    return this.#socket;
  }

  /** The option for a socket about to be made: Node then allocates nothing for reading. `plug` it afterwards. */
  onread(): OnReadOpts {
    this.#isOnread = true;
    return {
      buffer: () => this.#takeNextBuffer() as Buffer,
      callback: (count, buffer) => this.user.heard(buffer as Buffer, count, true),
    };
  }

  plug(socket: Socket): void {
    this.#socket = socket;
    this.#socket[LINK] = this;
    if (!this.#isOnread) socket.on("data", onData);
    socket.on("drain", onDrain);
    socket.on("end", onEnd);
    socket.on("error", onError);
    socket.on("close", onClose);
  }

  /** Lets go of the socket: nothing of it is heard any more. */
  unplug(): Socket {
    const socket = this.#socket;
    socket.pause();
    socket.off("data", onData);
    socket.off("drain", onDrain);
    socket.off("end", onEnd);
    socket.off("error", onError);
    socket.off("close", onClose);
    return socket;
  }

  /** Sends what is queued (TLS: the close_notify as well), then closes. A peer that does not take it has its time, too. */
  close(): void {
    const socket = this.#socket;
    if (socket.destroyed) return;
    if (socket.writableLength === 0 && !("encrypted" in socket)) return void socket.destroy();
    const deadline = startDeadline(CLOSING_TIME, () => socket.destroy());
    socket.once("close", () => clearDeadline(deadline));
    socket.destroySoon();
  }

  /** Node asks before the first byte and after each delivery; undefined keeps the buffer in use. */
  #takeNextBuffer(): Buffer | undefined {
    const buffer = this.nextBuffer;
    this.nextBuffer = undefined;
    return buffer;
  }
}

function onData(this: Plugged, bytes: Buffer): void {
  if (!this[LINK]!.user.heard(bytes, bytes.length, false)) this.pause();
}

function onDrain(this: Plugged): void {
  this[LINK]!.user.drained();
}

function onEnd(this: Plugged): void {
  this[LINK]!.user.ended();
}

function onError(this: Plugged, error: Error): void {
  this[LINK]!.user.broken(error);
}

function onClose(this: Plugged): void {
  this[LINK]!.user.closed();
}

/** A copy of the first `count` bytes of a buffer that others will write into. */
export function copyOut(buffer: Buffer, count: number): Buffer {
  const copy = Buffer.allocUnsafe(count);
  buffer.copy(copy, 0, 0, count);
  return copy;
}

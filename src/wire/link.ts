/**
 * A connection and its one user: first the wire, line by line, then the relay. What happens on the connection is heard
 * here and nowhere else, so that changing the user costs one assignment and no closure.
 */
import { Socket } from "node:net";
import { clearDeadline, startDeadline, type Deadline } from "./deadlines.ts";
import { sendSoon, type Sender, type Side } from "./outbox.ts";
import type { Handle } from "./tcp-handle.ts";

/** Whoever reads from and writes to the connection at the moment. */
export interface LinkUser {
  /**
   * The first `count` bytes of `buffer` have come. They are only valid during the call when the buffer is `borrowed`.
   * False stops reading until `resume()`.
   */
  heard(buffer: Buffer, count: number, borrowed: boolean): boolean;
  /** What was written has been sent. */
  drained(): void;
  /** The peer has said its last word. */
  ended(): void;
  broken(error: Error): void;
  closed(): void;
}

/** What a user needs of a connection: Node's sockets have it, and raw-tcp.ts and raw-tls.ts do the same for less. */
export interface Connection {
  readonly remoteAddress?: string | undefined;
  readonly remotePort?: number | undefined;
  /** Bytes read that nobody has heard yet. */
  readonly readableLength: number;
  readonly bytesRead: number;
  readonly bytesWritten: number;
  /** Bytes written that the system has not taken yet. */
  readonly writableLength: number;
  readonly writableEnded: boolean;
  readonly readableEnded: boolean;
  /** `destroy()` was called, or an error did it. */
  readonly destroyed: boolean;
  /** Everything is over, and has been told. */
  readonly closed: boolean;
  /** When `write` says true, nobody reads the data any more; Node's sockets may have put them into a queue. */
  readonly takesAtOnce?: true;
  /** False: the peer does not keep up, wait for `drained`; unless `writableLength` is 0 all the same. */
  write(data: string | Uint8Array): boolean;
  pause(): unknown;
  resume(): unknown;
  /** Half-close: nothing more will be written. */
  end(): unknown;
  destroy(): unknown;
  /** Sends what is queued, then closes. */
  destroySoon(): void;
  /** Gives up its handle, for TLS to wrap. Missing: there is none to be had. */
  giveUp?(): Handle;
}

/** Milliseconds for the last words to be sent: what a few lost packets take. */
const CLOSING_TIME = 10_000;

/** Longer pieces are a transfer: they gain nothing by waiting, and their buffer may be read into again. */
const SMALL = 4096;

const LINK = Symbol("link");

/** The user of a connection that is over. */
const NOBODY: LinkUser = {
  heard: () => true,
  drained: () => undefined,
  ended: () => undefined,
  broken: () => undefined,
  closed: () => undefined,
};

interface Plugged extends Socket {
  [LINK]?: Link;
}

export class Link implements Sender {
  /** Set by the user itself, before anything can happen. */
  user!: LinkUser;
  readonly side: Side;
  /** Another buffer to read into from the next delivery on; only a raw connection asks. */
  nextBuffer: Buffer | undefined;
  #connection!: Connection;
  #closing: Deadline | undefined;
  /** Waits for the end of the turn. */
  #unsent: string | Uint8Array | undefined;

  constructor(side: Side) {
    this.side = side;
  }

  /** A link over one of Node's sockets. */
  static over(socket: Socket, side: Side): Link {
    const link = new Link(side);
    link.plug(socket);
    listen(socket, link);
    return link;
  }

  get socket(): Connection {
    return this.#connection;
  }

  plug(connection: Connection): void {
    this.#connection = connection;
  }

  /** As a connection's, but small pieces are sent together with all others of this turn of the event loop. */
  write(data: string | Uint8Array): boolean {
    this.send();
    const connection = this.#connection;
    if (data.length > SMALL || connection.writableLength > 0) return connection.write(data);
    this.#unsent = data;
    sendSoon(this, this.side);
    return true;
  }

  /** Sends now what waits for the end of the turn. */
  send(): void {
    const data = this.#unsent;
    if (data === undefined) return;
    this.#unsent = undefined;
    const connection = this.#connection;
    if (!connection.destroyed && !connection.writableEnded) connection.write(data);
  }

  /** Half-close, after what was written. */
  end(): void {
    this.send();
    this.#connection.end();
  }

  /** Closes at once. What was written goes out before, as far as the system takes it. */
  destroy(): void {
    this.send();
    this.#connection.destroy();
  }

  /** Lets go of the connection: nothing of it is heard any more. undefined: it has no handle to give. */
  takeHandle(): Handle | undefined {
    this.send();
    this.#connection.pause();
    return this.#connection.giveUp?.();
  }

  /** As `takeHandle`, as one of Node's sockets. */
  unplug(): Socket {
    const handle = this.takeHandle();
    const socket = handle
      ? new Socket({ handle, allowHalfOpen: true, pauseOnCreate: true } as never)
      : (this.#connection as Socket);
    forget(socket);
    this.#connection = socket;
    return socket;
  }

  /** Sends what is queued (TLS: the close_notify as well), then closes. A peer that does not take it has its time, too. */
  close(): void {
    const connection = this.#connection;
    this.send();
    if (connection.destroyed) return;
    if (connection.writableLength === 0 && !("encrypted" in connection)) return void connection.destroy();
    this.#closing ??= startDeadline(CLOSING_TIME, () => connection.destroy());
    connection.destroySoon();
  }

  /** The connection is closed. Its user is let go of: for a dead link the garbage collector would carry a whole session. */
  over(): void {
    if (this.#closing) clearDeadline(this.#closing);
    const { user } = this;
    this.user = NOBODY;
    user.closed();
  }
}

function listen(socket: Plugged, link: Link): void {
  socket[LINK] = link;
  socket.on("data", onData);
  socket.on("drain", onDrain);
  socket.on("end", onEnd);
  socket.on("error", onError);
  socket.on("close", onClose);
}

function forget(socket: Socket): void {
  socket.off("data", onData);
  socket.off("drain", onDrain);
  socket.off("end", onEnd);
  socket.off("error", onError);
  socket.off("close", onClose);
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
  this[LINK]!.over();
}

/** A copy of the first `count` bytes of a buffer that others will write into. */
export function copyOut(buffer: Buffer, count: number): Buffer {
  const copy = Buffer.allocUnsafe(count);
  buffer.copy(copy, 0, 0, count);
  return copy;
}

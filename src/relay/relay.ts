/**
 * Bytes after logon, both ways, nothing lost and nothing changed: back-pressure and half-close are passed on, idle
 * connections are ended. Handlers are shared functions that find their other side on the socket: a held session owns
 * two sockets and three small records, no closures and, while it is silent, no buffer.
 */
import type { Socket } from "node:net";
import { addDeadline, clearDeadline, coarseNow, type Deadline } from "../wire/deadlines.ts";
import { copyOut, type Outlet, type Released } from "../wire/wire.ts";
import { borrowBuffer, COPY_LIMIT, returnBuffer } from "./buffers.ts";

/** When one side has ended, the other gets this long to finish, and not the idle time of a living session. */
const HALF_CLOSED_TIME = 10_000;

export interface RelayEnd {
  /** Bytes from client to backend. */
  readonly up: number;
  /** Bytes from backend to client. */
  readonly down: number;
  readonly why: "closed" | "idle" | "broken" | "stopped";
}

export interface Relay {
  /** Ends both connections now. */
  stop(): void;
}

/** Hears what passes; only set where someone watches. */
export type RelayTap = (from: "client" | "backend", bytes: Buffer) => void;

const SIDE = Symbol("side");

interface Plugged extends Socket {
  [SIDE]?: Side;
}

/** One of the two connections. */
interface Side {
  readonly socket: Plugged;
  readonly session: Session;
  other: Side;
  /** Has said its last word. */
  ended: boolean;
  closed: boolean;
  /** The large buffer it reads into while much is coming. */
  lent: Buffer | undefined;
}

/** Joins two connections. `done` is called once, when both are closed. `idle` in milliseconds. */
export function relay(
  client: Released,
  backend: Released,
  idle: number,
  done: (end: RelayEnd) => void,
  tap?: RelayTap,
): Relay {
  return new Session(client, backend, idle, done, tap);
}

class Session implements Relay, Deadline {
  at: number;
  why: RelayEnd["why"] = "closed";
  readonly idle: number;
  readonly client: Side;
  readonly #done: (end: RelayEnd) => void;
  readonly #tap: RelayTap | undefined;

  constructor(client: Released, backend: Released, idle: number, done: (end: RelayEnd) => void, tap?: RelayTap) {
    this.idle = idle;
    this.at = coarseNow() + idle;
    this.#done = done;
    this.#tap = tap;
    addDeadline(this);
    const [near, far] = [this.#plug(client), this.#plug(backend)];
    this.client = near;
    near.other = far;
    far.other = near;
    start(near, client);
    start(far, backend);
  }

  #plug(end: Released): Side {
    const socket: Plugged = end.socket;
    const side: Side = {
      socket,
      session: this,
      other: undefined as never,
      ended: false,
      closed: false,
      lent: undefined,
    };
    socket[SIDE] = side;
    return side;
  }

  heard(side: Side, bytes: Buffer): void {
    this.at = coarseNow() + this.idle;
    this.#tap?.(side === this.client ? "client" : "backend", bytes);
  }

  expire(): void {
    this.#finish("idle");
  }

  stop(): void {
    this.#finish("stopped");
  }

  #finish(why: RelayEnd["why"]): void {
    this.why = why;
    this.client.socket.destroy();
    this.client.other.socket.destroy();
  }

  /** Both are closed. */
  close(): void {
    clearDeadline(this);
    const { socket, other } = this.client;
    // Not before: until now the other side may have been writing from it.
    if (other.lent) returnBuffer(other.lent);
    this.#done({ up: socket.bytesRead, down: socket.bytesWritten, why: this.why });
  }
}

function start(side: Side, { socket, outlet, pending }: Released): void {
  socket.on("drain", onDrain);
  socket.on("end", onEnd);
  socket.on("error", onError);
  socket.on("close", onClose);
  if (pending.length > 0) pass(side, pending);
  if (outlet) deliverTo(side, outlet);
  else socket.on("data", onData);
}

function onData(this: Plugged, bytes: Buffer): void {
  pass(this[SIDE]!, bytes);
}

/** Writes to the other side, and stops reading when that side does not keep up. False: stopped. */
function pass(side: Side, bytes: Buffer): boolean {
  const { session, other } = side;
  session.heard(side, bytes);
  if (other.closed || other.socket.writableEnded) return true;
  if (other.socket.write(bytes) || other.socket.writableLength === 0) return true;
  side.socket.pause();
  return false;
}

/**
 * A socket opened with `onread` (a backend in the clear): small pieces are copied out of the buffer that all of them
 * share; whoever fills it borrows a large one, written from without copying, and returns it when the rush is over.
 */
function deliverTo(side: Side, outlet: Outlet): void {
  let next: Buffer | undefined;
  outlet.deliver = (buffer, count) => {
    const { lent } = side;
    const rush = count >= (lent ? COPY_LIMIT : buffer.length);
    const going = pass(side, lent && rush ? buffer.subarray(0, count) : copyOut(buffer, count));
    if (rush && !lent) next = side.lent = borrowBuffer();
    else if (!rush && lent && going) {
      next = returnBuffer(lent);
      side.lent = undefined;
    }
    return going;
  };
  outlet.nextBuffer = () => {
    const buffer = next;
    next = undefined;
    return buffer;
  };
}

function onDrain(this: Plugged): void {
  const { other } = this[SIDE]!;
  if (!other.closed) other.socket.resume();
}

function onEnd(this: Plugged): void {
  const side = this[SIDE]!;
  side.ended = true;
  sayLastWord(side);
}

/** One side has ended or is gone: the other hears of it; when both have, closing says the rest. */
function sayLastWord(side: Side): void {
  const { session, other } = side;
  session.at = Math.min(session.at, coarseNow() + HALF_CLOSED_TIME);
  if (other.ended || other.closed) for (const { socket } of [side, other]) closeWhenSent(socket);
  else other.socket.end();
}

function closeWhenSent(socket: Socket): void {
  if (socket.writableLength === 0) socket.destroy();
  else socket.destroySoon();
}

function onError(this: Plugged): void {
  const { session } = this[SIDE]!;
  if (session.why === "closed") session.why = "broken";
}

function onClose(this: Plugged): void {
  const side = this[SIDE]!;
  side.closed = true;
  if (side.other.closed) side.session.close();
  else if (!side.ended) sayLastWord(side);
}

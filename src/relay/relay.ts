/**
 * Bytes after logon, both ways, nothing lost and nothing changed: back-pressure and half-close are passed on, idle
 * connections are ended. A held session owns two sockets and three small objects and, while it is silent, no
 * buffer.
 */
import { addDeadline, clearDeadline, coarseNow, type Deadline } from "../wire/deadlines.ts";
import { copyOut, type Link, type LinkUser } from "../wire/link.ts";
import type { Released } from "../wire/wire.ts";
import { sayLastWordSoon, type Speaker } from "./last-words.ts";
import { borrowBuffer, mayStay, returnBuffer, RUSH } from "./buffers.ts";

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
  place: number | undefined = undefined;
  why: RelayEnd["why"] = "closed";
  /** Milliseconds that each piece wins. */
  #patience: number;
  readonly client: Side;
  readonly #done: (end: RelayEnd) => void;
  readonly #tap: RelayTap | undefined;

  constructor(client: Released, backend: Released, idle: number, done: (end: RelayEnd) => void, tap?: RelayTap) {
    this.#patience = idle;
    this.at = coarseNow() + idle;
    this.#done = done;
    this.#tap = tap;
    addDeadline(this);
    const far = new Side(this, backend.link);
    this.client = new Side(this, client.link, far);
    if (client.pending.length > 0) this.client.pass(client.pending);
    if (backend.pending.length > 0) far.pass(backend.pending);
    this.client.catchUp();
    far.catchUp();
  }

  /** Something passes: the session is alive. */
  touch(side: Side, bytes: Buffer): void {
    if (this.#patience > 0) this.at = coarseNow() + this.#patience;
    this.#tap?.(side === this.client ? "client" : "backend", bytes);
  }

  /** One side has said its last word; `isGone`: nothing that the other says will reach anybody. */
  hurry(isGone: boolean): void {
    this.at = Math.min(this.at, coarseNow() + HALF_CLOSED_TIME);
    this.#patience = isGone ? 0 : Math.min(this.#patience, HALF_CLOSED_TIME);
  }

  expire(): void {
    this.#finish("idle");
  }

  stop(): void {
    this.#finish("stopped");
  }

  #finish(why: RelayEnd["why"]): void {
    this.why = why;
    this.client.link.destroy();
    this.client.other.link.destroy();
  }

  /** Both are closed. */
  end(): void {
    clearDeadline(this);
    const { client } = this;
    // Not before: until now each side may have been writing from the other's buffer.
    for (const { lent } of [client, client.other]) if (lent) returnBuffer(lent);
    this.#done({ up: client.passed, down: client.other.passed, why: this.why });
  }
}

/** One of the two connections. */
class Side implements LinkUser, Speaker {
  readonly link: Link;
  readonly #session: Session;
  other!: Side;
  /** The large buffer it reads into while much is coming. */
  lent: Buffer | undefined;
  /** Bytes that came from here. */
  passed = 0;
  hasEnded = false;
  isClosed = false;

  constructor(session: Session, link: Link, other?: Side) {
    this.#session = session;
    this.link = link;
    link.user = this;
    if (!other) return;
    this.other = other;
    other.other = this;
  }

  /**
   * Small pieces are copied out of the buffer that all connections share; whoever fills it borrows a large one, written
   * from without copying, and returns it when the rush is over.
   */
  heard(buffer: Buffer, count: number, borrowed: boolean): boolean {
    if (!borrowed) return this.pass(buffer);
    const { lent } = this;
    const to = this.other.link.socket;
    const isRush = count >= (lent ? RUSH : buffer.length);
    const isUnsent = to.writableLength > 0;
    const goesOn = this.pass(lent && isRush && mayStay(count, to) ? buffer.subarray(0, count) : copyOut(buffer, count));
    if (isRush && !lent) this.link.nextBuffer = this.lent = borrowBuffer();
    else if (!isRush && lent && !isUnsent) {
      this.link.nextBuffer = returnBuffer(lent);
      this.lent = undefined;
    }
    return goesOn;
  }

  /** Writes to the other side, and stops reading when that side does not keep up. False: stopped. */
  pass(bytes: Buffer): boolean {
    this.passed += bytes.length;
    this.#session.touch(this, bytes);
    const { link } = this.other;
    if (this.other.isClosed || link.socket.writableEnded) return true;
    if (link.write(bytes) || link.socket.writableLength === 0) return true;
    this.link.socket.pause();
    return false;
  }

  drained(): void {
    if (!this.other.isClosed) this.other.link.socket.resume();
  }

  ended(): void {
    this.hasEnded = true;
    this.#endsHere();
  }

  broken(): void {
    if (this.#session.why === "closed") this.#session.why = "broken";
  }

  closed(): void {
    this.isClosed = true;
    if (this.other.isClosed) return this.#session.end();
    if (this.hasEnded) this.#session.hurry(true);
    else this.#endsHere();
    // Nobody is left to be slow: what the other still says is dropped, and its end is heard.
    this.other.link.socket.resume();
  }

  /** Hears of what happened before it listened; Node does not say it again. */
  catchUp(): void {
    const { socket } = this.link;
    if (socket.closed) this.closed();
    else if (socket.readableEnded && !socket.destroyed) this.ended();
  }

  /** This side has ended or is gone: the other hears of it; when both have, closing says the rest. */
  #endsHere(): void {
    const { other } = this;
    this.#session.hurry(this.isClosed);
    if (!other.hasEnded && !other.isClosed) return sayLastWordSoon(other);
    this.link.close();
    other.link.close();
  }

  /** The other side has ended some time ago. */
  sayLastWord(): void {
    if (!this.hasEnded && !this.isClosed) this.link.end();
  }
}

/**
 * What connections straight on Node's handles have in common: reading, failing and being over. A logon is so short that
 * `net.Socket` costs more than all of our own work: two streams with their states, queues, events and ticks for seven
 * small writes; and each of its reads allocates 64 KiB.
 */
import { getSystemErrorName } from "node:util";
import type { Connection, Link } from "./link.ts";
import { tcp, type Handle, type Request } from "./tcp-handle.ts";

export abstract class RawConnection implements Connection {
  readonly takesAtOnce = true;
  /** Nothing heard is kept here. */
  readonly readableLength = 0;
  writableLength = 0;
  writableEnded = false;
  readableEnded = false;
  destroyed = false;
  closed = false;
  bytesRead = 0;
  bytesWritten = 0;
  protected readonly handle: Handle;
  protected readonly link: Link;
  #buffer: Buffer;
  #isReading = false;
  #address: string | undefined;
  #port: number | undefined;

  /** `buffer`: to read into, until the link names another. */
  constructor(handle: Handle, link: Link, buffer: Buffer) {
    this.handle = handle;
    this.link = link;
    this.#buffer = buffer;
    link.plug(this);
    handle.owner = this;
    handle.onread = onRead;
    handle.useUserBuffer(buffer);
  }

  abstract write(data: string | Uint8Array): boolean;
  abstract end(): void;
  abstract destroySoon(): void;

  /** `count` bytes are no longer waiting to be sent. `status`: libuv's, negative when they cannot be. */
  abstract written(count: number, status: number): void;

  protected abstract close(): void;

  /** Who knows the peer. */
  protected abstract readonly tcp: Handle;

  get remoteAddress(): string | undefined {
    this.#askPeer();
    return this.#address;
  }

  get remotePort(): number | undefined {
    this.#askPeer();
    return this.#port;
  }

  pause(): void {
    if (!this.#isReading) return;
    this.#isReading = false;
    if (!this.destroyed) this.handle.readStop();
  }

  resume(): void {
    if (this.#isReading || this.destroyed || this.readableEnded) return;
    this.#isReading = true;
    this.handle.readStart();
  }

  destroy(): void {
    if (this.destroyed) return;
    this.destroyed = true;
    this.close();
    // Node would call back, too, but dearly: setting the callback and coming back into JavaScript cost more than closing.
    void LATER.then(() => this.#over());
  }

  /** Bytes have come: where to read next, if elsewhere. */
  heard(count: number): Buffer | undefined {
    this.bytesRead += count;
    if (!this.link.user.heard(this.#buffer, count, true)) this.pause();
    const next = this.link.nextBuffer;
    if (next === undefined) return undefined;
    this.link.nextBuffer = undefined;
    return (this.#buffer = next);
  }

  ended(): void {
    this.readableEnded = true;
    this.#isReading = false;
    this.link.user.ended();
  }

  /** `code`: libuv's. */
  fail(code: number, call: "connect" | "read" | "write", where = ""): void {
    this.broken(new Error(`${call} ${getSystemErrorName(code)}${where}`));
  }

  /** Gives the data to the handle. False: it has failed, and the connection with it. */
  protected hand(request: Request, data: string | Uint8Array): boolean {
    const failure =
      typeof data === "string" ? this.handle.writeUtf8String(request, data) : this.handle.writeBuffer(request, data);
    if (failure !== 0) this.fail(failure, "write");
    return failure === 0;
  }

  broken(error: Error): void {
    if (this.destroyed) return;
    this.link.user.broken(error);
    this.destroy();
  }

  #over(): void {
    this.closed = true;
    this.link.over();
  }

  #askPeer(): void {
    if (this.#port !== undefined || this.tcp.getpeername(PEER) !== 0) return;
    this.#address = PEER.address;
    this.#port = PEER.port;
  }
}

/** Node writes into it; with its properties already there that takes a third of the time. */
const PEER = { address: "", family: "", port: 0 };

const LATER = Promise.resolve();

/** A request that tells the connection when the bytes are written. */
export function newWrite(): Request {
  const request = new tcp!.WriteWrap();
  request.oncomplete = onWritten;
  return request;
}

/** Node's own callbacks, one function each for all connections. */
function onRead(this: Handle): Buffer | undefined {
  const { state, readBytesOrError, endOfFile } = tcp!;
  const count = state[readBytesOrError]!;
  const raw = this.owner as RawConnection;
  // TLS goes on giving what it has.
  if (raw.destroyed) return undefined;
  if (count > 0) return raw.heard(count);
  if (count === endOfFile) raw.ended();
  else if (count < 0) raw.fail(count, "read");
  return undefined;
}

function onWritten(this: Request, status: number): void {
  (this.handle!.owner as RawConnection).written(this.count ?? 0, status);
}

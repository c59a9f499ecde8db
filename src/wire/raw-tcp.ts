/**
 * A TCP connection straight on Node's handle. A logon is so short that `net.Socket` costs more than all of our own work:
 * two streams with their states, queues, events and ticks for seven small writes; and each of its reads allocates 64 KiB.
 * This is the one place, with accept.ts, that touches what Node does not document. Where Node does not offer it (the
 * permission model, a version to come), `tcp` is undefined and ordinary sockets do the same, only dearer.
 */
import { Socket } from "node:net";
import { getSystemErrorName } from "node:util";
import type { Connection, Link } from "./link.ts";
import { sendSoon } from "./outbox.ts";
import { tcp, type Handle, type Request } from "./tcp-handle.ts";

/**
 * All idle connections read into this one; what arrives is copied out at once. 16 KiB: commands and answers fit, and
 * whoever fills it is a bulk transfer, for which the relay lends a larger buffer.
 */
export const SHARED_BUFFER = Buffer.allocUnsafeSlow(16384);

export class RawTcp implements Connection {
  /** Nothing heard is kept here. */
  readonly readableLength = 0;
  writableLength = 0;
  writableEnded = false;
  readableEnded = false;
  destroyed = false;
  closed = false;
  bytesRead = 0;
  bytesWritten = 0;
  readonly #handle: Handle;
  readonly #link: Link;
  #buffer: Buffer = SHARED_BUFFER;
  #isReading = false;
  /** The handle is another's now. */
  #isGivenUp = false;
  #closesWhenSent = false;
  #address: string | undefined;
  #port: number | undefined;

  constructor(handle: Handle, link: Link) {
    this.#handle = handle;
    this.#link = link;
    link.plug(this);
    handle.owner = this;
    handle.onread = onRead;
    handle.useUserBuffer(SHARED_BUFFER);
  }

  setNoDelay(): void {
    this.#handle.setNoDelay(true);
  }

  get remoteAddress(): string | undefined {
    this.#askPeer();
    return this.#address;
  }

  get remotePort(): number | undefined {
    this.#askPeer();
    return this.#port;
  }

  write(data: string | Uint8Array): boolean {
    if (this.destroyed || this.writableEnded) return false;
    const { state, lastWriteWasAsync, bytesWritten } = tcp!;
    const request = spare ?? newWrite();
    const failure =
      typeof data === "string" ? this.#handle.writeUtf8String(request, data) : this.#handle.writeBuffer(request, data);
    if (failure !== 0) {
      this.fail(failure, "write");
      return false;
    }
    const count = state[bytesWritten]!;
    this.bytesWritten += count;
    if (state[lastWriteWasAsync] === 0) return true;
    // The system has not taken all of it: the data must live, and the writer had better wait.
    spare = undefined;
    request.handle = this.#handle;
    request.data = data;
    request.count = count;
    this.writableLength += count;
    return false;
  }

  pause(): void {
    if (!this.#isReading) return;
    this.#isReading = false;
    if (!this.destroyed) this.#handle.readStop();
  }

  resume(): void {
    if (this.#isReading || this.#isGivenUp || this.destroyed || this.readableEnded) return;
    this.#isReading = true;
    this.#handle.readStart();
  }

  end(): void {
    if (this.writableEnded || this.destroyed) return;
    this.writableEnded = true;
    // Nobody waits for it: without a callback Node does not come back into JavaScript.
    this.#handle.shutdown(new tcp!.ShutdownWrap());
  }

  destroy(): void {
    if (this.destroyed) return;
    this.destroyed = true;
    this.#handle.close();
    // Node would call back, too, but dearly: setting the callback and coming back into JavaScript cost more than closing.
    void LATER.then(() => this.#over());
  }

  destroySoon(): void {
    if (this.writableLength === 0) this.destroy();
    else this.#closesWhenSent = true;
  }

  toSocket(): Socket {
    this.#isGivenUp = true;
    return new Socket({ handle: this.#handle, allowHalfOpen: true, pauseOnCreate: true } as never);
  }

  /** Bytes have come: where to read next, if elsewhere. */
  heard(count: number): Buffer | undefined {
    this.bytesRead += count;
    if (!this.#link.user.heard(this.#buffer, count, true)) this.pause();
    const next = this.#link.nextBuffer;
    if (next === undefined) return undefined;
    this.#link.nextBuffer = undefined;
    return (this.#buffer = next);
  }

  ended(): void {
    this.readableEnded = true;
    this.#isReading = false;
    this.#link.user.ended();
  }

  /** `code`: libuv's. */
  fail(code: number, call: "connect" | "read" | "write", where = ""): void {
    if (this.destroyed) return;
    this.#link.user.broken(new Error(`${call} ${getSystemErrorName(code)}${where}`));
    this.destroy();
  }

  written(count: number, status: number): void {
    this.writableLength -= count;
    if (status < 0) return this.fail(status, "write");
    if (this.writableLength > 0 || this.destroyed) return;
    if (this.#closesWhenSent) this.destroy();
    else this.#link.user.drained();
  }

  #over(): void {
    this.closed = true;
    this.#link.over();
  }

  #askPeer(): void {
    if (this.#port !== undefined || this.#handle.getpeername(PEER) !== 0) return;
    this.#address = PEER.address;
    this.#port = PEER.port;
  }
}

/** Node writes into it; with its properties already there that takes a third of the time. */
const PEER = { address: "", family: "", port: 0 };

/** Most writes are taken at once and leave their request unused: one does for all until it is needed. */
let spare: Request | undefined;

function newWrite(): Request {
  spare = new tcp!.WriteWrap();
  spare.oncomplete = onWritten;
  return spare;
}

/** Node's own callbacks, one function each for all connections. */
function onRead(this: Handle): Buffer | undefined {
  const { state, readBytesOrError, endOfFile } = tcp!;
  const count = state[readBytesOrError]!;
  const raw = this.owner as RawTcp;
  if (count > 0) return raw.heard(count);
  if (count === endOfFile) raw.ended();
  else if (count < 0) raw.fail(count, "read");
  return undefined;
}

function onWritten(this: Request, status: number): void {
  (this.handle!.owner as RawTcp).written(this.count ?? 0, status);
}

const LATER = Promise.resolve();

/**
 * Connects to an address (not a name) at the end of this turn of the event loop, unless the link is given up until then.
 * Failures come to the link's user, never from here.
 */
export function connectRaw(link: Link, address: string, port: number, connected: () => void): void {
  const { TCP, TCPConnectWrap } = tcp!;
  const handle = new TCP(0);
  const raw = new RawTcp(handle, link);
  const where = ` ${address}:${port}`;
  const request = new TCPConnectWrap();
  request.oncomplete = (status) => {
    if (raw.destroyed) return;
    if (status < 0) return raw.fail(status, "connect", where);
    raw.setNoDelay();
    raw.resume();
    connected();
  };
  const connect = (): void => {
    if (raw.destroyed) return;
    const failure = address.includes(":")
      ? handle.connect6(request, address, port)
      : handle.connect(request, address, port);
    if (failure !== 0) raw.fail(failure, "connect", where);
  };
  sendSoon({ send: connect }, link.side);
}

/**
 * A TCP connection straight on Node's handle. This and its neighbours raw-*.ts are the one place, with accept.ts, that
 * touches what Node does not document. Where Node does not offer it (the permission model, a version to come), `tcp` is
 * undefined and ordinary sockets do the same, only dearer.
 */
import type { Link } from "./link.ts";
import { sendSoon } from "./outbox.ts";
import { newWrite, RawConnection } from "./raw-connection.ts";
import { tcp, type Handle, type Request } from "./tcp-handle.ts";

/**
 * All idle connections read into this one; what arrives is copied out at once. 16 KiB: commands and answers fit, and
 * whoever fills it is a bulk transfer, for which the relay lends a larger buffer.
 */
export const SHARED_BUFFER = Buffer.allocUnsafeSlow(16384);

export class RawTcp extends RawConnection {
  /** The handle is another's now. */
  #isGivenUp = false;
  #closesWhenSent = false;

  constructor(handle: Handle, link: Link) {
    super(handle, link, SHARED_BUFFER);
  }

  protected get tcp(): Handle {
    return this.handle;
  }

  setNoDelay(): void {
    this.handle.setNoDelay(true);
  }

  write(data: string | Uint8Array): boolean {
    if (this.destroyed || this.writableEnded) return false;
    const { state, lastWriteWasAsync, bytesWritten } = tcp!;
    const request = (spare ??= newWrite());
    if (!this.hand(request, data)) return false;
    const count = state[bytesWritten]!;
    this.bytesWritten += count;
    if (state[lastWriteWasAsync] === 0) return true;
    // The system has not taken all of it: the data must live, and the writer had better wait.
    spare = undefined;
    request.handle = this.handle;
    request.data = data;
    request.count = count;
    this.writableLength += count;
    return false;
  }

  override resume(): void {
    if (!this.#isGivenUp) super.resume();
  }

  end(): void {
    if (this.writableEnded || this.destroyed) return;
    this.writableEnded = true;
    // Nobody waits for it: without a callback Node does not come back into JavaScript.
    this.handle.shutdown(new tcp!.ShutdownWrap());
  }

  destroySoon(): void {
    if (this.writableLength === 0) this.destroy();
    else this.#closesWhenSent = true;
  }

  giveUp(): Handle {
    this.#isGivenUp = true;
    return this.handle;
  }

  written(count: number, status: number): void {
    this.writableLength -= count;
    if (status < 0) return this.fail(status, "write");
    if (this.writableLength > 0 || this.destroyed) return;
    if (this.#closesWhenSent) this.destroy();
    else this.link.user.drained();
  }

  protected close(): void {
    this.handle.close();
  }
}

/** Most writes are taken at once and leave their request unused: one does for all until it is needed. */
let spare: Request | undefined;

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

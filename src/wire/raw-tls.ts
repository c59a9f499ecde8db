/**
 * The server's side of a TLS connection straight on Node's handles: OpenSSL over TCP, without the two `net.Socket`s and
 * the `TLSSocket` that together cost a fifth of a logon whose handshake is included. Where Node does not offer it,
 * tls-server.ts takes a `TLSSocket`.
 *
 * OpenSSL's handle takes one write at a time (a second one ends the process), and tells of each one's end in a turn of
 * its own. Once it has read, it gives all that was in it, whether or not somebody still listens.
 */
import { inBatches } from "./batch.ts";
import type { Link } from "./link.ts";
import { newWrite, RawConnection } from "./raw-connection.ts";
import { tcp as inside, type Handle } from "./tcp-handle.ts";
import type { TlsHandle } from "./tls-handle.ts";

/** Longer than a TLS record (16 KiB), so that nobody fills it: who does is lent another, and must not be given more. */
const SHARED_BUFFER = Buffer.allocUnsafeSlow(32_768);

/** With this much on its way the writer had better wait. */
const FULL = 65_536;

export class RawTls extends RawConnection {
  /** As Node's sockets say it: closing has something to say. */
  readonly encrypted = true;
  declare protected readonly handle: TlsHandle;
  protected readonly tcp: Handle;
  #isWriting = false;
  /** What is to be written after that. */
  #queue: (string | Uint8Array)[] | undefined;
  #closesWhenSent = false;

  /** The handshake begins with `resume()`. */
  constructor(tls: TlsHandle, tcp: Handle, link: Link) {
    super(tls, link, SHARED_BUFFER);
    this.tcp = tcp;
    tls.onerror = onError;
  }

  /** False: it is kept until what was written before is sent. */
  write(data: string | Uint8Array): boolean {
    if (this.destroyed || this.writableEnded) return false;
    const count = Buffer.byteLength(data);
    this.writableLength += count;
    if (!this.#isWriting) return this.#write(data, count);
    // By reference: whoever goes on would write into what waits here.
    (this.#queue ??= []).push(data);
    return false;
  }

  end(): void {
    if (this.writableEnded || this.destroyed) return;
    this.writableEnded = true;
    if (!this.#isWriting) this.#sayLastWord();
  }

  destroySoon(): void {
    if (this.destroyed) return;
    this.#closesWhenSent = true;
    if (!this.writableEnded) this.end();
    else if (!this.#isWriting) this.destroy();
  }

  written(count: number, status: number): void {
    this.writableLength -= count;
    this.#isWriting = false;
    if (this.destroyed) return;
    if (status < 0) return this.fail(status, "write");
    const next = this.#queue?.shift();
    if (next !== undefined) this.#write(next, Buffer.byteLength(next));
    else if (this.writableEnded) this.#sayLastWord();
    else this.link.user.drained();
  }

  protected close(): void {
    this.tcp.close();
    freeSoon(this.handle);
  }

  #write(data: string | Uint8Array, count: number): boolean {
    const request = newWrite();
    request.handle = this.handle;
    request.count = count;
    this.#isWriting = true;
    if (!this.hand(request, data)) return false;
    this.bytesWritten += count;
    return this.writableLength < FULL;
  }

  /** The close_notify, and TCP's end behind it. */
  #sayLastWord(): void {
    const request = new inside!.ShutdownWrap();
    if (this.#closesWhenSent) request.oncomplete = () => this.destroy();
    const failure = this.handle.shutdown(request);
    if (failure !== 0 && this.#closesWhenSent) this.destroy();
  }
}

function onError(this: TlsHandle, error: Error): void {
  (this.owner as RawTls).broken(error);
}

/** Whoever closes may have been called by OpenSSL. */
const freeSoon = inBatches<TlsHandle>(setImmediate, (tls) => tls.destroySSL());

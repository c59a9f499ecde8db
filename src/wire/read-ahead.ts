/**
 * Reading without allocating: Node reads into a buffer of ours (`onread`) that all idle connections share, so a held
 * connection owns no buffer, and a bulk transfer can be lent a large one. Node allocates 64 KiB for each read otherwise,
 * which triples the CPU of a large upload.
 */
import { Socket, type OnReadOpts, type Server } from "node:net";
import type { Outlet } from "./wire.ts";

/**
 * What arrives here is copied out at once. 16 KiB: commands and answers fit, and whoever fills it is a bulk transfer,
 * for which the relay lends a larger buffer.
 */
export const SHARED_BUFFER = Buffer.allocUnsafeSlow(16384);

/** An outlet that drops everything until somebody takes over its `deliver`. */
export function makeOutlet(): Outlet {
  return { deliver: () => false, nextBuffer: firstBuffer };
}

/** The `onread` option for a socket that delivers to `outlet`. */
export function onread(outlet: Outlet): OnReadOpts {
  return {
    buffer: () => outlet.nextBuffer() as Buffer,
    callback: (count, buffer) => outlet.deliver(buffer as Buffer, count),
  };
}

/** Node asks for a buffer before the first byte and after each delivery; undefined keeps the one in use. */
function firstBuffer(this: Outlet): Buffer {
  this.nextBuffer = keepBuffer;
  return SHARED_BUFFER;
}

function keepBuffer(): undefined {
  return undefined;
}

interface AcceptingHandle {
  onconnection: (status: number, handle: object) => void;
}

/**
 * `net.Server` has no `onread` for the sockets that it accepts, so they are made here from the accepted handle. This is
 * the one place that touches what Node does not document (the same in Node 18 to 26). True when it could be done;
 * otherwise the server goes on emitting ordinary sockets.
 */
export function acceptWithOnread(server: Server, onConnection: (socket: Socket, outlet: Outlet) => void): boolean {
  const listening = (server as unknown as { _handle?: Partial<AcceptingHandle> })._handle;
  const ordinary = listening?.onconnection;
  if (!listening || ordinary === undefined) return false;
  listening.onconnection = function (status, handle) {
    // Errors, and connections refused by limits of the server's own, stay Node's business.
    if (status !== 0 || handle === undefined) return ordinary.call(this, status, handle);
    const outlet = makeOutlet();
    const socket = new Socket({ handle, allowHalfOpen: true, onread: onread(outlet) } as never);
    socket.setNoDelay(true);
    onConnection(socket, outlet);
  };
  return true;
}

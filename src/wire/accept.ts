/**
 * Accepting connections that read without allocating. `net.Server` has no `onread` for the sockets it accepts, and
 * allocates 64 KiB for each read instead, which triples the CPU of a large upload; so the sockets are made here from the
 * accepted handle. This is the one place that touches what Node does not document (the same in Node 18 to 26); where it
 * is not found, the server goes on with ordinary sockets.
 */
import { Socket, type Server } from "node:net";
import { Link } from "./link.ts";

interface AcceptingHandle {
  onconnection: (status: number, handle: object | undefined) => void;
}

/** Takes over a server that listens. False: it could not be done, and the server's `connection` event goes on. */
export function acceptWithOnread(server: Server, onLink: (link: Link) => void): boolean {
  const listening = (server as unknown as { _handle?: Partial<AcceptingHandle> })._handle;
  const ordinary = listening?.onconnection;
  if (!listening || ordinary === undefined) return false;
  listening.onconnection = function (status, handle) {
    // A connection that could not be accepted stays Node's business.
    if (status !== 0 || handle === undefined) return ordinary.call(this, status, handle);
    const link = new Link();
    const socket = new Socket({ handle, allowHalfOpen: true, onread: link.onread() } as never);
    socket.setNoDelay(true);
    link.plug(socket);
    onLink(link);
  };
  return true;
}

/**
 * Accepting connections as raw TCP (raw-tcp.ts): the handle that the server accepted is taken before Node makes a socket
 * of it. Where that cannot be done, the server goes on with ordinary sockets.
 */
import type { Server } from "node:net";
import { Link } from "./link.ts";
import { RawTcp } from "./raw-tcp.ts";
import { tcp, type Handle } from "./tcp-handle.ts";

interface AcceptingHandle {
  setNoDelay(on: boolean): void;
  onconnection: (status: number, handle: Handle | undefined) => void;
}

/** Takes over a server that listens. False: it could not be done, and the server's `connection` event goes on. */
export function acceptRaw(server: Server, onLink: (link: Link) => void): boolean {
  const listening = (server as unknown as { _handle?: Partial<AcceptingHandle> })._handle;
  const ordinary = listening?.onconnection;
  if (!tcp || !listening || ordinary === undefined) return false;
  // What is accepted inherits it on Linux and the BSDs: one system call less for each connection.
  listening.setNoDelay?.(true);
  listening.onconnection = function (status, handle) {
    // A connection that could not be accepted stays Node's business.
    if (status !== 0 || handle === undefined) return ordinary.call(this, status, handle);
    const link = new Link("client");
    const raw = new RawTcp(handle, link);
    onLink(link);
    raw.resume();
  };
  return true;
}

/** Opens a listening socket. */
import { createServer, type Server } from "node:net";
import { acceptRaw } from "./accept.ts";
import { Link } from "./link.ts";
import { hostPort } from "./networks.ts";

/** A queue for bursts: a logon storm after a restart must not meet refused connections. */
const BACKLOG = 1024;

export interface Bind {
  /** undefined: all addresses, IPv6 and IPv4. */
  readonly host: string | undefined;
  /** 0: any free port. */
  readonly port: number;
}

/** What the system says when a port cannot be opened, and what to do about it. */
const REMEDIES: Readonly<Record<string, string>> = {
  EADDRINUSE: "another program has this port; stop it or choose another port",
  EACCES: "ports below 1024 need CAP_NET_BIND_SERVICE (the systemd unit gives it) or root",
  EADDRNOTAVAIL: "this machine has no such address",
};

/** Resolves when the port is open. Rejects with an Error that says which address, what the system said, and what to do. */
export function listen(
  bind: Bind,
  onLink: (link: Link) => void,
  onFault: (error: Error) => void,
  reusePort = false,
): Promise<Server> {
  const server = createServer({ allowHalfOpen: true, noDelay: true }, (socket) => onLink(Link.over(socket, "client")));
  return new Promise((resolve, reject) => {
    const failed = (error: NodeJS.ErrnoException): void => reject(explain(error, bind));
    server.once("error", failed);
    const host = bind.host === undefined ? {} : { host: bind.host };
    server.listen({ port: bind.port, backlog: BACKLOG, reusePort, ...host }, () => {
      server.off("error", failed);
      // A connection that could not be accepted (no more descriptors): the next one may be.
      server.on("error", onFault);
      acceptRaw(server, onLink);
      resolve(server);
    });
  });
}

function explain({ code = "", message }: NodeJS.ErrnoException, { host = "*", port }: Bind): Error {
  const remedy = REMEDIES[code];
  return new Error(`${hostPort({ host, port })}: ${remedy === undefined ? message : `${code}, ${remedy}`}`);
}

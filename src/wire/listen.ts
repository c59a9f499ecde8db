/** Opens a listening socket. */
import { createServer, type Server, type Socket } from "node:net";

/** A queue for bursts: a logon storm after a restart must not meet refused connections. */
const BACKLOG = 1024;

export interface Bind {
  /** undefined: all addresses, IPv6 and IPv4. */
  readonly host: string | undefined;
  /** 0: any free port. */
  readonly port: number;
}

/** Resolves when the port is open. Rejects with the system's error (EADDRINUSE, EACCES ...). */
export function listen(bind: Bind, onConnection: (socket: Socket) => void, reusePort = false): Promise<Server> {
  const server = createServer({ allowHalfOpen: true, noDelay: true }, onConnection);
  return new Promise((resolve, reject) => {
    server.once("error", reject);
    const options = {
      port: bind.port,
      backlog: BACKLOG,
      ...(bind.host !== undefined && { host: bind.host }),
      ...(reusePort && { reusePort }),
    };
    server.listen(options, () => {
      server.off("error", reject);
      resolve(server);
    });
  });
}

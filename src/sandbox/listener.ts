/** One listening socket of the sandbox on loopback, its connections, and what becomes of a session that fails. */
import { type AddressInfo, createServer, type Server, type Socket } from "node:net";
import { ByteReader, ConnectionOver } from "./reader.ts";
import { Outbox } from "./outbox.ts";

export const LOOPBACK = "127.0.0.1";

/** More than a demonstration needs, few enough that 500 sessions with full buffers stay harmless. */
export const MAX_CONNECTIONS = 500;

/** How long a client that has not logged on may be silent, in milliseconds. */
const LOGON_TIMEOUT = 60_000;

export interface Connection {
  readonly reader: ByteReader;
  readonly out: Outbox;
  /** Closes the connection after this much silence, in milliseconds. */
  patience(milliseconds: number): void;
}

export interface Listener {
  readonly port: number;
  close(): Promise<void>;
}

/** Told of an error that no session expected: a defect of ours, never something a client may cause. */
export type FaultHandler = (fault: unknown) => void;

/** Serves every connection with `serve` until it returns or throws; a ConnectionOver is an ordinary end. */
export async function listen(
  serve: (connection: Connection) => Promise<void>,
  onFault: FaultHandler,
): Promise<Listener> {
  const sockets = new Set<Socket>();
  // A client that sends its commands and then closes its side still gets its answers.
  const server = createServer({ allowHalfOpen: true, noDelay: true }, (socket) => {
    sockets.add(socket);
    socket.on("close", () => sockets.delete(socket));
    void attend(socket, serve, onFault);
  });
  server.maxConnections = MAX_CONNECTIONS;
  await listening(server);
  return { port: (server.address() as AddressInfo).port, close: () => closed(server, sockets) };
}

async function attend(socket: Socket, serve: (c: Connection) => Promise<void>, onFault: FaultHandler): Promise<void> {
  socket.setTimeout(LOGON_TIMEOUT, () => socket.destroy());
  const patience = (milliseconds: number): void => void socket.setTimeout(milliseconds);
  const out = new Outbox(socket);
  try {
    const reader = new ByteReader(socket, () => out.flush());
    await serve({ reader, out, patience });
    await out.flush();
  } catch (error) {
    if (!(error instanceof ConnectionOver)) onFault(error);
  } finally {
    socket.destroySoon();
  }
}

function listening(server: Server): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen(0, LOOPBACK, () => {
      server.off("error", reject);
      resolve();
    });
  });
}

function closed(server: Server, sockets: ReadonlySet<Socket>): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve());
    for (const socket of sockets) socket.destroy();
  });
}

/** Opens a connection to a server behind, with a deadline, TLS where it is wanted from the first byte. */
import { connect as connectTcp, isIP, type Socket } from "node:net";
import { clearDeadline, startDeadline } from "./deadlines.ts";
import { secureClient, type ClientTls } from "./tls-client.ts";
import { Wire, type Outlet } from "./wire.ts";

export interface Target {
  readonly host: string;
  readonly port: number;
  readonly tls: "off" | "starttls" | "implicit";
  readonly clientTls: ClientTls;
}

/**
 * Reading into one buffer for all idle connections costs none of them any memory; what arrives is copied out at once.
 * 16 KiB: answers to commands fit, and whoever fills it is a bulk transfer, for which the relay lends a larger one.
 */
export const SHARED_BUFFER = Buffer.allocUnsafeSlow(16384);

/** Resolves to a wire on which nothing has been read yet. Rejects with the network's error or a time-out. */
export async function connect(target: Target, milliseconds: number): Promise<Wire> {
  const outlet: Outlet | undefined = target.tls === "off" ? { deliver: () => false } : undefined;
  const socket = connectTcp({
    host: target.host,
    port: target.port,
    noDelay: true,
    allowHalfOpen: true,
    // Happy eyeballs cost a timer and several closures a connection, and an address needs no choice.
    autoSelectFamily: isIP(target.host) === 0,
    ...(outlet && {
      onread: { buffer: () => nextBuffer(outlet), callback: (count, bytes) => take(outlet, count, bytes) },
    }),
  });
  const deadline = startDeadline(milliseconds, () => socket.destroy(new Error(`no answer within ${milliseconds} ms`)));
  try {
    await connected(socket);
    const wire = new Wire(socket, outlet);
    if (target.tls === "implicit") await secureClient(wire, target.clientTls);
    return wire;
  } finally {
    clearDeadline(deadline);
  }
}

function nextBuffer(outlet: Outlet): Buffer {
  // Node asks once before the first byte, when no relay can be there; afterwards undefined keeps the buffer in use.
  return outlet.nextBuffer ? (outlet.nextBuffer() as Buffer) : SHARED_BUFFER;
}

function take(outlet: Outlet, count: number, bytes: Uint8Array): boolean {
  return outlet.deliver(Buffer.from(bytes.buffer, bytes.byteOffset, count));
}

function connected(socket: Socket): Promise<void> {
  return new Promise((resolve, reject) => {
    const failed = (error?: Error): void => reject(error ?? new Error("connection closed"));
    socket.once("connect", () => {
      socket.off("error", failed);
      socket.off("close", failed);
      resolve();
    });
    socket.once("error", failed);
    socket.once("close", failed);
  });
}

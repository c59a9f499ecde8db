/** Opens a connection to a server behind, with TLS where it is wanted from the first byte. */
import { connect as connectTcp, isIP, type Socket } from "node:net";
import { clearDeadline, coarseNow, startDeadline } from "./deadlines.ts";
import { secureClient, type ClientTls } from "./tls-client.ts";
import { Wire, type Outlet } from "./wire.ts";

export interface Target {
  readonly host: string;
  readonly port: number;
  readonly tls: "off" | "starttls" | "implicit";
  readonly clientTls: ClientTls;
}

/** Milliseconds. */
export interface TalkTimes {
  /** Until connected. */
  readonly connect: number;
  /** From connected until `talk` is done; TLS included. */
  readonly logon: number;
}

/**
 * Dials, and gives `talk` its time; the connection stays open only when `talk` succeeds. Rejects with what `talk` threw,
 * which for a server that cannot be reached is the WireClosed of its first read.
 */
export async function talkTo<T>(target: Target, times: TalkTimes, talk: (wire: Wire) => Promise<T>): Promise<T> {
  const outlet: Outlet | undefined =
    target.tls === "off" ? { deliver: () => false, nextBuffer: firstBuffer } : undefined;
  const socket = dial(target, outlet);
  const wire = new Wire(socket, outlet);
  const deadline = startDeadline(times.connect, () => wire.fail("no answer in time"));
  socket.once("connect", () => {
    deadline.at = coarseNow() + times.logon;
  });
  try {
    if (target.tls === "implicit") await secureClient(wire, target.clientTls);
    return await talk(wire);
  } catch (error) {
    wire.close();
    throw error;
  } finally {
    clearDeadline(deadline);
  }
}

/**
 * Reading into one buffer for all idle connections costs none of them any memory; what arrives is copied out at once.
 * 16 KiB: answers to commands fit, and whoever fills it is a bulk transfer, for which the relay lends a larger one.
 */
export const SHARED_BUFFER = Buffer.allocUnsafeSlow(16384);

/** Node asks for a buffer before the first byte and after each delivery; undefined keeps the one in use. */
function firstBuffer(this: Outlet): Buffer {
  this.nextBuffer = keepBuffer;
  return SHARED_BUFFER;
}

function keepBuffer(): undefined {
  return undefined;
}

function dial({ host, port }: Target, outlet: Outlet | undefined): Socket {
  // Happy eyeballs cost a timer and several closures a connection, and an address needs no choice.
  const autoSelectFamily = isIP(host) === 0;
  if (!outlet) return connectTcp({ host, port, noDelay: true, allowHalfOpen: true, autoSelectFamily });
  const onread = {
    buffer: () => outlet.nextBuffer() as Buffer,
    callback: (count: number, buffer: Uint8Array) => outlet.deliver(buffer as Buffer, count),
  };
  return connectTcp({ host, port, noDelay: true, allowHalfOpen: true, autoSelectFamily, onread });
}

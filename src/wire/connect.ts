/** Opens a connection to a server behind, with TLS where it is wanted from the first byte. */
import { connect as connectTcp, isIP, type Socket } from "node:net";
import { clearDeadline, coarseNow, startDeadline } from "./deadlines.ts";
import { makeOutlet, onread } from "./read-ahead.ts";
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
  const outlet: Outlet | undefined = target.tls === "off" ? makeOutlet() : undefined;
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

function dial({ host, port }: Target, outlet: Outlet | undefined): Socket {
  // Happy eyeballs cost a timer and several closures a connection, and an address needs no choice.
  const autoSelectFamily = isIP(host) === 0;
  if (!outlet) return connectTcp({ host, port, noDelay: true, allowHalfOpen: true, autoSelectFamily });
  return connectTcp({ host, port, noDelay: true, allowHalfOpen: true, autoSelectFamily, onread: onread(outlet) });
}

/** Opens a connection to a server behind, with TLS where it is wanted from the first byte. */
import { connect as connectTcp, isIP } from "node:net";
import { clearDeadline, coarseNow, startDeadline } from "./deadlines.ts";
import { Link } from "./link.ts";
import { connectRaw } from "./raw-tcp.ts";
import { secureClient, type ClientTls } from "./tls-client.ts";
import { tcp } from "./tcp-handle.ts";
import { Wire, WireClosed } from "./wire.ts";

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

/** A connection that is open, and what `talk` made of it. */
export interface Talked<T> {
  readonly wire: Wire;
  readonly said: T;
}

const LATE = "no answer in time";

/**
 * Dials, and gives `talk` its time; the connection stays open only when `talk` succeeds. Rejects with what `talk` threw,
 * which for a server that cannot be reached is the WireClosed of its first read.
 */
export async function talkTo<T>(
  target: Target,
  times: TalkTimes,
  talk: (wire: Wire) => Promise<T>,
): Promise<Talked<T>> {
  const connected = (): void => {
    deadline.at = coarseNow() + times.logon;
  };
  const wire = new Wire(dial(target, connected));
  const deadline = startDeadline(times.connect, () => wire.fail(LATE));
  try {
    if (target.tls === "implicit") await secureClient(wire, target.clientTls);
    return { wire, said: await talk(wire) };
  } catch (error) {
    // A handshake that we broke off reports a broken handshake; the reason is the time.
    const isLate = wire.whyClosed === LATE;
    wire.close();
    throw isLate ? new WireClosed(LATE) : error;
  } finally {
    clearDeadline(deadline);
  }
}

function dial({ host, port, tls }: Target, connected: () => void): Link {
  // Happy eyeballs cost a timer and several closures a connection, and an address needs no choice.
  const isName = isIP(host) === 0;
  if (isName || tls !== "off" || !tcp) {
    return Link.over(
      connectTcp({ host, port, noDelay: true, allowHalfOpen: true, autoSelectFamily: isName }, connected),
      "server",
    );
  }
  const link = new Link("server");
  connectRaw(link, host, port, connected);
  return link;
}

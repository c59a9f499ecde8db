/**
 * Who is let in at all: connections in total, per address, and still waiting to log on. Flooding us with silent
 * connections costs the flooder its own place: past the waiting limit the one that waited longest has to go.
 */
import { Arrivals, type Arrival } from "./arrivals.ts";
import { plainAddress } from "./networks.ts";

export interface DoorLimits {
  readonly total: number;
  /** Per IPv4 address or IPv6 /64 network, the smallest thing that one attacker owns. */
  readonly perAddress: number;
  /** Connections that have not logged on yet. */
  readonly waiting: number;
}

export interface Ticket extends Arrival {
  readonly network: string;
  /** Called when this connection must make room for another one. */
  readonly evict: () => void;
}

export class Door {
  #limits: DoorLimits;
  #total = 0;
  readonly #perAddress = new Map<string, number>();
  readonly #waiting = new Arrivals<Ticket>();

  constructor(limits: DoorLimits) {
    this.#limits = limits;
  }

  setLimits(limits: DoorLimits): void {
    this.#limits = limits;
  }

  get total(): number {
    return this.#total;
  }

  get waiting(): number {
    return this.#waiting.size;
  }

  /** A ticket, or the reason why there is none. */
  enter(address: string, evict: () => void): Ticket | string {
    const network = networkOf(address);
    const here = this.#perAddress.get(network) ?? 0;
    if (this.#total >= this.#limits.total) return "too many connections";
    if (here >= this.#limits.perAddress) return "too many connections from this address";
    if (this.#waiting.size >= this.#limits.waiting) this.#evictOldest();
    const ticket: Ticket = { network, evict };
    this.#total += 1;
    this.#perAddress.set(network, here + 1);
    this.#waiting.add(ticket);
    return ticket;
  }

  /** Logged on: no longer among those that may be sent away. */
  seat(ticket: Ticket): void {
    this.#waiting.delete(ticket);
  }

  leave(ticket: Ticket): void {
    this.#waiting.delete(ticket);
    this.#total -= 1;
    const here = (this.#perAddress.get(ticket.network) ?? 1) - 1;
    if (here > 0) this.#perAddress.set(ticket.network, here);
    else this.#perAddress.delete(ticket.network);
  }

  #evictOldest(): void {
    const { oldest } = this.#waiting;
    if (!oldest) return;
    this.#waiting.delete(oldest);
    oldest.evict();
  }
}

/** An IPv4 address as it is, an IPv6 address as its /64. */
export function networkOf(address: string): string {
  const plain = plainAddress(address);
  if (!plain.includes(":")) return plain;
  const [head = "", tail] = plain.split("%", 1)[0]!.split("::", 2) as [string, string?];
  const left = head === "" ? [] : head.split(":");
  const right = tail === undefined || tail === "" ? [] : tail.split(":");
  const zeros = tail === undefined ? [] : Array<string>(Math.max(0, 8 - left.length - right.length)).fill("0");
  return `${[...left, ...zeros, ...right].slice(0, 4).join(":")}::/64`;
}

/** Where a client is: one machine, and the network that it shares with others of the same owner. */
import { isIPv6 } from "node:net";
import { plainAddress } from "../wire/networks.ts";

export interface PrefixLengths {
  /** Bits, 8 to 32. */
  readonly ipv4: number;
  /** Bits, 16 to 64. */
  readonly ipv6: number;
}

/** One machine: IPv6 machines change the last 64 bits by themselves (RFC 8981). */
const MACHINE: PrefixLengths = { ipv4: 32, ipv6: 64 };

/** `192.0.2.7`, or `2001:db8:0:1::/64`. Text that is no address stands for itself. */
export function machineOf(address: string): string {
  return networkOf(address, MACHINE);
}

/** `192.0.2.0/24`, `2001:db8::/56`; an IPv4 address of 32 bits as it is. */
export function networkOf(address: string, { ipv4, ipv6 }: PrefixLengths): string {
  const plain = plainAddress(address);
  if (!plain.includes(":")) return ipv4 >= 32 ? plain : networkV4(plain, ipv4);
  const [bare = ""] = plain.split("%");
  return isIPv6(bare) ? networkV6(bare, ipv6) : bare;
}

function networkV4(address: string, bits: number): string {
  if (bits === 24) return `${address.slice(0, address.lastIndexOf("."))}.0/24`;
  const octets = address.split(".").map(Number);
  return `${octets.map((octet, index) => octet & mask(bits - 8 * index, 8)).join(".")}/${bits}`;
}

function networkV6(address: string, bits: number): string {
  const groups = groupsOf(address).map((group, index) => group & mask(bits - 16 * index, 16));
  return `${groups.map((group) => group.toString(16)).join(":")}::/${bits}`;
}

/** The first `bits` of `width` bits; none and all included. */
function mask(bits: number, width: number): number {
  const kept = Math.min(Math.max(bits, 0), width);
  return (2 ** width - 1) & ~(2 ** (width - kept) - 1);
}

/** The first four groups, 64 bits: an IPv4 tail lies behind them. */
function groupsOf(address: string): number[] {
  const [head = "", tail] = address.split("::");
  const before = head === "" ? [] : head.split(":");
  const after = tail === undefined || tail === "" ? [] : tail.split(":");
  const written = before.length + after.length + (after.at(-1)?.includes(".") ? 1 : 0);
  const gap = tail === undefined ? 0 : 8 - written;
  const groups = [...before, ...Array<string>(Math.max(0, gap)).fill("0"), ...after];
  return groups.slice(0, 4).map((group) => Number.parseInt(group, 16));
}

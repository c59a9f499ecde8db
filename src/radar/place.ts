/** Where a logon came from, as coarse as it must be: one machine, its network, or a network of networks. */
import { isIPv4, isIPv6 } from "node:net";

/** How much of an address is kept, in bits. IPv6 machines change the last 64 by themselves (RFC 8981). */
interface Grain {
  readonly v4: 16 | 24 | 32;
  readonly v6: 32 | 48 | 64;
}

export const MACHINE: Grain = { v4: 32, v6: 64 };
export const NETWORK: Grain = { v4: 24, v6: 48 };
export const PROVIDER: Grain = { v4: 16, v6: 32 };

/** From too many places to tell them apart. */
export const ELSEWHERE = "elsewhere";

/** `192.0.2.7`, `192.0.2.0/24`, `2001:db8:0:1::/64`; ELSEWHERE for what is no address. */
export function placeOf(address: string, grain: Grain): string {
  if (isIPv4(address)) return grain.v4 === 32 ? address : networkV4(address, grain.v4);
  const [plain = ""] = address.split("%");
  if (!isIPv6(plain)) return ELSEWHERE;
  const groups = groupsOf(plain).slice(0, grain.v6 / 16);
  return `${groups.map((group) => group.toString(16)).join(":")}::/${grain.v6}`;
}

function networkV4(address: string, bits: 16 | 24): string {
  const kept = address.split(".").slice(0, bits / 8);
  return `${[...kept, "0", "0"].slice(0, 4).join(".")}/${bits}`;
}

/** The first four groups are all that anyone asks for, so an IPv4 tail needs no care. */
function groupsOf(address: string): number[] {
  const [head = "", tail] = address.split("::");
  const before = head === "" ? [] : head.split(":");
  const after = tail === undefined || tail === "" ? [] : tail.split(":");
  const width = after.at(-1)?.includes(".") ? 7 : 8;
  const gap = tail === undefined ? 0 : width - before.length - after.length;
  return [...before, ...Array.from({ length: gap }, () => "0"), ...after].map((group) => Number.parseInt(group, 16));
}

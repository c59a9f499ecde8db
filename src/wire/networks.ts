/** Lists of networks in CIDR form, and one way to write an address. */
import { BlockList, isIP } from "node:net";

/** A test for membership. Addresses without a length stand for themselves. Throws RangeError for what is no network. */
export function makeNetworks(list: readonly string[]): (address: string) => boolean {
  if (list.length === 0) return () => false; // as in most configurations, and asking BlockList is not free
  const networks = new BlockList();
  for (const entry of list) {
    const [address = "", length] = entry.split("/");
    const family = isIP(address) === 6 ? "ipv6" : "ipv4";
    if (length === undefined) networks.addAddress(address, family);
    else networks.addSubnet(address, Number(length), family);
  }
  return (address) => networks.check(address, isIP(address) === 6 ? "ipv6" : "ipv4");
}

/** `192.0.2.7:143`, `[2001:db8::7]:143` (RFC 3986 section 3.2.2). */
export function hostPort({ host, port }: { readonly host: string; readonly port: number }): string {
  return `${inBrackets(host)}:${port}`;
}

/** Names and IPv4 addresses stay as they are. */
export function inBrackets(host: string): string {
  return host.includes(":") ? `[${host}]` : host;
}

/** IPv4 in IPv6 clothes, as dual-stack sockets and proxies write it, is the same address: `::ffff:192.0.2.7`. */
export function plainAddress(address: string): string {
  if (!address.startsWith("::ffff:")) return address;
  const rest = address.slice("::ffff:".length);
  if (rest.includes(".")) return rest;
  const [high = 0, low] = rest.split(":").map((group) => parseInt(group, 16));
  return low === undefined ? address : [high >> 8, high & 255, low >> 8, low & 255].join(".");
}

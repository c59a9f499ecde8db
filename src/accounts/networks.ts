/** Networks that a secret is good for, in CIDR form (RFC 4632, RFC 4291 section 2.3). */
import { BlockList, isIP } from "node:net";

export interface Networks {
  /** As they were written. */
  readonly list: readonly string[];
  holds(address: string): boolean;
}

/** `10.0.0.0/8,2001:db8::/32,192.0.2.7`: addresses without a length stand for themselves. undefined for anything else. */
export function parseNetworks(text: string): Networks | undefined {
  const list = text.split(",");
  const networks = new BlockList();
  for (const each of list) {
    const [, address = "", length] = /^([^/]+)(?:\/(\d{1,3}))?$/.exec(each) ?? [];
    const family = isIP(address);
    const most = family === 6 ? 128 : 32;
    if (family === 0 || Number(length ?? most) > most) return undefined;
    networks.addSubnet(address, Number(length ?? most), nameOf(family));
  }
  return { list, holds: (address) => isIP(address) !== 0 && networks.check(address, nameOf(isIP(address))) };
}

function nameOf(family: number): "ipv4" | "ipv6" {
  return family === 6 ? "ipv6" : "ipv4";
}

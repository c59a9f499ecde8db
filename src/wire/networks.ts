/** Lists of networks in CIDR form. */
import { BlockList, isIP } from "node:net";

/** A test for membership. Addresses without a length stand for themselves. Throws RangeError for what is no network. */
export function makeNetworks(list: readonly string[]): (address: string) => boolean {
  const networks = new BlockList();
  for (const entry of list) {
    const [address = "", length] = entry.split("/");
    const family = isIP(address) === 6 ? "ipv6" : "ipv4";
    if (length === undefined) networks.addAddress(address, family);
    else networks.addSubnet(address, Number(length), family);
  }
  return (address) => networks.check(address, isIP(address) === 6 ? "ipv6" : "ipv4");
}

/** Networks that a secret is good for, as an account's record writes them (RFC 4632, RFC 4291 section 2.3). */
import { isIP } from "node:net";
import { makeNetworks } from "../wire/networks.ts";

export interface Networks {
  /** As they were written. */
  readonly list: readonly string[];
  holds(address: string): boolean;
}

/** `10.0.0.0/8,2001:db8::/32,192.0.2.7`: addresses without a length stand for themselves. undefined for anything else. */
export function parseNetworks(text: string): Networks | undefined {
  const list = text.split(",");
  if (!list.every(isNetwork)) return undefined;
  const holds = makeNetworks(list);
  return { list, holds: (address) => isIP(address) !== 0 && holds(address) };
}

function isNetwork(text: string): boolean {
  const [, address = "", length] = /^([^/]+)(?:\/(\d{1,3}))?$/.exec(text) ?? [];
  const family = isIP(address);
  return family !== 0 && Number(length ?? 0) <= (family === 6 ? 128 : 32);
}

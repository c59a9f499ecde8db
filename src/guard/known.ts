/** Addresses from which an account has logged on: what happens elsewhere does not concern it there. */
import { Recent } from "./recent.ts";

/** Devices and places of one person; the one not seen for longest makes room. */
const ADDRESSES_EACH = 16;
/** Milliseconds for which a time is good enough: it is asked for in days. */
const COARSE = 60_000;

export interface KnownAddress {
  readonly account: string;
  readonly address: string;
  /** The last logon that went well, milliseconds since 1970. */
  readonly at: number;
}

export class Known {
  readonly #accounts: Recent<Map<string, number>>;

  /** `limit`: accounts. */
  constructor(limit: number) {
    this.#accounts = new Recent(limit);
  }

  has(account: string, address: string, since: number): boolean {
    const at = this.#accounts.get(account)?.get(address);
    return at !== undefined && at > since;
  }

  add({ account, address, at }: KnownAddress): void {
    const addresses = this.#accounts.get(account) ?? this.#accounts.set(account, new Map());
    const before = addresses.get(address);
    if (before !== undefined && at - before < COARSE) return;
    // Removed first, so that it is the last one: the map is then in the order of last sight.
    addresses.delete(address);
    addresses.set(address, at);
    if (addresses.size > ADDRESSES_EACH) addresses.delete(addresses.keys().next().value!);
  }

  *entries(): Generator<KnownAddress> {
    for (const [account, addresses] of this.#accounts.entries())
      for (const [address, at] of addresses) yield { account, address, at };
  }
}

/**
 * What one account has lately failed with from one address: so that a logon there takes back what it had cost the address,
 * and so that an address from which the account is known loses its privilege when somebody guesses there.
 */
import { Recent } from "./recent.ts";

/** Failures that a privileged address may have in FORGET without being treated as any other. */
const ALLOWED = 5;
const FORGET = 30 * 60_000;
/** After so long nothing is left of a failure anywhere. */
const GONE = 24 * 3_600_000;
/** Different wrong passwords that are told apart. */
const SECRETS = 8;

interface Pair {
  /** Leaks ALLOWED in FORGET. */
  level: number;
  at: number;
  /** What it has put into the counts of the address and of the account, and not taken back. */
  atAddress: number;
  atAccount: number;
  /** Digests of what was wrong, in the order of last sight. */
  readonly secrets: Set<string>;
}

export interface Contribution {
  readonly atAddress: number;
  readonly atAccount: number;
}

export interface PairFailure extends Contribution {
  readonly digest: string | undefined;
  readonly isNew: boolean;
}

const NOTHING: Contribution = { atAddress: 0, atAccount: 0 };

export class Pairs {
  readonly #pairs: Recent<Pair>;

  constructor(limit: number) {
    this.#pairs = new Recent(limit);
  }

  get size(): number {
    return this.#pairs.size;
  }

  /** Whether the account has failed too often there to be trusted for having been there before. */
  isSuspect(account: string, address: string, now: number): boolean {
    const pair = this.#pairs.get(keyOf(account, address));
    if (pair === undefined) return false;
    leak(pair, now);
    return pair.level > ALLOWED - 1;
  }

  /** False where this very secret has been counted before. */
  isNew(account: string, address: string, digest: string | undefined): boolean {
    return digest === undefined || !this.#pairs.get(keyOf(account, address))?.secrets.has(digest);
  }

  /** `counted`: what this failure has put into the counts; `isNew`: it is one that counts here. */
  fail(account: string, address: string, { digest, isNew, ...counted }: PairFailure, now: number): void {
    const pair = this.#pairs.get(keyOf(account, address)) ?? this.#make(account, address, now);
    leak(pair, now);
    if (isNew) pair.level += 1;
    pair.atAddress += counted.atAddress;
    pair.atAccount += counted.atAccount;
    if (digest === undefined) return;
    pair.secrets.delete(digest);
    pair.secrets.add(digest);
    const [oldest] = pair.secrets;
    if (pair.secrets.size > SECRETS) pair.secrets.delete(oldest!);
  }

  /** The account has logged on there: nothing of it is held against the address any more. */
  settle(account: string, address: string): Contribution {
    const key = keyOf(account, address);
    const pair = this.#pairs.get(key);
    if (pair === undefined) return NOTHING;
    this.#pairs.delete(key);
    return pair;
  }

  /** Forgets all pairs of an account, of an address, or all. */
  forget(concerns: (account: string, address: string) => boolean): void {
    for (const [key] of [...this.#pairs.entries()]) {
      const [account = "", address = ""] = key.split("\t");
      if (concerns(account, address)) this.#pairs.delete(key);
    }
  }

  #make(account: string, address: string, now: number): Pair {
    const pair = { level: 0, at: now, atAddress: 0, atAccount: 0, secrets: new Set<string>() };
    return this.#pairs.set(keyOf(account, address), pair);
  }
}

/** Neither names nor addresses have control characters once they are keys. */
function keyOf(account: string, address: string): string {
  return `${account}\t${address}`;
}

function leak(pair: Pair, now: number): void {
  const passed = Math.max(0, now - pair.at);
  pair.level = Math.max(0, pair.level - (passed * ALLOWED) / FORGET);
  if (passed > GONE) pair.atAddress = pair.atAccount = 0;
  pair.at = now;
}

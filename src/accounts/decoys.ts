/**
 * What an unknown name is measured against: some account's secret, always the same one's for a name, so that the times of
 * unknown names are spread as those of known ones are. A key keeps others from computing which.
 */
import { randomBytes } from "node:crypto";
import { hmac } from "../core/hmac.ts";
import type { Account } from "./account.ts";
import { accountFrom } from "./account.ts";
import type { AccountSource } from "./source.ts";

export interface Decoys {
  /** All accounts, or those that stand for them. The same array as long as nothing has changed. */
  accounts(): readonly Account[];
  decoyOf(name: string): Account | undefined;
  /** An account was found that no list holds. */
  learn(account: Account): void;
}

/** `typical` serves until the first account has been found, where the source has no list. */
export function decoysFor(source: AccountSource, typical: Account | undefined): Decoys {
  const key = randomBytes(32);
  const place = (name: string) => hmac("sha256", key, name.toLowerCase()).readUInt32BE(0);
  const list = source.accounts?.bind(source);
  if (list === undefined) return learnedDecoys(place, typical);
  return {
    accounts: list,
    decoyOf(name) {
      const accounts = list();
      return accounts[place(name) % Math.max(accounts.length, 1)];
    },
    learn: () => undefined,
  };
}

/** Enough to have one of each kind of hash and cost among them. */
const LEARNED = 64;

/** Each account has its place, so that once the places are taken a name keeps its decoy. */
function learnedDecoys(place: (name: string) => number, typical: Account | undefined): Decoys {
  const places = Array.from<Account | undefined>({ length: LEARNED });
  let accounts: readonly Account[] = [];
  return {
    accounts: () => accounts,
    decoyOf(name) {
      const first = place(name) % LEARNED;
      for (let step = 0; step < LEARNED; step++) {
        const account = places[(first + step) % LEARNED];
        if (account !== undefined) return account;
      }
      return typical;
    },
    learn(account) {
      const own = place(account.name) % LEARNED;
      const there = places[own];
      if (there !== undefined && there.name !== account.name) return;
      places[own] = account;
      // Compared by what shows: a database gives a new record each time, and counting anew costs more than a logon.
      if (there === undefined || !isAlike(there, account)) accounts = places.filter((each) => each !== undefined);
    },
  };
}

/** As far as clients could see it: which keys, of how many iterations and what salt. */
function isAlike(one: Account, other: Account): boolean {
  return shape(one) === shape(other);
}

function shape({ password, scram, state }: Account): string {
  const keys = Object.entries(scram).map(([name, each]) => [name, each?.iterations, each?.salt.length]);
  return JSON.stringify([password?.kind, keys, state.disabled]);
}

/** A hash that no password has, at the cost of those that `postern user` makes. */
const NOBODYS_HASH =
  "{ARGON2ID}$argon2id$v=19$m=19456,t=2,p=1$AAAAAAAAAAAAAAAAAAAAAA$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";

/** For stores whose accounts have NT hashes, which are checked in microseconds, or only slow ones. */
export function typicalAccount(hasNt: boolean): Account | undefined {
  const words = new Map(hasNt ? [["nt", "0".repeat(32)]] : []);
  const account = accountFrom({ name: "nobody", password: hasNt ? "" : NOBODYS_HASH, words });
  return typeof account === "string" ? undefined : account;
}

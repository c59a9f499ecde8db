/** How the keys of an account would look if there were one of this name: salt and iteration count of SCRAM are seen by everybody. */
import type { KeyLikeness } from "../core/validator.ts";
import { hmac, USUAL_ITERATIONS, USUAL_SALT_LENGTH, type ScramName } from "../scram/keys.ts";
import { canUse } from "./can-use.ts";
import type { Account } from "./account.ts";

/**
 * Iterations and salt length as accounts have them, as often as accounts have them. Each pair draws a lot for the name and
 * the best one wins (weighted rendezvous hashing), so that an account more or less changes next to no decoy.
 */
export function likeness(
  mechanism: ScramName,
  canonicalName: string,
  accounts: readonly Account[],
  secret: Uint8Array,
): KeyLikeness {
  let best: KeyLikeness = { iterations: USUAL_ITERATIONS, saltLength: USUAL_SALT_LENGTH, canonicalName };
  let least = Infinity;
  for (const { iterations, saltLength, count } of censusOf(accounts)[mechanism]) {
    const lot = hmac(mechanism, secret, JSON.stringify(["lot", canonicalName, iterations, saltLength]));
    const score = -Math.log((lot.readUIntBE(0, 6) + 1) / 2 ** 48) / count;
    if (score < least) [least, best] = [score, { iterations, saltLength, canonicalName }];
  }
  return best;
}

interface Pair {
  readonly iterations: number;
  readonly saltLength: number;
  count: number;
}

type Census = Readonly<Record<ScramName, readonly Pair[]>>;

const censuses = new WeakMap<readonly Account[], Census>();

/** Counted once for each state of the list. */
function censusOf(accounts: readonly Account[]): Census {
  const known = censuses.get(accounts);
  if (known !== undefined) return known;
  const census = { "SCRAM-SHA-256": count("SCRAM-SHA-256", accounts), "SCRAM-SHA-1": count("SCRAM-SHA-1", accounts) };
  censuses.set(accounts, census);
  return census;
}

function count(mechanism: ScramName, accounts: readonly Account[]): readonly Pair[] {
  const pairs = new Map<string, Pair>();
  for (const account of accounts) {
    if (!canUse(account, mechanism)) continue;
    const { iterations = USUAL_ITERATIONS, salt } = account.scram[mechanism] ?? {};
    const saltLength = salt?.length ?? USUAL_SALT_LENGTH;
    const key = `${iterations} ${saltLength}`;
    const pair = pairs.get(key) ?? { iterations, saltLength, count: 0 };
    pair.count += 1;
    pairs.set(key, pair);
  }
  return [...pairs.values()];
}

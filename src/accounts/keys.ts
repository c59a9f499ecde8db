/**
 * The accounts' keys, for SCRAM and CRAM-MD5 (RFC 5802 section 3, RFC 2195): stored ones, or made from a password in clear
 * when they are first asked for. Names that nobody has cost and show the same.
 */
import type { StoredKeys } from "../core/evidence.ts";
import { Secret } from "../core/secret.ts";
import type { KeyJudge } from "../core/validator.ts";
import type { Unknown } from "../core/verdict.ts";
import { saslprep } from "../scram/saslprep.ts";
import { deriveKeys, hmac, SCRAM_NAMES, USUAL_ITERATIONS, USUAL_SALT_LENGTH, type ScramName } from "../scram/keys.ts";
import type { Account } from "./account.ts";
import { canUse, KEY_KINDS, type KeyKind } from "./can-use.ts";
import { CLOSED, conclude, NOBODY } from "./conclude.ts";
import type { Decoys } from "./decoys.ts";
import { likeness } from "./likeness.ts";
import { canonicalName, type IsOurs, type Lookup } from "./names.ts";

export interface KeySource {
  readonly named: Lookup;
  readonly isOurs: IsOurs;
  readonly decoys: Decoys;
  readonly isClosed: () => boolean;
  readonly now: () => Date;
  /** 32 bytes: salts for passwords in clear follow from it, and how decoys look. */
  readonly secret: Uint8Array;
  /** Instead of those that every account has. */
  readonly kinds: readonly KeyKind[] | undefined;
  /** What an administrator does about an account without keys; empty: nothing to be said. */
  readonly remedy: string;
}

export function keyJudge(source: KeySource): KeyJudge {
  const { decoys, secret, isClosed } = source;
  const noKeys: Unknown = { kind: "unknown", why: `the account has no keys for SCRAM${source.remedy}` };
  const keysOf = derivingOnce(secret);
  return {
    get kinds() {
      return source.kinds ?? kindsOf(isClosed() ? [] : decoys.accounts());
    },
    async find(username, visit) {
      if (isClosed()) return CLOSED;
      const account = await source.named(username, visit);
      if (account !== undefined && "kind" in account) return account;
      const hasKeys = account !== undefined && KEY_KINDS.some((kind) => canUse(account, kind));
      // The first one to ask for an account whose password is in clear waits for PBKDF2: so does who asks for nobody.
      const keys = await keysOf(hasKeys ? account : decoys.decoyOf(username));
      if (!hasKeys) return account === undefined ? NOBODY : noKeys;
      return { kind: "keys", keys, verdict: conclude(account, { visit, now: source.now() }) };
    },
    likeness(mechanism, username) {
      if (isClosed()) return undefined;
      return likeness(mechanism, canonicalName(username, source.isOurs), decoys.accounts(), secret);
    },
  };
}

/**
 * Those that every account has which can log on: clients take the strongest mechanism offered and do not try another when
 * it fails, so that an account without keys would be locked out by the others' having them.
 */
function kindsOf(accounts: readonly Account[]): readonly KeyKind[] {
  const known = kindsKnown.get(accounts);
  if (known) return known;
  const active = accounts.filter(({ state }) => state.disabled !== true);
  const kinds =
    active.length === 0 ? SCRAM_NAMES : KEY_KINDS.filter((kind) => active.every((account) => canUse(account, kind)));
  kindsKnown.set(accounts, kinds);
  return kinds;
}

/** Asked for at each greeting, counted once for each state of the list. */
const kindsKnown = new WeakMap<readonly Account[], readonly KeyKind[]>();

/** A few hundred bytes each. */
const DERIVED_LIMIT = 10_000;

/** PBKDF2 once for each account with a password in clear; by name, for a database gives a new record each time. */
function derivingOnce(secret: Uint8Array): (account: Account | undefined) => Promise<StoredKeys> {
  const derived = new Map<string, { readonly password: string; readonly keys: Promise<StoredKeys> }>();
  return async (account) => {
    if (account?.password?.kind !== "plain") return account?.scram ?? {};
    const { name, password } = account;
    const known = derived.get(name);
    if (known?.password === password.text) return known.keys;
    const keys = deriveAll(name, password.text, secret);
    derived.delete(name);
    derived.set(name, { password: password.text, keys });
    for (const oldest of derived.keys()) {
      if (derived.size <= DERIVED_LIMIT) break;
      derived.delete(oldest);
    }
    return keys;
  };
}

async function deriveAll(name: string, password: string, secret: Uint8Array): Promise<StoredKeys> {
  const prepared = saslprep(password, "query");
  if (prepared === undefined) return { password: new Secret(password) };
  const keysFor = (mechanism: ScramName) => {
    const salt = hmac(mechanism, secret, JSON.stringify(["salt", name])).subarray(0, USUAL_SALT_LENGTH);
    return deriveKeys(mechanism, prepared, { salt, iterations: USUAL_ITERATIONS });
  };
  const [sha256, sha1] = await Promise.all([keysFor("SCRAM-SHA-256"), keysFor("SCRAM-SHA-1")]);
  return { "SCRAM-SHA-256": sha256, "SCRAM-SHA-1": sha1, password: new Secret(password) };
}

/**
 * The keys of the file's accounts, for SCRAM and CRAM-MD5 (RFC 5802 section 3, RFC 2195): stored ones, or made from a
 * password in clear when they are first asked for. Names that nobody has cost and show the same.
 */
import type { StoredKeys } from "../../core/evidence.ts";
import { splitName } from "../../core/identity.ts";
import { Secret } from "../../core/secret.ts";
import type { KeyJudge, KeysFound } from "../../core/validator.ts";
import type { Unavailable, Unknown } from "../../core/verdict.ts";
import { saslprep } from "../../scram/saslprep.ts";
import {
  deriveKeys,
  hmac,
  SCRAM_NAMES,
  USUAL_ITERATIONS,
  USUAL_SALT_LENGTH,
  type ScramName,
} from "../../scram/keys.ts";
import type { Account } from "./account-line.ts";
import { canUse, KEY_KINDS, type KeyKind } from "./can-use.ts";
import { likeness } from "./likeness.ts";
import type { Store } from "./store.ts";

export interface KeySource {
  /** The accounts as they are now; undefined when the validator is closed. */
  current(): Store | undefined;
  named(username: string, store: Store): Account | undefined;
  decoyOf(username: string, store: Store): Account | undefined;
  /** Whether a lower-cased domain is a name of this server. */
  isOurs(domain: string): boolean;
  /** 32 bytes: salts for passwords in clear follow from it, and how decoys look. */
  readonly secret: Uint8Array;
  /** Instead of those that every account has. */
  readonly kinds: readonly KeyKind[] | undefined;
}

const CLOSED: Unavailable = { kind: "unavailable", why: "the validator is closed" };
const NOBODY: Unknown = { kind: "unknown", why: "no account of this name and domain" };
const NO_KEYS: Unknown = {
  kind: "unknown",
  why: "the account has no keys for SCRAM: set its password again with `postern user passwd`",
};

export function keyJudge(source: KeySource): KeyJudge {
  const derived = new WeakMap<Account, Promise<StoredKeys>>();
  const keysOf = async (account: Account | undefined): Promise<StoredKeys> => {
    if (account?.password?.kind !== "plain") return account?.scram ?? {};
    const known = derived.get(account) ?? deriveAll(account.name, account.password.text, source.secret);
    derived.set(account, known);
    return known;
  };
  return {
    get kinds() {
      return source.kinds ?? kindsOf(source.current()?.accounts ?? []);
    },
    async find(username) {
      const store = source.current();
      if (store === undefined) return CLOSED;
      const account = source.named(username, store);
      const hasKeys = account !== undefined && KEY_KINDS.some((kind) => canUse(account, kind));
      // The first one to ask for an account whose password is in clear waits for PBKDF2: so does who asks for nobody.
      const keys = await keysOf(hasKeys ? account : source.decoyOf(username, store));
      if (!hasKeys) return account === undefined ? NOBODY : NO_KEYS;
      return { kind: "keys", keys, verdict: verdictOn(account) };
    },
    likeness: (mechanism, username) => {
      const store = source.current();
      return store && likeness(mechanism, canonical(username, source), store, source.secret);
    },
  };
}

function verdictOn({ identity, isDisabled }: Account): KeysFound["verdict"] {
  if (!isDisabled) return { kind: "accepted", identity };
  return { kind: "denied", reason: "disabled", why: "the account is disabled", user: identity.user };
}

/**
 * Those that every account has which can log on: clients take the strongest mechanism offered and do not try another when
 * it fails, so that an account without keys would be locked out by the others' having them.
 */
function kindsOf(accounts: readonly Account[]): readonly KeyKind[] {
  const known = kindsKnown.get(accounts);
  if (known) return known;
  const active = accounts.filter(({ isDisabled }) => !isDisabled);
  const kinds =
    active.length === 0 ? SCRAM_NAMES : KEY_KINDS.filter((kind) => active.every((account) => canUse(account, kind)));
  kindsKnown.set(accounts, kinds);
  return kinds;
}

/** Asked for at each greeting, counted once for each state of the file. */
const kindsKnown = new WeakMap<readonly Account[], readonly KeyKind[]>();

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

/** All forms of a name that lead to one account are one name; accounts without a domain are in ours. */
function canonical(username: string, { isOurs }: KeySource): string {
  const { user, domain = "" } = splitName(username.toLowerCase());
  return domain === "" || isOurs(domain) ? user : `${user}@${domain}`;
}

/** A judge for applications without the gateway: accounts in memory or looked up elsewhere, for every password mechanism. */
import { createHash, randomBytes, timingSafeEqual } from "node:crypto";
import type { NtlmEvidence, PasswordEvidence, ScramKeys, StoredKeys } from "../../core/evidence.ts";
import { splitName, type Identity } from "../../core/identity.ts";
import { Secret } from "../../core/secret.ts";
import type { Able, KeyJudge, KeysFound, Validator } from "../../core/validator.ts";
import type { Accepted, Denied, Unknown, Verdict } from "../../core/verdict.ts";
import { ntHash } from "../../ntlm/hashes.ts";
import { verifyResponses } from "../../ntlm/responses.ts";
import { deriveKeys, USUAL_ITERATIONS, USUAL_SALT_LENGTH, type ScramName } from "../../scram/keys.ts";
import { saslprep } from "../../scram/saslprep.ts";
import { completeNames, type TargetNames } from "../target-names.ts";

/** An account and its secrets; each mechanism works for those that have what it needs. */
export interface Account {
  readonly user: string;
  readonly domain?: string | undefined;
  /** In clear: for every mechanism. */
  readonly password?: string | undefined;
  /** `ntHash(password)` of postern/ntlm, 16 bytes: for NTLM, PLAIN and LOGIN. */
  readonly ntHash?: Uint8Array | undefined;
  /** What `scramKeys` makes: for SCRAM. */
  readonly scram?: Readonly<Partial<Record<ScramName, ScramKeys>>> | undefined;
  /** Your own way to check a password, such as bcrypt: for PLAIN and LOGIN. */
  readonly verifyPassword?: ((password: string) => boolean | Promise<boolean>) | undefined;
  readonly disabled?: boolean | undefined;
  /** Handed back with the identity. */
  readonly groups?: readonly string[] | undefined;
  readonly attributes?: Readonly<Record<string, string>> | undefined;
}

/** `domain` is undefined where the client named none; names are as the client sent them. */
export type FindAccount = (
  user: string,
  domain: string | undefined,
) => Account | undefined | Promise<Account | undefined>;

export interface AccountsOptions {
  /** What NTLM clients are told of this server; WORKGROUP and SERVER unless given. */
  readonly names?: Partial<TargetNames>;
}

/**
 * A judge over a few accounts in memory. Names count without regard to case; `user` may be a whole address. A client that
 * names another domain than the account's is unknown, one that names none is not. SCRAM keys are derived from passwords
 * when SCRAM is first used: some 30 ms for each account. Throws RangeError for a name that is there twice.
 */
export function accounts(list: readonly Account[], options: AccountsOptions = {}): Validator {
  const find = finder(list);
  const judge = accountLookup(find, options);
  let derived: Promise<ReadonlyMap<Account, Account>> | undefined;
  // All at once: a derivation for each name as it comes would show by its time who has an account.
  const withKeys = async (user: string, domain: string | undefined) => {
    const account = find(user, domain);
    const all = await (derived ??= deriveAll(list));
    return account && all.get(account);
  };
  return { ...judge, keys: { ...judge.keys, find: (username) => findKeys(username, withKeys) } };
}

/**
 * A judge over accounts that are kept elsewhere. `find` is called once for each logon; what it throws ends the logon.
 * SCRAM works for accounts with `scram` only: a password that had to be derived anew each time would show who exists.
 */
export function accountLookup(find: FindAccount, { names }: AccountsOptions = {}): AccountJudge {
  const target = completeNames(names);
  return {
    name: "accounts",
    password: (evidence) => judgePassword(evidence, find),
    ntlm: { names: () => target, verify: (evidence) => judgeNtlm(evidence, find) },
    keys: { kinds: KINDS, likeness, find: (username) => findKeys(username, find) },
  };
}

type AccountJudge = Able<"password" | "ntlm"> & { readonly keys: KeyJudge & { readonly likeness: typeof likeness } };

const KINDS = ["SCRAM-SHA-256", "SCRAM-SHA-1", "password"] as const;

/** A name with a domain and the same without one can be the same account: unknown ones must look alike as well. */
function likeness(_mechanism: ScramName, username: string) {
  const canonicalName = splitName(username).user.toLowerCase();
  return { iterations: USUAL_ITERATIONS, saltLength: USUAL_SALT_LENGTH, canonicalName };
}

function finder(list: readonly Account[]): (user: string, domain: string | undefined) => Account | undefined {
  const byUser = new Map<string, { readonly domain: string | undefined; readonly account: Account }[]>();
  for (const account of list) {
    const { user, domain = account.domain } = splitName(account.user.toLowerCase());
    const others = byUser.get(user) ?? [];
    const key = domain?.toLowerCase();
    if (others.some((other) => other.domain === key)) throw new RangeError(`${account.user} is there twice`);
    byUser.set(user, [...others, { domain: key, account }]);
  }
  return (user, domain) => {
    const candidates = byUser.get(user.toLowerCase()) ?? [];
    const named = domain?.toLowerCase();
    const meant =
      candidates.find((each) => each.domain === named) ?? candidates.find((each) => each.domain === undefined);
    return (meant ?? (named === undefined && candidates.length === 1 ? candidates[0] : undefined))?.account;
  };
}

/**
 * What a server keeps for SCRAM (RFC 5802 section 3): store it instead of the password. Throws RangeError for a password
 * that SASLprep forbids.
 */
export function scramKeys(
  mechanism: ScramName,
  password: string,
  {
    iterations = USUAL_ITERATIONS,
    salt = randomBytes(USUAL_SALT_LENGTH),
  }: Partial<Pick<ScramKeys, "iterations" | "salt">> = {},
): Promise<ScramKeys> {
  const prepared = saslprep(password, "storage");
  if (prepared === undefined) return Promise.reject(new RangeError("SASLprep does not allow this password"));
  return deriveKeys(mechanism, prepared, { iterations, salt });
}

const UNKNOWN: Unknown = { kind: "unknown", why: "no account of this name" };

async function judgePassword({ username, password }: PasswordEvidence, find: FindAccount): Promise<Verdict> {
  const { user, domain } = splitName(username);
  const account = await find(user, domain);
  if (!account) {
    isSameText(password.reveal(), "");
    return UNKNOWN;
  }
  return (await isRight(account, password.reveal())) ? rightVerdict(account) : wrong(account);
}

async function isRight({ password, ntHash: hash, verifyPassword }: Account, given: string): Promise<boolean> {
  if (password !== undefined) return isSameText(given, password);
  if (verifyPassword) return verifyPassword(given);
  return hash !== undefined && isSame(ntHash(given), hash);
}

/** Nobody's hash, for unknown names: they take as long. */
const NO_HASH = new Uint8Array(16);

async function judgeNtlm(evidence: NtlmEvidence, find: FindAccount): Promise<Verdict> {
  let known: Account | undefined;
  for (const reading of evidence.names) {
    const { user, domain = reading.domain || undefined } = splitName(reading.user);
    const account = await find(user, domain);
    const nt = account?.ntHash ?? (account?.password === undefined ? NO_HASH : ntHash(account.password));
    const match = verifyResponses({ nt }, { ...evidence, names: [reading] });
    known ??= account;
    if (!account || nt === NO_HASH || !match) continue;
    const { sessionBaseKey, scheme } = match;
    const verdict = rightVerdict(account);
    return verdict.kind === "accepted" ? { ...verdict, sessionBaseKey, scheme } : verdict;
  }
  return known ? wrong(known) : UNKNOWN;
}

async function findKeys(username: string, find: FindAccount): Promise<KeysFound | Unknown> {
  const { user, domain } = splitName(username);
  const account = await find(user, domain);
  if (!account) return UNKNOWN;
  const password = account.password === undefined ? undefined : new Secret(account.password);
  const keys: StoredKeys = { ...account.scram, password };
  return { kind: "keys", keys, verdict: rightVerdict(account) };
}

async function deriveAll(list: readonly Account[]): Promise<ReadonlyMap<Account, Account>> {
  const derived = await Promise.all(list.map(withScram));
  return new Map(list.map((account, index) => [account, derived[index]!]));
}

/** A password that SASLprep forbids has no keys, and cannot be used with SCRAM. */
async function withScram(account: Account): Promise<Account> {
  const { password } = account;
  if (password === undefined || saslprep(password, "storage") === undefined) return account;
  const sha256 = account.scram?.["SCRAM-SHA-256"] ?? (await scramKeys("SCRAM-SHA-256", password));
  const sha1 = account.scram?.["SCRAM-SHA-1"] ?? (await scramKeys("SCRAM-SHA-1", password));
  return { ...account, scram: { "SCRAM-SHA-256": sha256, "SCRAM-SHA-1": sha1 } };
}

function rightVerdict(account: Account): Accepted | Denied {
  const { user, domain, groups = [], attributes = {}, disabled } = account;
  if (disabled) return { kind: "denied", reason: "disabled", why: "the account is disabled", user };
  const identity: Identity = { user, mailbox: user, groups, attributes, ...(domain !== undefined && { domain }) };
  return { kind: "accepted", identity };
}

function wrong({ user }: Account): Denied {
  return { kind: "denied", reason: "bad-credentials", why: "wrong password", user };
}

/** In a time that says nothing of either. */
function isSameText(given: string, kept: string): boolean {
  return isSame(createHash("sha256").update(given).digest(), createHash("sha256").update(kept).digest());
}

function isSame(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && timingSafeEqual(a, b);
}

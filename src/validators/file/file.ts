/** Validator `file`: accounts in a text file, judged by password or NTLM response; MS-NLMP 3.2.5.1.2 for the latter. */
import { createHmac, randomBytes } from "node:crypto";
import type { NtlmEvidence, NtlmNames, PasswordEvidence } from "../../core/evidence.ts";
import { isPlausibleName, splitName } from "../../core/identity.ts";
import type { TargetNames, Validator } from "../../core/validator.ts";
import type { Denied, Unavailable, Verdict } from "../../core/verdict.ts";
import { lmHash, ntHash } from "../../ntlm/hashes.ts";
import { classifyResponses, verifyResponses, type ResponseMatch } from "../../ntlm/responses.ts";
import { isAllowed, type Scheme } from "../../ntlm/scheme.ts";
import { saslprep } from "../../scram/saslprep.ts";
import type { Account } from "./account-line.ts";
import type { KeyKind } from "./can-use.ts";
import { judgeCertificate } from "./certificate.ts";
import { explainer, type Explain } from "./explain.ts";
import { HashPool, type Outcome, type PoolOptions } from "./hash-pool.ts";
import { isSame } from "./hashes/scheme.ts";
import { keyJudge } from "./keys.ts";
import type { Log } from "./log.ts";
import { findAccount, parseStore, type Store } from "./store.ts";
import { watchStore, type WatchedStore } from "./watch.ts";

export type { Log, LogLevel } from "./log.ts";

export interface FileValidatorOptions {
  readonly name: string;
  readonly path: string;
  /** What the CHALLENGE_MESSAGE carries; accounts without a domain are in this one. */
  readonly names: TargetNames;
  readonly log: Log;
  readonly worker?: PoolOptions;
  /** What may be asked of the accounts' keys; default: what every account has that can log on. */
  readonly kinds?: readonly KeyKind[] | undefined;
  /** 32 bytes from which decoys and the salts of passwords in clear follow; default: new ones for each process. */
  readonly secret?: Uint8Array | undefined;
}

/** crypt(3) costs grow with the length; nobody types this much. */
const PASSWORD_LIMIT = 1024;
const WORKER: PoolOptions = { concurrency: 1, queue: 256 };

/** Throws Error with a sentence for the administrator when the file cannot be read. */
export function fileValidator(options: FileValidatorOptions): Validator {
  return judgeOver(watchStore(options.path, options.log), options);
}

/** The same over accounts that are in no file: `text` is what the file would hold. For the sandbox and for tests. */
export function accountsValidator(
  options: Pick<FileValidatorOptions, "name" | "names" | "kinds" | "secret"> & { readonly text: string },
): Validator {
  const store = parseStore(options.text);
  return judgeOver({ current: () => store, close: () => undefined }, options);
}

function judgeOver(
  watched: WatchedStore,
  { name, names, worker = WORKER, kinds, secret = randomBytes(32) }: Omit<FileValidatorOptions, "path" | "log">,
): Validator {
  const pool = new HashPool(worker);
  const judge: Judge = { pool, isOurs: oursAmong(names), decoyOf: decoyChooser(), explain: explainer(names) };
  const named = (username: string, store: Store) => accountNamed(username, store, judge.isOurs);
  let isClosed = false;
  const current = () => (isClosed ? undefined : watched.current());
  return {
    name,
    password: async (evidence) => (isClosed ? CLOSED : judgePassword(evidence, watched.current(), judge)),
    ntlm: {
      names: () => names,
      verify: async (evidence) => (isClosed ? CLOSED : judgeNtlm(evidence, watched.current(), judge)),
    },
    keys: keyJudge({ ...judge, current, named, secret, kinds }),
    certificate: async (evidence) => {
      const store = current();
      return store ? judgeCertificate(evidence, store, (username) => named(username, store)) : CLOSED;
    },
    async close() {
      isClosed = true;
      watched.close();
      await pool.close();
    },
  };
}

interface Judge {
  readonly pool: HashPool;
  /** Whether a lower-cased domain is a name of this server. */
  readonly isOurs: (domain: string) => boolean;
  readonly decoyOf: (name: string, store: Store) => Account | undefined;
  readonly explain: Explain;
}

const CLOSED: Unavailable = { kind: "unavailable", why: "the validator is closed" };
const BUSY: Unavailable = {
  kind: "unavailable",
  why: "the password could not be checked: too many checks are waiting",
};

function denied(why: string, account?: Account, reason: Denied["reason"] = "bad-credentials"): Denied {
  return { kind: "denied", reason, why, ...(account && { user: account.identity.user }) };
}

async function judgePassword({ username, password }: PasswordEvidence, store: Store, judge: Judge): Promise<Verdict> {
  const text = password.reveal();
  if (!isPlausibleName(username)) return denied("the name is empty, too long or has control characters");
  if (text === "" || text.length > PASSWORD_LIMIT || text.includes("\0"))
    return denied("the password is empty, too long or has a NUL");
  const account = accountNamed(username, store, judge.isOurs);
  const isRight = await checkPassword(account ?? judge.decoyOf(username, store), text, judge.pool);
  if (isRight === undefined) return BUSY;
  if (account === undefined) return { kind: "unknown", why: "no account of this name and domain" };
  if (!isRight) return denied("wrong password", account);
  if (account.isDisabled) return denied("the account is disabled", account, "disabled");
  return { kind: "accepted", identity: account.identity };
}

/** As the client wrote it, else as SASLprep does (RFC 4013): decomposed letters, no-break spaces and the like. */
function spellingsOf(text: string): Set<string> {
  return new Set([text, saslprep(text, "query") ?? text]);
}

function accountNamed(username: string, store: Store, isOurs: Judge["isOurs"]): Account | undefined {
  if (!isPlausibleName(username)) return undefined;
  for (const name of spellingsOf(username)) {
    const account = store.byName.get(name.toLowerCase()) ?? findAccount(store, splitName(name), isOurs);
    if (account !== undefined) return account;
  }
  return undefined;
}

/** RFC 4616 refuses what SASLprep does; whoever chose such a password may use it here. */
async function checkPassword(account: Account | undefined, password: string, pool: HashPool): Promise<Outcome> {
  if (account === undefined) return false;
  for (const spelling of spellingsOf(password)) {
    const outcome = await checkSpelling(account, spelling, pool);
    if (outcome !== false) return outcome;
  }
  return false;
}

/** The NT hash is a hash of the same password, and checked in microseconds. */
async function checkSpelling(account: Account, password: string, pool: HashPool): Promise<Outcome> {
  if (account.nt !== undefined) return isSame(ntHash(password), account.nt);
  if (account.password?.kind !== "slow") return false;
  return pool.verify({ scheme: account.password.scheme, text: account.password.text, password });
}

function judgeNtlm(evidence: NtlmEvidence, store: Store, judge: Judge): Verdict {
  const scheme = classifyResponses(evidence);
  if (scheme === undefined) return denied("there is no response");
  if (!isAllowed(scheme, evidence.minimum))
    return denied(`${scheme} is weaker than this listener takes`, undefined, "policy");
  const plausible = evidence.names.filter(
    ({ user, domain }) => isPlausibleName(user) && (domain === "" || isPlausibleName(domain)),
  );
  const byAccount = accountsMeant(plausible, store, judge);
  let verdict: Verdict | undefined;
  for (const [account, names] of byAccount) {
    verdict = judgeResponses(account, { ...evidence, names }, scheme, judge);
    if (verdict.kind === "accepted") return verdict;
  }
  if (verdict !== undefined) return verdict;
  const decoy = judge.decoyOf(evidence.names[0]?.user ?? "", store);
  if (decoy !== undefined) judgeResponses(decoy, evidence, scheme, judge);
  return { kind: "unknown", why: "no account of this name" };
}

/** Each account with the readings of the names that lead to it. */
function accountsMeant(readings: readonly NtlmNames[], store: Store, { isOurs }: Judge): Map<Account, NtlmNames[]> {
  const meant = new Map<Account, NtlmNames[]>();
  for (const reading of readings) {
    const account = accountOf(reading, store, isOurs);
    if (account !== undefined) meant.set(account, [...(meant.get(account) ?? []), reading]);
  }
  return meant;
}

/** The domain only helps to choose here: whether it is right can be said once the response is. */
function accountOf({ user, domain }: NtlmNames, store: Store, isOurs: Judge["isOurs"]): Account | undefined {
  const split = splitName(user);
  return (
    findAccount(store, { user, domain: domain === "" ? undefined : domain }, isOurs) ??
    store.byName.get(user.toLowerCase()) ??
    findAccount(store, split, isOurs) ??
    findAccount(store, { user: split.user, domain: undefined }, isOurs)
  );
}

/** An account without NT hash is measured as well, against nothing that could be right. */
const NO_HASH = new Uint8Array(16);
const NO_NT_HASH = "the account has no NT hash: set its password again with `postern user passwd`";

function judgeResponses(account: Account, evidence: NtlmEvidence, scheme: Scheme, judge: Judge): Verdict {
  const { nt, password } = account;
  const lm = evidence.minimum === "lm" && password?.kind === "plain" ? lmHash(password.text) : undefined;
  const hashes = { nt: nt ?? NO_HASH, ...(lm && { lm }) };
  const match = verifyResponses(hashes, evidence);
  if (match === undefined || nt === undefined) {
    const why = judge.explain(account, hashes, evidence, scheme);
    return denied(nt === undefined ? NO_NT_HASH : why, account);
  }
  const foreign = foreignDomain(match, evidence.names, account, judge.isOurs);
  if (foreign !== undefined) return denied(`the ${match.scheme} response is right, but for domain ${foreign}`, account);
  if (account.isDisabled) return denied("the account is disabled", account, "disabled");
  return { kind: "accepted", identity: account.identity, sessionBaseKey: match.sessionBaseKey, scheme: match.scheme };
}

/** The domain that the client named and that is neither the account's nor ours; an empty one is nobody's claim. */
function foreignDomain(
  match: ResponseMatch,
  readings: readonly NtlmNames[],
  { domains }: Account,
  isOurs: Judge["isOurs"],
): string | undefined {
  const named = readings.filter(({ user, domain }) => user === match.user && isReadingOf(domain, match.domain));
  const foreign = named.map(({ user, domain }) =>
    [domain, splitName(user).domain ?? ""].find(
      (name) => name !== "" && !domains.includes(name.toLowerCase()) && !isOurs(name.toLowerCase()),
    ),
  );
  return foreign.includes(undefined) ? undefined : (foreign[0] ?? match.domain);
}

/** curl leaves the domain out of the key and some clients upper-case it there, whatever the domain field says. */
function isReadingOf(sent: string, hashed: string): boolean {
  return hashed === "" || sent.toLowerCase() === hashed.toLowerCase();
}

function oursAmong(names: TargetNames): (domain: string) => boolean {
  const { netbiosDomain, netbiosComputer, dnsDomain, dnsComputer } = names;
  const ours = new Set([netbiosDomain, netbiosComputer, dnsDomain, dnsComputer].map((name) => name?.toLowerCase()));
  return (domain) => ours.has(domain);
}

/**
 * An unknown name is measured against some account's hash, always the same one's for a name: the times of unknown
 * names are then spread as those of known ones are. The key keeps others from computing which.
 */
function decoyChooser(): Judge["decoyOf"] {
  const key = randomBytes(32);
  return (name, { accounts }) => {
    const digest = createHmac("sha256", key).update(name.toLowerCase()).digest();
    return accounts[digest.readUInt32BE(0) % Math.max(accounts.length, 1)];
  };
}

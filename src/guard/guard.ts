/**
 * Failed logons, counted by address, network and account: what they delay and lock, and whom that does not concern.
 *
 * An attempt is first held against the counts of its address, of its network and of its account (tallies.ts says how they
 * grow and are forgotten). It waits as long as the slowest of them demands, or is refused where one is locked, or where the
 * wait would be longer than 15 s. An account's delay is only for addresses that have failed lately themselves.
 * None of this concerns an account at an address from which it has logged on in the last `knownFor`, as long as it has not
 * failed there five times in half an hour (pairs.ts). Where the validator's source locks accounts itself, domain.ts and
 * budget.ts then say whether it may be asked.
 *
 * Failures are an unknown name, bad credentials and a domain's "locked out". The same wrong password of an account counts
 * once for the account and once for each address. What is refused here, `unavailable`, and refusals of a right password
 * (disabled, expired, policy) are not counted. A logon takes back what its account had cost its address.
 */
import type { Answer } from "../core/answer.ts";
import { splitName, type AccountName, type Identity } from "../core/identity.ts";
import type { Secret } from "../core/secret.ts";
import type { Accepted, Verdict } from "../core/verdict.ts";
import { makeNetworks } from "../wire/networks.ts";
import { accountKey, isNameless, nameOfKey } from "./account-name.ts";
import type { Budget, BudgetRule } from "./budget.ts";
import { sleep, SYSTEM_CLOCK, type Clock } from "./clock.ts";
import { Domain, type Access, type Leave, type Refusal } from "./domain.ts";
import { Known } from "./known.ts";
import { Pairs } from "./pairs.ts";
import { machineOf, networkOf } from "./places.ts";
import { Recent } from "./recent.ts";
import { DEFAULT_GUARD_LIMITS, type GuardLimits, type GuardRules } from "./rules.ts";
import { Tallies, type Rule } from "./tallies.ts";
import { WrongSecrets } from "./wrong-secrets.ts";

/** Milliseconds that an attempt is held at most. */
const HOLD = 15_000;

export type { Refusal } from "./domain.ts";

export interface Attempt {
  readonly address: string;
  /** Whose accounts they are: the validator's name. */
  readonly realm: string;
  /** The account's name as the client wrote it, in each way to read it; at least one, perhaps empty. */
  readonly names: readonly string[];
  /** A password that somebody could have guessed, in whatever form; tokens and certificates are none. */
  readonly isGuess: boolean;
  /** undefined where the same secret looks different each time (NTLM, SCRAM). */
  readonly secret: Secret | undefined;
  /** Where the source locks accounts. */
  readonly budget: BudgetRule | undefined;
}

/** What an attempt is held against. */
interface Count {
  readonly tallies: Tallies;
  readonly key: string;
  readonly rule: Rule;
  /** False: it can only lock. */
  readonly delays: boolean;
}

export interface Permission {
  readonly kind: "permitted";
  readonly attempt: Attempt;
  readonly machine: string;
  readonly isTrusted: boolean;
  readonly accounts: readonly Access[];
  readonly leave: Leave | undefined;
}

export interface GuardOptions {
  readonly rules: GuardRules;
  readonly limits?: GuardLimits;
  readonly log: (message: string, fields: Readonly<Record<string, string | number>>) => void;
  readonly clock?: Clock;
}

export class Guard {
  readonly clock: Clock;
  readonly addresses: Tallies;
  readonly networks: Tallies;
  readonly accounts: Tallies;
  readonly known: Known;
  readonly pairs: Pairs;
  readonly wrong: WrongSecrets;
  readonly #domain: Domain;
  readonly #log: GuardOptions["log"];
  /** Names under which accounts have logged on, to the names that the validator gave them. */
  readonly #aliases: Recent<string>;
  #rules: GuardRules;
  #isTrusted: (address: string) => boolean;

  constructor({ rules, limits = DEFAULT_GUARD_LIMITS, log, clock = SYSTEM_CLOCK }: GuardOptions) {
    this.clock = clock;
    this.#log = log;
    this.#rules = rules;
    this.#isTrusted = makeNetworks(rules.trusted);
    this.addresses = new Tallies(limits.addresses);
    this.networks = new Tallies(limits.networks);
    this.accounts = new Tallies(limits.accounts);
    this.known = new Known(limits.accounts);
    this.pairs = new Pairs(limits.pairs);
    this.wrong = new WrongSecrets(limits.accounts);
    this.#domain = new Domain(limits.accounts, this.wrong, clock);
    this.#aliases = new Recent(limits.accounts);
  }

  get budget(): Budget {
    return this.#domain.budget;
  }

  get rules(): GuardRules {
    return this.#rules;
  }

  /** Takes over other rules; what has been counted stays. Throws RangeError for what is no network. */
  configure(rules: GuardRules): void {
    this.#isTrusted = makeNetworks(rules.trusted);
    this.#rules = rules;
  }

  /** Whether the validator may be asked, now or once it resolves. Each permission must be followed by `after`. */
  before(attempt: Attempt): Answer<Permission | Refusal> {
    const { address, names } = attempt;
    const machine = machineOf(address);
    const keys = names.length === 1 ? [this.#keyOf(attempt, splitName(names[0]!))] : this.#keysOf(attempt);
    const accounts = keys.map((account) => ({ account, isKnown: this.#isKnown(account, machine) }));
    const isTrusted = this.#isTrusted(address);
    const permission = { kind: "permitted" as const, attempt, machine, isTrusted, accounts, leave: undefined };
    const isKnown = accounts.every((account) => account.isKnown);
    return isKnown && attempt.budget === undefined ? permission : this.#ask(permission, isKnown);
  }

  async #ask(permission: Permission, isKnown: boolean): Promise<Permission | Refusal> {
    const { accounts, attempt } = permission;
    const refusal = isKnown ? undefined : await this.#hold(permission);
    if (refusal || attempt.budget === undefined) return refusal ?? permission;
    const leave = await this.#domain.enter(accounts, attempt.secret, attempt.budget);
    return leave.kind === "refused" ? leave : { ...permission, leave };
  }

  /** What came of it; undefined: no verdict at all. */
  after(permission: Permission, verdict: Verdict | undefined): void {
    const outcome = outcomeOf(verdict);
    if (outcome === "passed") this.#passed(permission, verdict as Accepted);
    if (outcome === "failed") this.#failed(permission);
    // Only now: who waits for this answer looks at what has become known by it.
    if (permission.leave && outcome !== "passed") this.#domain.giveBack(permission.leave, () => outcome);
  }

  #keysOf(attempt: Attempt): readonly string[] {
    return [...new Set(attempt.names.map((name) => this.#keyOf(attempt, splitName(name))))];
  }

  #keyOf({ realm, budget }: Attempt, name: AccountName): string {
    const key = accountKey(realm, name, budget !== undefined);
    return this.#aliases.get(key) ?? key;
  }

  /** Of the account that the validator says it was; nearly always the one that was asked about. */
  #ownKey(attempt: Attempt, { user, domain }: Identity, asked: Access | undefined): string {
    const key = accountKey(attempt.realm, { user, domain }, attempt.budget !== undefined);
    return key === asked?.account ? asked.account : (this.#aliases.get(key) ?? key);
  }

  #networkOf({ address }: Attempt): string {
    return networkOf(address, this.#rules.prefixes);
  }

  #isKnown(account: string, machine: string): boolean {
    const now = this.clock.now();
    const isKnown = !isNameless(account) && this.known.has(account, machine, now - this.#rules.knownFor);
    return isKnown && !this.pairs.isSuspect(account, machine, now);
  }

  /** Refuses what is locked, and lets the rest wait until it is its turn. */
  async #hold(permission: Permission): Promise<Refusal | undefined> {
    const now = this.clock.now();
    const counts = this.#countsAgainst(permission, now);
    const standings = counts.map(({ tallies, key, rule }) => tallies.standing(key, rule, now));
    const lockedFor = Math.max(0, ...standings.map((each) => each.lockedFor));
    if (lockedFor > 0) return refuse("guarded", "locked after too many failures", lockedFor);
    const waits = standings.map((each, index) => (counts[index]!.delays ? each.wait : 0));
    const wait = Math.max(0, ...waits);
    if (wait > HOLD) return refuse("guarded", "too many attempts at once after failures", wait);
    // Each keeps its own distance: an address that has to wait must not hold up the others of its network.
    for (const [index, { tallies, key, delays }] of counts.entries())
      if (delays) tallies.begin(key, now + waits[index]!);
    if (wait > 0) await sleep(this.clock, wait);
    return undefined;
  }

  #countsAgainst({ attempt, machine, isTrusted, accounts }: Permission, now: number): Count[] {
    const { addresses, networks, rules } = this;
    const isClean = !isTrusted && addresses.isClean(machine, rules.address, now);
    const strangers = attempt.isGuess ? accounts.filter(({ isKnown }) => !isKnown) : [];
    const places = [
      { tallies: addresses, key: machine, rule: rules.address, delays: true },
      { tallies: networks, key: this.#networkOf(attempt), rule: rules.network, delays: true },
    ];
    return [
      ...(isTrusted ? [] : places),
      ...strangers.map((each) => ({
        tallies: this.accounts,
        key: each.account,
        rule: rules.account,
        delays: !isClean,
      })),
    ];
  }

  #passed({ attempt, machine, accounts, leave }: Permission, { identity }: Accepted): void {
    const now = this.clock.now();
    const [only] = accounts.length === 1 ? accounts : [];
    const own = this.#ownKey(attempt, identity, only);
    if (only && attempt.isGuess && only.account !== own) this.#aliases.set(only.account, own);
    // What a token or certificate was shown under is no name of the account's own: it is known beside it.
    const names = only && only.account !== own ? [own, only.account] : [own];
    for (const account of attempt.isGuess ? [own] : names) this.known.add({ account, address: machine, at: now });
    for (const account of names) {
      const { atAddress, atAccount } = this.pairs.settle(account, machine);
      this.addresses.forgive(machine, atAddress, this.#rules.address, now);
      if (atAddress > 0) this.networks.forgive(this.#networkOf(attempt), atAddress, this.#rules.network, now);
      this.accounts.forgive(account, atAccount, this.#rules.account, now);
      if (attempt.secret && this.wrong.hasAny(account))
        this.wrong.remove(account, this.wrong.digest(account, attempt.secret));
    }
    if (!leave) return;
    if (only && leave.digest !== undefined) this.#domain.learn(only.account, leave.digest);
    const isIt = (index: number): boolean => only !== undefined || accounts[index]?.account === own;
    this.#domain.giveBack(leave, (index) => (isIt(index) ? "passed" : "failed"));
  }

  #failed({ attempt, machine, isTrusted, accounts }: Permission): void {
    const now = this.clock.now();
    const { secret, isGuess } = attempt;
    const failures = accounts.map((access) => {
      const digest = secret && this.wrong.digest(access.account, secret);
      return { ...access, digest, isNew: this.pairs.isNew(access.account, machine, digest) };
    });
    // Tokens expire, and who has one is told so by being refused.
    const isNew = failures.some((each) => each.isNew && (isGuess || !each.isKnown));
    if (isNew && !isTrusted) {
      this.#count("address", this.addresses, machine);
      this.#count("network", this.networks, this.#networkOf(attempt));
    }
    for (const { account, isKnown, digest } of failures) {
      const isNewThere = digest === undefined || this.wrong.add(account, digest, now);
      const atAccount = isGuess && !isKnown && isNewThere ? 1 : 0;
      if (atAccount > 0) this.#count("account", this.accounts, account);
      this.pairs.fail(account, machine, { digest, isNew, atAddress: isNew && !isTrusted ? 1 : 0, atAccount }, now);
    }
  }

  #count(kind: "address" | "network" | "account", tallies: Tallies, key: string): void {
    const rule = this.#rules[kind];
    if (!tallies.fail(key, rule, this.clock.now())) return;
    this.#log("locked after too many failed logons", { [kind]: nameOfKey(key), failures: rule.lock });
  }
}

function refuse(reason: Refusal["reason"], why: string, retryAfter: number): Refusal {
  return { kind: "refused", reason, why, retryAfter };
}

/** Refusals for other reasons come after a right password, and say nothing about guessing. */
function outcomeOf(verdict: Verdict | undefined): "passed" | "failed" | "neither" {
  if (verdict === undefined || verdict.kind === "unavailable") return "neither";
  if (verdict.kind === "accepted") return "passed";
  if (verdict.kind === "unknown") return "failed";
  return verdict.reason === "bad-credentials" || verdict.reason === "locked-out" ? "failed" : "neither";
}

/**
 * Failed logons, counted by address, network and account: what they delay and lock, and whom that does not concern.
 *
 * An attempt is first held against the counts of its address, of its network and of its account (tallies.ts says how they
 * grow and are forgotten). It waits as long as the slowest of them demands, or is refused where one is locked, or where the
 * wait would be longer than 15 s. An account's delay is only for addresses that have failed lately themselves.
 * None of this concerns an account at an address from which it has logged on in the last `knownFor`, as long as it has not
 * failed there five times in half an hour (pairs.ts). Where the validator's source locks accounts itself, the budget
 * (budget.ts) then says whether it may be asked, and a password that it has called wrong within the budget's window is wrong
 * without asking.
 *
 * Failures are an unknown name, bad credentials and a domain's "locked out". The same wrong password of an account counts
 * once for the account and once for each address. What is refused here, `unavailable`, and refusals of a right password
 * (disabled, expired, policy) are not counted. A logon takes back what its account had cost its address.
 */
import type { Secret } from "../core/secret.ts";
import type { Accepted, Verdict } from "../core/verdict.ts";
import { makeNetworks } from "../wire/networks.ts";
import { accountKey, nameOfKey } from "./account-name.ts";
import { Budget, type Admitted, type BudgetRule } from "./budget.ts";
import { sleep, SYSTEM_CLOCK, type Clock } from "./clock.ts";
import { Known } from "./known.ts";
import { Pairs } from "./pairs.ts";
import { machineOf, networkOf } from "./places.ts";
import { Recent } from "./recent.ts";
import { DEFAULT_GUARD_LIMITS, type GuardLimits, type GuardRules } from "./rules.ts";
import { Tallies, type Rule } from "./tallies.ts";
import { WrongSecrets } from "./wrong-secrets.ts";

/** Milliseconds that an attempt is held at most. */
const HOLD = 15_000;

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

interface Access {
  readonly account: string;
  readonly isKnown: boolean;
}

export interface Permission {
  readonly kind: "permitted";
  readonly attempt: Attempt;
  readonly machine: string;
  readonly network: string;
  readonly isTrusted: boolean;
  readonly accounts: readonly Access[];
  readonly admitted: readonly Admitted[];
}

export interface Refusal {
  readonly kind: "refused";
  /** `repeated`: known to be wrong; `busy`: others of this account have been under way for too long. */
  readonly reason: "guarded" | "repeated" | "busy";
  readonly why: string;
  /** Milliseconds. */
  readonly retryAfter: number;
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
  readonly budget: Budget;
  readonly pairs: Pairs;
  readonly wrong: WrongSecrets;
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
    this.budget = new Budget(limits.accounts, clock);
    this.pairs = new Pairs(limits.pairs);
    this.wrong = new WrongSecrets(limits.accounts);
    this.#aliases = new Recent(limits.accounts);
  }

  get rules(): GuardRules {
    return this.#rules;
  }

  /** Takes over other rules; what has been counted stays. Throws RangeError for what is no network. */
  configure(rules: GuardRules): void {
    this.#isTrusted = makeNetworks(rules.trusted);
    this.#rules = rules;
  }

  /** Whether the validator may be asked; resolves when it may be. Each permission must be followed by `after`. */
  async before(attempt: Attempt): Promise<Permission | Refusal> {
    const machine = machineOf(attempt.address);
    const place = { machine, network: networkOf(attempt.address, this.#rules.prefixes) };
    const isTrusted = this.#isTrusted(attempt.address);
    const keys = new Set(attempt.names.map((name) => this.#keyOf(attempt, name)));
    const accounts = [...keys].map((account) => ({ account, isKnown: this.#isKnown(account, machine) }));
    const unbudgeted = { kind: "permitted" as const, attempt, ...place, isTrusted, accounts, admitted: [] };
    const refusal = (await this.#hold(unbudgeted)) ?? this.#repeated(unbudgeted);
    if (refusal || attempt.budget === undefined) return refusal ?? unbudgeted;
    return this.#admit(unbudgeted, attempt.budget);
  }

  /** What came of it; undefined: no verdict at all. */
  after(permission: Permission, verdict: Verdict | undefined): void {
    const outcome = outcomeOf(verdict);
    if (outcome === "passed") this.#passed(permission, verdict as Accepted);
    else for (const each of permission.admitted) this.budget.leave(each, outcome);
    if (outcome === "failed") this.#failed(permission);
  }

  #keyOf({ realm, budget }: Attempt, name: string): string {
    const key = accountKey(realm, name, budget !== undefined);
    return this.#aliases.get(key) ?? key;
  }

  #isKnown(account: string, machine: string): boolean {
    const now = this.clock.now();
    const isKnown = nameOfKey(account) !== "" && this.known.has(account, machine, now - this.#rules.knownFor);
    return isKnown && !this.pairs.isSuspect(account, machine, now);
  }

  /** Refuses what is locked, and lets the rest wait until it is its turn. */
  async #hold(permission: Permission): Promise<Refusal | undefined> {
    if (permission.accounts.every(({ isKnown }) => isKnown)) return undefined;
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

  #countsAgainst({ attempt, machine, network, isTrusted, accounts }: Permission, now: number): Count[] {
    const { addresses, networks, rules } = this;
    const isClean = !isTrusted && addresses.isClean(machine, rules.address, now);
    const strangers = attempt.isGuess ? accounts.filter(({ isKnown }) => !isKnown) : [];
    const places = [
      { tallies: addresses, key: machine, rule: rules.address, delays: true },
      { tallies: networks, key: network, rule: rules.network, delays: true },
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

  /** Where asking could lock the account, the answer to a password that was wrong a while ago is known. */
  #repeated({ attempt: { secret, budget }, accounts }: Permission): Refusal | undefined {
    const [first] = accounts;
    if (secret === undefined || budget === undefined || !first || !this.wrong.hasAny(first.account)) return undefined;
    const digest = this.wrong.digest(first.account, secret);
    const ago = this.wrong.judgedAgo(first.account, digest, this.clock.now());
    if (ago === undefined || ago >= budget.window) return undefined;
    return refuse("repeated", "the same wrong password as before, not asked again", budget.window - ago);
  }

  async #admit(permission: Permission, rule: BudgetRule): Promise<Permission | Refusal> {
    const admitted: Admitted[] = [];
    for (const { account, isKnown } of permission.accounts) {
      const admission = await this.budget.enter(account, isKnown, rule);
      if (admission.kind === "admitted") {
        admitted.push(admission);
        continue;
      }
      for (const each of admitted) this.budget.leave(each, "neither");
      if (admission.kind === "busy") return refuse("busy", "too many logons of this account are under way", 0);
      const why = "the failures that the domain may be shown for this account are used up";
      return refuse("guarded", why, this.budget.leftOf(account));
    }
    // It may have been found wrong while this one waited.
    const refusal = this.#repeated(permission);
    if (refusal) for (const each of admitted) this.budget.leave(each, "neither");
    return refusal ?? { ...permission, admitted };
  }

  #passed({ attempt, machine, network, accounts, admitted }: Permission, { identity }: Accepted): void {
    const now = this.clock.now();
    const { user, domain } = identity;
    const own = this.#keyOf(attempt, domain === undefined ? user : `${user}@${domain}`);
    const [only] = accounts.length === 1 ? accounts : [];
    if (only && attempt.isGuess && only.account !== own) this.#aliases.set(only.account, own);
    for (const [index, each] of admitted.entries()) {
      const isIt = only !== undefined || accounts[index]?.account === own;
      this.budget.leave(each, isIt ? "passed" : "failed");
    }
    // What a token or certificate was shown under is no name of the account's own: it is known beside it.
    const names = new Set([own, ...(only ? [only.account] : [])]);
    for (const account of attempt.isGuess ? [own] : names) this.known.add({ account, address: machine, at: now });
    for (const account of names) {
      const { atAddress, atAccount } = this.pairs.settle(account, machine);
      this.addresses.forgive(machine, atAddress, this.#rules.address, now);
      this.networks.forgive(network, atAddress, this.#rules.network, now);
      this.accounts.forgive(account, atAccount, this.#rules.account, now);
      if (attempt.secret && this.wrong.hasAny(account))
        this.wrong.remove(account, this.wrong.digest(account, attempt.secret));
    }
  }

  #failed({ attempt, machine, network, isTrusted, accounts }: Permission): void {
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
      this.#count("network", this.networks, network);
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

/** What the guard is told: how many failures of whom cost what. */
import type { BudgetRule } from "./budget.ts";
import type { PrefixLengths } from "./places.ts";
import type { Rule } from "./tallies.ts";

export interface GuardRules {
  /** One machine: an IPv4 address, an IPv6 /64. */
  readonly address: Rule;
  readonly network: Rule;
  /** By whomever, except from addresses from which the account is known. */
  readonly account: Rule;
  /** How much of an address is its network. */
  readonly prefixes: PrefixLengths;
  /** Networks in CIDR form that are not counted: web mail, monitoring, proxies that do not say who their clients are. */
  readonly trusted: readonly string[];
  /** For validators whose source locks accounts. */
  readonly budget: BudgetRule;
  /** Milliseconds for which an address stays known after a logon. */
  readonly knownFor: number;
}

const MINUTE = 60_000;
const DAY = 86_400_000;

/**
 * Of one address at most 10 guesses are answered in a minute and 100 in a day. A network is given ten times that, an
 * account twice. A domain locks after 5 failures where somebody has followed the oldest advice, and forgets after 30
 * minutes where nobody has changed it.
 */
export const DEFAULT_RULES: GuardRules = {
  address: { free: 4, forget: 10 * MINUTE, longest: 15_000, lock: 50, lockFor: DAY },
  network: { free: 100, forget: 10 * MINUTE, longest: 4_000, lock: 500, lockFor: DAY },
  account: { free: 10, forget: 30 * MINUTE, longest: 15_000, lock: 100, lockFor: DAY },
  prefixes: { ipv4: 24, ipv6: 56 },
  trusted: [],
  budget: { failures: 4, window: 30 * MINUTE },
  knownFor: 30 * DAY,
};

/** Keys of each kind that are kept; about 30 MB when all of it is full of the longest names. */
export interface GuardLimits {
  readonly addresses: number;
  readonly networks: number;
  /** Names that have failed, and accounts that are known. */
  readonly accounts: number;
  /** Accounts with addresses that have lately failed together. */
  readonly pairs: number;
}

export const DEFAULT_GUARD_LIMITS: GuardLimits = {
  addresses: 20_000,
  networks: 10_000,
  accounts: 20_000,
  pairs: 20_000,
};

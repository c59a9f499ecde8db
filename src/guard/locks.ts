/** What the guard delays and locks at this moment, and how somebody is let out. */
import { splitName } from "../core/identity.ts";
import { foldName, nameOfKey } from "./account-name.ts";
import type { Guard } from "./guard.ts";
import { machineOf } from "./places.ts";
import type { Rule, Tallies } from "./tallies.ts";

/** More than anybody reads; the answer stays below a few megabytes. */
const LISTED = 10_000;

export interface Lock {
  /** `budget`: the failures that a domain may be shown for the account are used up. */
  readonly kind: "address" | "network" | "account" | "budget";
  /** An address, a network, or an account's name. */
  readonly name: string;
  /** The validator; undefined for addresses and networks. */
  readonly validator: string | undefined;
  readonly failures: number;
  /** Milliseconds until attempts are judged again; 0: they are only delayed. */
  readonly lockedFor: number;
}

export type Unlocking =
  | { readonly account: string }
  /** An address or, as it is listed, a network. */
  | { readonly address: string }
  | { readonly all: true };

/** Locked ones first. */
export function listLocks(guard: Guard): Lock[] {
  const { address, network, account } = guard.rules;
  const locks = [
    ...locksOf("address", guard.addresses, address, guard),
    ...locksOf("network", guard.networks, network, guard),
    ...locksOf("account", guard.accounts, account, guard),
    ...budgetLocks(guard),
  ];
  return locks.sort((a, b) => b.lockedFor - a.lockedFor).slice(0, LISTED);
}

function locksOf(kind: "address" | "network" | "account", tallies: Tallies, rule: Rule, { clock }: Guard): Lock[] {
  const now = clock.now();
  return [...tallies.entries(rule, now)].flatMap(([key, { recent, total }]) => {
    const { lockedFor } = tallies.standing(key, rule, now);
    if (lockedFor === 0 && recent < rule.free) return [];
    return [{ kind, ...named(key), failures: Math.ceil(total), lockedFor }];
  });
}

function budgetLocks({ budget, rules, clock }: Guard): Lock[] {
  const share = rules.budget.failures - Math.floor(rules.budget.failures / 3);
  return [...budget.entries()].flatMap(([key, { outside, inside, at, window }]) => {
    if (outside < share && outside + inside < rules.budget.failures) return [];
    return [
      { kind: "budget" as const, ...named(key), failures: outside + inside, lockedFor: at + window - clock.now() },
    ];
  });
}

function named(key: string): Pick<Lock, "name" | "validator"> {
  const end = key.indexOf("\n");
  return { name: nameOfKey(key), validator: end < 0 ? undefined : key.slice(0, end) };
}

/** How many counts were forgotten. An account's budget is given back as well: its domain may count on. */
export function unlock(guard: Guard, what: Unlocking): number {
  if ("all" in what) return unlockAll(guard);
  return "account" in what ? unlockAccount(guard, what.account) : unlockAddress(guard, what.address);
}

function unlockAccount(guard: Guard, name: string): number {
  const isMeant = accountTest(name);
  const keys = new Set<string>();
  for (const [key] of guard.accounts.entries(guard.rules.account, guard.clock.now())) if (isMeant(key)) keys.add(key);
  for (const [key] of guard.budget.entries()) if (isMeant(key)) keys.add(key);
  const forgotten = [...keys].map((key) => [guard.accounts.delete(key), guard.budget.refund(key)]);
  guard.wrong.forget(isMeant);
  guard.pairs.forget((account) => isMeant(account));
  return forgotten.flat().filter(Boolean).length;
}

/** In every validator; without a domain, in every domain. */
function accountTest(name: string): (key: string) => boolean {
  const { user, domain } = splitName(name);
  const plain = foldName(user);
  const whole = domain === undefined ? undefined : `${plain}@${foldName(domain)}`;
  return (key) => {
    const found = nameOfKey(key);
    return found === plain || found === whole || (whole === undefined && found.startsWith(`${plain}@`));
  };
}

function unlockAddress(guard: Guard, text: string): number {
  const machine = machineOf(text);
  guard.pairs.forget((_account, address) => address === machine);
  const isNetwork = text.includes("/");
  const keys = new Set(isNetwork ? [text] : [machine]);
  return [...keys].filter((key) => [guard.addresses.delete(key), guard.networks.delete(key)].includes(true)).length;
}

function unlockAll(guard: Guard): number {
  const { address, network, account } = guard.rules;
  const now = guard.clock.now();
  const kinds = [
    [guard.addresses, address],
    [guard.networks, network],
    [guard.accounts, account],
  ] as const;
  const counts = kinds.flatMap(([tallies, rule]) =>
    [...tallies.entries(rule, now)].map(([key]) => tallies.delete(key)),
  );
  const spent = [...guard.budget.entries()].length;
  guard.budget.refundAll();
  guard.wrong.forget(() => true);
  guard.pairs.forget(() => true);
  return counts.length + spent;
}

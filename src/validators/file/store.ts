/** All accounts of one file, found by name and domain without regard to case; bad lines are reported, not passed over. */
import type { AccountName } from "../../core/identity.ts";
import { parseLine, type Account } from "./account-line.ts";

export interface StoreProblem {
  /** From 1; 0: the file as a whole. */
  readonly line: number;
  readonly message: string;
}

export interface Store {
  readonly accounts: readonly Account[];
  /** Lines that were left out. */
  readonly problems: readonly StoreProblem[];
  /** Two lines for one name, so that nobody can say which is meant: no store to judge by. */
  readonly duplicates: readonly StoreProblem[];
  /** Accounts by the full name, lower-cased. */
  readonly byName: ReadonlyMap<string, Account>;
  /** Accounts by the name without domain, lower-cased. */
  readonly byUser: ReadonlyMap<string, readonly Account[]>;
}

export function parseStore(text: string): Store {
  const problems: StoreProblem[] = [];
  const duplicates: StoreProblem[] = [];
  const byName = new Map<string, Account>();
  const byUser = new Map<string, Account[]>();
  for (const [index, content] of text
    .replace(/^\uFEFF/, "")
    .split(/\r?\n/)
    .entries()) {
    if (!isAccountLine(content)) continue;
    const account = parseLine(content, index + 1);
    if (typeof account === "string") problems.push({ line: index + 1, message: account });
    else add(account, byName, byUser, duplicates);
  }
  return { accounts: [...byName.values()], problems, duplicates, byName, byUser };
}

/** Neither blank nor a comment. */
export function isAccountLine(content: string): boolean {
  return content.trim() !== "" && !content.startsWith("#");
}

function add(
  account: Account,
  byName: Map<string, Account>,
  byUser: Map<string, Account[]>,
  duplicates: StoreProblem[],
): void {
  const key = account.name.toLowerCase();
  const first = byName.get(key);
  if (first !== undefined) {
    duplicates.push({ line: account.line, message: `${account.name} is on line ${first.line} already` });
    return;
  }
  byName.set(key, account);
  const user = account.identity.user.toLowerCase();
  const others = byUser.get(user);
  if (others === undefined) byUser.set(user, [account]);
  else others.push(account);
}

/**
 * The account that a client means. Without a domain: the account of just that name, else the one in the server's own
 * domain, else the only one with that user name. `isOurs` says whether a lower-cased domain is the server's.
 */
export function findAccount(store: Store, name: AccountName, isOurs: (domain: string) => boolean): Account | undefined {
  const candidates = store.byUser.get(name.user.toLowerCase()) ?? [];
  const domain = name.domain?.toLowerCase();
  if (domain !== undefined && domain !== "") {
    return (
      candidates.find(({ domains }) => domains.includes(domain)) ??
      candidates.find((account) => isOurs(domain) && isInDomain(account, isOurs))
    );
  }
  return (
    store.byName.get(name.user.toLowerCase()) ??
    candidates.find(({ domains }) => domains.some(isOurs)) ??
    (candidates.length === 1 ? candidates[0] : undefined)
  );
}

/** Accounts without a domain are in the server's. */
function isInDomain({ domains }: Account, isOurs: (domain: string) => boolean): boolean {
  return domains.length === 0 || domains.some(isOurs);
}

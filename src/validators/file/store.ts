/** All accounts of one file, found by name without regard to case; bad lines are reported, not passed over. */
import { parseLine, type FileAccount } from "./account-line.ts";

export interface StoreProblem {
  /** From 1; 0: the file as a whole. */
  readonly line: number;
  readonly message: string;
}

export interface Store {
  readonly accounts: readonly FileAccount[];
  /** Lines that were left out. */
  readonly problems: readonly StoreProblem[];
  /** Two lines for one name, so that nobody can say which is meant: no store to judge by. */
  readonly duplicates: readonly StoreProblem[];
  /** Accounts by the full name, lower-cased. */
  readonly byName: ReadonlyMap<string, FileAccount>;
  /** Accounts by the name without domain, lower-cased. */
  readonly byUser: ReadonlyMap<string, readonly FileAccount[]>;
}

export function parseStore(text: string): Store {
  const problems: StoreProblem[] = [];
  const duplicates: StoreProblem[] = [];
  const byName = new Map<string, FileAccount>();
  const byUser = new Map<string, FileAccount[]>();
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
  account: FileAccount,
  byName: Map<string, FileAccount>,
  byUser: Map<string, FileAccount[]>,
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

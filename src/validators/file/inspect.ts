/** What `postern check` and `postern user list` say about an account file: who is in it, and what is wrong. */
import { statSync } from "node:fs";
import { canUse } from "../../accounts/can-use.ts";
import { SCRAM_NAMES } from "../../scram/keys.ts";
import type { FileAccount } from "./account-line.ts";
import { DuplicateAccount, readStore } from "./watch.ts";

export interface AccountProblem {
  /** From 1; 0: the file as a whole. */
  readonly line: number;
  readonly message: string;
  /** With an error no validator can start; the rest of the file serves in spite of warnings. */
  readonly severity: "error" | "warning";
}

export interface Inspection {
  readonly accounts: readonly FileAccount[];
  readonly problems: readonly AccountProblem[];
}

export function inspectStore(path: string): Inspection {
  try {
    const { store } = readStore(path);
    const ignored = store.problems.map(({ line, message }) => ({ line, message: `account ignored: ${message}` }));
    const plain = store.accounts.filter(({ password }) => password?.kind === "plain");
    const readable = plain.map(({ line, name }) => ({
      line,
      message: `the password of ${name} is stored in clear; \`postern user passwd\` hashes it`,
    }));
    const warnings = [...exposed(path), ...ignored, ...readable, ...withoutKeys(store.accounts)].map((problem) => ({
      ...problem,
      severity: "warning" as const,
    }));
    return { accounts: store.accounts, problems: warnings.sort((a, b) => a.line - b.line) };
  } catch (error) {
    if (error instanceof DuplicateAccount) return { accounts: [], problems: [{ ...error.problem, severity: "error" }] };
    const message = error instanceof Error ? error.message : String(error);
    return { accounts: [], problems: [{ line: 0, message, severity: "error" }] };
  }
}

/** One account without keys keeps a mechanism from being offered to the others, which nobody would guess. */
function withoutKeys(accounts: readonly FileAccount[]): { line: number; message: string }[] {
  const active = accounts.filter(({ state }) => state.disabled !== true);
  return SCRAM_NAMES.flatMap((mechanism) => {
    const without = active.filter((account) => !canUse(account, mechanism));
    const [first, ...others] = without;
    if (first === undefined || without.length === active.length) return [];
    const names = others.length === 0 ? first.name : `${first.name} and ${others.length} more`;
    return [{ line: first.line, message: `${mechanism} is not offered, because ${names} cannot use it` }];
  });
}

/** An NT hash is as good as the password itself to whoever reads it. */
function exposed(path: string): { line: number; message: string }[] {
  const isExposed = (statSync(path).mode & 0o007) !== 0;
  return isExposed ? [{ line: 0, message: `others can read or write the file; chmod o= ${path}` }] : [];
}

/** Validator `file`: the accounts of a text file, which is read again when it changes. */
import type { AccountSource } from "../../accounts/source.ts";
import type { PoolOptions } from "../../accounts/hash-pool.ts";
import { judgeAccounts, type JudgeOptions } from "../../accounts/judge.ts";
import type { Validator } from "../../core/validator.ts";
import type { Log } from "./log.ts";
import { parseStore } from "./store.ts";
import { watchStore, type WatchedStore } from "./watch.ts";

export type { Log, LogLevel } from "./log.ts";

export interface FileValidatorOptions extends Pick<JudgeOptions, "name" | "names" | "kinds" | "secret" | "now"> {
  readonly path: string;
  readonly log: Log;
  readonly worker?: PoolOptions;
}

/** Throws Error with a sentence for the administrator when the file cannot be read. */
export function fileValidator(options: FileValidatorOptions): Validator {
  return judgeFile(watchStore(options.path, options.log), options);
}

/** The same over accounts that are in no file: `text` is what the file would hold. For the sandbox and for tests. */
export function accountsValidator(
  options: Pick<FileValidatorOptions, "name" | "names" | "kinds" | "secret" | "now"> & { readonly text: string },
): Validator {
  const store = parseStore(options.text);
  return judgeFile({ current: () => store, close: () => undefined }, options);
}

function judgeFile(watched: WatchedStore, options: JudgeOptions): Validator {
  return judgeAccounts(fileSource(watched), { ...options, remedy: REMEDY });
}

const REMEDY = "set its password again with `postern user passwd`";

function fileSource(watched: WatchedStore): AccountSource {
  return {
    find: ({ user }) => watched.current().byUser.get(user.toLowerCase()) ?? [],
    accounts: () => watched.current().accounts,
    close: () => watched.close(),
  };
}

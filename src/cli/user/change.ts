/** `postern user add, set, passwd, disable, enable, remove`: one line of the account file changed. */
import { readFileSync } from "node:fs";
import type { Command } from "commander";
import { isAccountName, isOwnWord, scramKey, SECRET_KEYS } from "../../accounts/account.ts";
import { isAppWord } from "../../accounts/app-password.ts";
import { splitLine } from "../../validators/file/account-line.ts";
import { editFile } from "../../validators/file/edit.ts";
import { accountFile, type FileOptions } from "./account-file.ts";
import { checkedLine, editAccount, existing, indexOf, withExtra } from "./edit-account.ts";
import { newSecrets, type SecretOptions } from "./secrets.ts";
import { wordsOf, type WordOptions } from "./words.ts";

type PasswordOptions = FileOptions & SecretOptions;

export async function add(name: string, options: PasswordOptions & WordOptions, command: Command): Promise<void> {
  const path = await accountFile(options, command);
  if (!isAccountName(name)) command.error(`error: ${JSON.stringify(name)} cannot be an account's name`);
  const words = wordsOf(options, command);
  const secrets = await newSecrets(options);
  const bare = { name, password: secrets.password, between: [], extra: new Map(secrets.words) };
  const line = checkedLine(withExtra(bare, words));
  await editFile(path, (lines) => {
    if (indexOf(name, lines) >= 0)
      throw new Error(`${name} is in ${path} already: change it with \`postern user set\` or \`postern user passwd\``);
    return [...lines, line];
  });
  console.log(`${name} added to ${path}`);
}

type SetOptions = FileOptions & WordOptions & { readonly clear: readonly string[] };

export async function set(name: string, options: SetOptions, command: Command): Promise<void> {
  const path = await accountFile(options, command);
  const words = wordsOf(options, command);
  const cleared = options.clear.map((key) => [clearable(key, command), undefined] as const);
  if (words.length + cleared.length === 0) command.error("error: nothing to set: see `postern user set --help`");
  await editAccount(path, name, (fields) => withExtra(fields, [...cleared, ...words]));
  const done = [...cleared, ...words].map(([key, value]) => (value === undefined ? `no ${key}` : `${key}=${value}`));
  console.log(`${name} has ${done.join(" ")}`);
}

/** Secrets have commands of their own. */
function clearable(key: string, command: Command): string {
  if (SECRET_KEYS.has(key) || isAppWord(key)) command.error(`error: ${key} is a secret, which --clear does not remove`);
  if (!isOwnWord(key) && !/^[A-Za-z_][\w.-]*$/.test(key)) command.error(`error: --clear wants the name of a field`);
  return key;
}

/** What was said of the old password and would keep the new one from being used. */
const OF_THE_PASSWORD = ["must-change", "password-expires"] as const;

export async function passwd(name: string, options: PasswordOptions, command: Command): Promise<void> {
  const path = await accountFile(options, command);
  const lines = readFileSync(path, "utf8").split(/\r?\n/);
  const old = splitLine(lines[existing(name, lines, path)] ?? ""); // before anybody types for nothing
  const had = (key: string) => typeof old !== "string" && old.extra.has(key);
  const scramSha1 = options.scramSha1 ?? had(scramKey("SCRAM-SHA-1"));
  const { password, words } = await newSecrets({ ...options, scramSha1 });
  await editAccount(path, name, (fields) => {
    const rest = [...fields.extra].filter(([key]) => !SECRET_KEYS.has(key));
    const fresh = { ...fields, password, extra: new Map([...words, ...rest]) };
    return withExtra(fresh, OF_THE_PASSWORD.map((key) => [key, undefined])); // prettier-ignore
  });
  const gone = OF_THE_PASSWORD.filter(had).map((key) => `; ${key}= was of the old one and is gone`);
  console.log(`${name} has a new password${gone.join("")}`);
}

export function setDisabled(isDisabled: boolean) {
  return async (name: string, options: FileOptions, command: Command): Promise<void> => {
    const path = await accountFile(options, command);
    await editAccount(path, name, (fields) => {
      const without = withExtra(fields, [["disabled", undefined]]);
      return isDisabled ? withExtra(without, [["disabled", "yes"]]) : without;
    });
    console.log(`${name} is ${isDisabled ? "disabled" : "enabled"}`);
  };
}

export async function remove(name: string, options: FileOptions, command: Command): Promise<void> {
  const path = await accountFile(options, command);
  await editFile(path, (lines) => lines.toSpliced(existing(name, lines, path), 1));
  console.log(`${name} removed from ${path}`);
}

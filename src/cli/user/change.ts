/** `postern user add, passwd, disable, enable, remove`: one line of the account file changed. */
import { readFileSync } from "node:fs";
import type { Command } from "commander";
import { isAccountName, isOwnWord, scramKey, SECRET_KEYS } from "../../accounts/account.ts";
import { joinLine, parseLine, splitLine, type LineFields } from "../../validators/file/account-line.ts";
import { editFile } from "../../validators/file/edit.ts";
import { isAccountLine } from "../../validators/file/store.ts";
import { accountFile, type FileOptions } from "./account-file.ts";
import { newSecrets, type SecretOptions } from "./secrets.ts";

type PasswordOptions = FileOptions & SecretOptions;

type AddOptions = PasswordOptions & {
  readonly domain?: string;
  readonly mailbox?: string;
  readonly group: readonly string[];
  readonly attr: readonly string[];
  readonly cert: readonly string[];
};

export async function add(name: string, options: AddOptions, command: Command): Promise<void> {
  const path = accountFile(options, command);
  if (!isAccountName(name)) command.error(`error: ${JSON.stringify(name)} cannot be an account's name`);
  const attributes = options.attr.map((text) => parseAttribute(text, command));
  const words = [
    ...(options.domain === undefined ? [] : [["domain", options.domain] as const]),
    ...(options.mailbox === undefined ? [] : [["mailbox", options.mailbox] as const]),
    ...(options.group.length === 0 ? [] : [["groups", options.group.join(",")] as const]),
    ...(options.cert.length === 0 ? [] : [["cert", options.cert.join(",")] as const]),
    ...attributes,
  ];
  const wrong = words.find(([, value]) => value === "" || /[\s\p{Cc}]/u.test(value));
  if (wrong !== undefined) command.error(`error: ${wrong[0]} is empty or has a blank in it`);
  const secrets = await newSecrets(options);
  const fields = { name, password: secrets.password, between: [], extra: new Map([...secrets.words, ...words]) };
  await editFile(path, (lines) => {
    if (indexOf(name, lines) >= 0)
      throw new Error(`${name} is in ${path} already: change it with \`postern user passwd\``);
    return [...lines, checkedLine(fields)];
  });
  console.log(`${name} added to ${path}`);
}

function parseAttribute(text: string, command: Command): readonly [string, string] {
  const [, key = "", value = ""] = /^([A-Za-z_][\w.-]*)=(.*)$/su.exec(text) ?? [];
  if (key === "") command.error(`error: --attr wants key=value, not ${JSON.stringify(text)}`);
  if (isOwnWord(key)) command.error(`error: ${key} is not an attribute but has a meaning of its own`);
  return [key, value];
}

export async function passwd(name: string, options: PasswordOptions, command: Command): Promise<void> {
  const path = accountFile(options, command);
  const lines = readFileSync(path, "utf8").split(/\r?\n/);
  const old = splitLine(lines[existing(name, lines, path)] ?? ""); // before anybody types for nothing
  const hadSha1 = typeof old !== "string" && old.extra.has(scramKey("SCRAM-SHA-1"));
  const { password, words } = await newSecrets({ ...options, scramSha1: options.scramSha1 ?? hadSha1 });
  await editAccount(path, name, (fields) => {
    const rest = [...fields.extra].filter(([key]) => !SECRET_KEYS.has(key));
    return { ...fields, password, extra: new Map([...words, ...rest]) };
  });
  console.log(`${name} has a new password`);
}

export function setDisabled(isDisabled: boolean) {
  return async (name: string, options: FileOptions, command: Command): Promise<void> => {
    await editAccount(accountFile(options, command), name, (fields) => {
      const rest = [...fields.extra].filter(([key]) => key !== "disabled");
      return { ...fields, extra: new Map(isDisabled ? [...rest, ["disabled", "yes"]] : rest) };
    });
    console.log(`${name} is ${isDisabled ? "disabled" : "enabled"}`);
  };
}

export async function remove(name: string, options: FileOptions, command: Command): Promise<void> {
  const path = accountFile(options, command);
  await editFile(path, (lines) => lines.toSpliced(existing(name, lines, path), 1));
  console.log(`${name} removed from ${path}`);
}

async function editAccount(path: string, name: string, change: (fields: LineFields) => LineFields): Promise<void> {
  await editFile(path, (lines) => {
    const index = existing(name, lines, path);
    const fields = splitLine(lines[index] ?? "");
    if (typeof fields === "string") throw new Error(`${path}:${index + 1}: ${fields}`);
    return lines.with(index, checkedLine(change(fields)));
  });
}

/** Nothing is written that would be ignored when it is read. */
function checkedLine(fields: LineFields): string {
  const line = joinLine(fields);
  const parsed = parseLine(line, 0);
  if (typeof parsed === "string") throw new Error(parsed);
  return line;
}

function indexOf(name: string, lines: readonly string[]): number {
  return lines.findIndex((line) => isAccountLine(line) && line.split(":", 1)[0]?.toLowerCase() === name.toLowerCase());
}

function existing(name: string, lines: readonly string[], path: string): number {
  const index = indexOf(name, lines);
  if (index < 0) throw new Error(`there is no ${name} in ${path}`);
  return index;
}

/** `postern user app-password add, list, revoke`: further secrets of an account, made here and shown once. */
import { randomInt } from "node:crypto";
import { readFileSync } from "node:fs";
import type { Command } from "commander";
import {
  APP_PREFIX,
  formatAppPassword,
  isAppPasswordName,
  isAppWord,
  parseAppPassword,
  type AppPassword,
} from "../../accounts/app-password.ts";
import { formatInstant } from "../../accounts/instant.ts";
import { ntHash } from "../../ntlm/hashes.ts";
import { parseLine } from "../../validators/file/account-line.ts";
import { accountFile, type FileOptions } from "./account-file.ts";
import { editAccount, existing, withExtra } from "./edit-account.ts";

type AddOptions = FileOptions & {
  readonly listeners?: string;
  readonly networks?: string;
  readonly expires?: string;
};

export async function addAppPassword(
  account: string,
  name: string,
  options: AddOptions,
  command: Command,
): Promise<void> {
  const path = await accountFile(options, command);
  if (!isAppPasswordName(name)) command.error(`error: ${JSON.stringify(name)} cannot be an app password's name`);
  const secret = generate();
  const { listeners, networks, expires } = options;
  const parts = Object.entries({ listeners, networks, created: new Date().toISOString().slice(0, 10), expires });
  const given = parts.flatMap(([key, value]) => (value === undefined ? [] : [`${key}=${value}`]));
  const app = parseAppPassword(name, [ntHash(secret).toString("hex"), ...given].join(";"));
  if (typeof app === "string") return command.error(`error: ${app}`);
  const word = formatAppPassword(app);
  if (/[\s\p{Cc}]/u.test(word)) command.error("error: there is a blank in what was given");
  await editAccount(path, account, (fields) => {
    if (wordOf(name, fields.extra) !== undefined)
      throw new Error(`${account} has an app password ${name} already: revoke it first`);
    return withExtra(fields, [[`${APP_PREFIX}${name}`, word]]);
  });
  console.error(`The app password ${name} of ${account}, shown this once; the hyphens are part of it:`);
  console.log(secret);
}

export async function revokeAppPassword(
  account: string,
  name: string,
  options: FileOptions,
  command: Command,
): Promise<void> {
  const path = await accountFile(options, command);
  await editAccount(path, account, (fields) => {
    const word = wordOf(name, fields.extra);
    if (word === undefined) throw new Error(`${account} has no app password ${name}`);
    return withExtra(fields, [[word, undefined]]);
  });
  console.log(`${account} has no app password ${name} any more`);
}

function wordOf(name: string, extra: ReadonlyMap<string, string>): string | undefined {
  const key = `${APP_PREFIX}${name}`.toLowerCase();
  return [...extra.keys()].find((each) => isAppWord(each) && each.toLowerCase() === key);
}

export async function listAppPasswords(
  account: string,
  options: FileOptions & { readonly json?: true },
  command: Command,
): Promise<void> {
  const path = await accountFile(options, command);
  const lines = readFileSync(path, "utf8").split(/\r?\n/);
  const index = existing(account, lines, path);
  const parsed = parseLine(lines[index] ?? "", index + 1);
  if (typeof parsed === "string") throw new Error(`${path}:${index + 1}: ${parsed}`);
  const rows = parsed.appPasswords.map(describeAppPassword);
  if (options.json) return console.log(JSON.stringify(rows, undefined, 2));
  for (const { name, ...rest } of rows) {
    const words = Object.entries(rest).map(([key, value]) => `${key}=${String(value)}`);
    console.log([name.padEnd(24), ...words].join("  ").trimEnd());
  }
}

/** Without the secret; what it does not say is left out. */
export function describeAppPassword({ name, listeners, networks, created, expires }: AppPassword) {
  return {
    name,
    ...(listeners && { listeners }),
    ...(networks && { networks: networks.list }),
    ...(created && { created: formatInstant(created) }),
    ...(expires && { expires: formatInstant(expires) }),
  };
}

/** Without letters and digits that are taken for each other: 0 and o, 1, i and l. */
const ALPHABET = "abcdefghjkmnpqrstuvwxyz23456789";
/** 20 characters of 31 are 99 bits: nobody finds them, though an NT hash is computed in no time. */
const GROUPS = 4;
const GROUP_LENGTH = 5;

function generate(): string {
  const group = () => Array.from({ length: GROUP_LENGTH }, () => ALPHABET[randomInt(ALPHABET.length)]).join("");
  return Array.from({ length: GROUPS }, group).join("-");
}

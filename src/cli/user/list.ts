/** `postern user list`: the accounts without their secrets, and which of them are refused now. */
import type { Command } from "commander";
import { mechanismsOf } from "../../accounts/can-use.ts";
import { denialByState } from "../../accounts/state.ts";
import { stateWords } from "../../accounts/state-words.ts";
import { SCRAM_NAMES } from "../../scram/keys.ts";
import type { FileAccount } from "../../validators/file/account-line.ts";
import { inspectStore } from "../../validators/file/inspect.ts";
import { accountFile, type FileOptions } from "./account-file.ts";
import { describeAppPassword } from "./app-password.ts";

export async function list(options: FileOptions & { readonly json?: true }, command: Command): Promise<void> {
  const path = await accountFile(options, command);
  const { accounts, problems } = inspectStore(path);
  for (const { line, message } of problems) console.error(`${path}:${line}: ${message}`);
  if (problems.some(({ severity }) => severity === "error")) process.exitCode = 1;
  const rows = accounts.map(describe);
  if (options.json) return console.log(JSON.stringify(rows, undefined, 2));
  for (const row of rows) console.log(inWords(row));
}

function describe(account: FileAccount) {
  const { name, identity, password, nt, scram, state, appPasswords, line } = account;
  const { domain, mailbox, groups, attributes } = identity;
  const scheme = password?.kind === "slow" ? password.scheme.toLowerCase() : password?.kind;
  const keys = SCRAM_NAMES.filter((each) => scram[each] !== undefined).map((each) => each.toLowerCase());
  const secrets = [...new Set([scheme, nt && "nt", ...keys].filter((secret) => secret !== undefined))];
  return {
    ...{ name, domain, mailbox, groups, attributes, secrets },
    mechanisms: mechanismsOf(account),
    disabled: state.disabled === true,
    state: Object.fromEntries(stateWords(state)),
    refused: refusedNow(account),
    appPasswords: appPasswords.map(describeAppPassword),
    line,
  };
}

/** Whatever the listener and the workstation; null: it may log on. */
function refusedNow({ state, name }: FileAccount): string | null {
  const [listener = "", workstation] = [state.listeners?.[0], state.workstations?.[0]];
  const logon = { now: new Date(), listener, workstation, byNtlm: false, by: "password" } as const;
  return denialByState(state, logon, name)?.why ?? null;
}

function inWords(row: ReturnType<typeof describe>): string {
  const state = Object.entries(row.state).map(([key, value]) => (value === "yes" ? key : `${key}=${value}`));
  const words = [
    row.domain ?? "",
    `mailbox ${row.mailbox}`,
    row.groups.join(","),
    row.secrets.join("+"),
    row.mechanisms.join(","),
    row.appPasswords.length === 0 ? "" : `app passwords ${row.appPasswords.map(({ name }) => name).join(",")}`,
    state.join(" "),
    row.refused === null || row.disabled ? "" : `now refused: ${row.refused}`,
  ];
  return [row.name.padEnd(24), ...words.filter((word) => word !== "")].join("  ");
}

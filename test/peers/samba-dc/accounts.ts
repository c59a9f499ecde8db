/** What is in the domain of the test domain controllers: names, accounts in every state, their passwords. */
import { readFileSync } from "node:fs";
import { ROOT } from "../../support/root.ts";

export interface DomainAccount {
  readonly name: string;
  readonly password: string;
  /** What MS-APDS 3.1.5 answers to a network logon with the right password: "STATUS_ACCOUNT_DISABLED". */
  readonly expect: string;
  readonly note: string;
}

interface Accounts {
  readonly users: readonly DomainAccount[];
  readonly machines: readonly DomainAccount[];
  readonly groups: readonly { readonly name: string; readonly members: readonly string[] }[];
}

export const SAMBA_DC_FOLDER: URL = new URL("test/peers/samba-dc/", ROOT);

function read(name: string): unknown {
  return JSON.parse(readFileSync(new URL(name, SAMBA_DC_FOLDER), "utf8"));
}

/** Nothing locks but the account `guessed`, after five wrong passwords. */
export const { users: USERS, machines: MACHINES } = read("accounts.json") as Accounts;

export const DOMAIN = read("domain.json") as {
  readonly netbios: string;
  readonly dns: string;
  /** The domain controller's own name, without the domain. */
  readonly host: string;
  readonly sid: string;
  readonly administratorPassword: string;
};

export const BASE_DN: string = DOMAIN.dns
  .split(".")
  .map((label) => `DC=${label}`)
  .join(",");

/** A user's, or with `$` at the end a machine's; throws where there is none. */
export function accountOf(name: string): DomainAccount {
  const account = [...USERS, ...MACHINES].find((each) => each.name === name);
  if (account === undefined) throw new Error(`there is no account ${name} in accounts.json`);
  return account;
}

/** The accounts of the conformance suite as a validator without a file, with every kind of secret. */
import type { Validator } from "../../../src/core/validator.ts";
import { accountsValidator } from "../../../src/validators/file/file.ts";
import { ACCOUNTS, NAMES, type TestAccount } from "../conformance.ts";

function lineOf({ name, password, domain, mailbox, groups, attributes, disabled }: TestAccount): string {
  const words = Object.entries({ domain, mailbox, groups: groups?.join(), ...attributes });
  const extra = words.flatMap(([key, value]) => (value === undefined ? [] : [`${key}=${value}`]));
  return `${name}:{PLAIN}${password}::::::${[...extra, ...(disabled ? ["disabled=yes"] : [])].join(" ")}\n`;
}

export function conformingAccounts(): Validator {
  return accountsValidator({ name: "users", text: ACCOUNTS.map(lineOf).join(""), names: NAMES });
}

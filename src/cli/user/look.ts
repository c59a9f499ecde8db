/** `postern user list, verify`: the accounts without their secrets, and whether a password is right. */
import type { Command } from "commander";
import type { Secret } from "../../core/secret.ts";
import type { TargetNames, Validator } from "../../core/validator.ts";
import type { Verdict } from "../../core/verdict.ts";
import { saslprep } from "../../scram/saslprep.ts";
import { deriveKeys, isSameKey, SCRAM_NAMES, type ScramName } from "../../scram/keys.ts";
import { mechanismsOf } from "../../accounts/can-use.ts";
import type { FileAccount } from "../../validators/file/account-line.ts";
import { fileValidator } from "../../validators/file/file.ts";
import { inspectStore } from "../../validators/file/inspect.ts";
import { accountFile, type FileOptions } from "./account-file.ts";
import { askPassword } from "./password-input.ts";

export function list(options: FileOptions & { readonly json?: true }, command: Command): void {
  const path = accountFile(options, command);
  const { accounts, problems } = inspectStore(path);
  for (const { line, message } of problems) console.error(`${path}:${line}: ${message}`);
  if (problems.some(({ severity }) => severity === "error")) process.exitCode = 1;
  const rows = accounts.map(describe);
  if (options.json) return console.log(JSON.stringify(rows, undefined, 2));
  for (const { name, domain, mailbox, groups, secrets, mechanisms, disabled } of rows) {
    const words = [
      domain,
      `mailbox ${mailbox}`,
      groups.join(","),
      secrets.join("+"),
      mechanisms.join(","),
      disabled ? "disabled" : "",
    ];
    console.log([name.padEnd(24), ...words.filter((word) => word !== undefined && word !== "")].join("  "));
  }
}

function describe(account: FileAccount) {
  const { name, identity, password, nt, scram, state, line } = account;
  const { domain, mailbox, groups, attributes } = identity;
  const scheme = password?.kind === "slow" ? password.scheme.toLowerCase() : password?.kind;
  const keys = SCRAM_NAMES.filter((each) => scram[each] !== undefined).map((each) => each.toLowerCase());
  const secrets = [...new Set([scheme, nt && "nt", ...keys].filter((secret) => secret !== undefined))];
  const mechanisms = mechanismsOf(account);
  return { name, domain, mailbox, groups, attributes, secrets, mechanisms, disabled: state.disabled === true, line };
}

/** Only the account's own domain counts here: which server's is tried is not known. */
const NO_NAMES: TargetNames = { netbiosDomain: "", netbiosComputer: "", domainJoined: false };

export async function verify(
  name: string,
  options: FileOptions & { readonly passwordStdin?: true },
  command: Command,
): Promise<void> {
  const path = accountFile(options, command);
  const password = await askPassword(options.passwordStdin === true, "Password: ");
  const log = (_level: string, message: string) => console.error(message);
  const validator = fileValidator({ name: "file", path, names: NO_NAMES, log });
  try {
    const verdict = await validator.password?.({ username: name, password }, VISIT);
    console.log(verdict === undefined ? "not judged" : inWords(verdict));
    const wrong = verdict?.kind === "accepted" ? await tryKeys(validator, name, password) : [];
    process.exitCode = verdict?.kind === "accepted" && wrong.length === 0 ? 0 : 1;
  } finally {
    await validator.close?.();
  }
}

/** Prints what SCRAM's keys say of the password; they can be another's, where a line was put together by hand. */
async function tryKeys({ keys }: Validator, name: string, password: Secret): Promise<readonly ScramName[]> {
  const found = await keys?.find(name, VISIT);
  const prepared = saslprep(password.reveal(), "query") ?? "";
  const wrong: ScramName[] = [];
  for (const mechanism of SCRAM_NAMES) {
    const stored = found?.kind === "keys" ? found.keys[mechanism] : undefined;
    if (stored === undefined) continue;
    const { storedKey, serverKey } = await deriveKeys(mechanism, prepared, stored);
    const isRight = isSameKey(storedKey, stored.storedKey) && isSameKey(serverKey, stored.serverKey);
    console.log(`${mechanism}: ${isRight ? "right" : "wrong, its keys are of another password"}`);
    if (!isRight) wrong.push(mechanism);
  }
  return wrong;
}

const VISIT = {
  id: "postern-user",
  protocol: "imap",
  listener: "postern user verify",
  client: { address: "127.0.0.1", port: 0 },
  secure: true,
  channelBinding: undefined,
  tls: undefined,
} as const;

function inWords(verdict: Verdict): string {
  if (verdict.kind !== "accepted") return `${verdict.kind}: ${verdict.why}`;
  const { user, domain, mailbox } = verdict.identity;
  return `accepted: user ${user}, ${domain === undefined ? "" : `domain ${domain}, `}mailbox ${mailbox}`;
}

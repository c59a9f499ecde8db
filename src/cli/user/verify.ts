/** `postern user verify`: whether a password is right, what the account's state says to that, and whether its keys agree. */
import type { Command } from "commander";
import type { Account } from "../../accounts/account.ts";
import { mechanismsOf } from "../../accounts/can-use.ts";
import { lookup } from "../../accounts/names.ts";
import { denialByState } from "../../accounts/state.ts";
import { ntStatusName } from "../../core/nt-status.ts";
import type { Secret } from "../../core/secret.ts";
import type { TargetNames, Validator } from "../../core/validator.ts";
import type { Denied, Verdict } from "../../core/verdict.ts";
import type { Visit } from "../../core/visit.ts";
import { saslprep } from "../../scram/saslprep.ts";
import { deriveKeys, isSameKey, SCRAM_NAMES, type ScramName } from "../../scram/keys.ts";
import { fileValidator } from "../../validators/file/file.ts";
import { readStore } from "../../validators/file/watch.ts";
import { accountFile, type FileOptions } from "./account-file.ts";
import { askPassword } from "./password-input.ts";

type VerifyOptions = FileOptions & {
  readonly passwordStdin?: true;
  readonly listener?: string;
  readonly address?: string;
  readonly workstation?: string;
};

/** Only the account's own domain counts here: which server's is tried is not known. */
const NO_NAMES: TargetNames = { netbiosDomain: "", netbiosComputer: "", domainJoined: false };

export async function verify(name: string, options: VerifyOptions, command: Command): Promise<void> {
  const path = await accountFile(options, command);
  const password = await askPassword(options.passwordStdin === true, "Password: ");
  const log = (_level: string, message: string) => console.error(message);
  const validator = fileValidator({ name: "file", path, names: NO_NAMES, log });
  try {
    const account = await accountNamed(name, path);
    const visit = visitOf(options, account);
    const verdict = await validator.password?.({ username: name, password }, visit);
    console.log(verdict === undefined ? "not judged" : inWords(verdict));
    if (account !== undefined && verdict !== undefined) tellOfNtlm(account, verdict, options, visit);
    const isRight = verdict?.kind === "accepted";
    const wrong = isRight && verdict.appPassword === undefined ? await tryKeys(validator, name, password, visit) : [];
    process.exitCode = isRight && wrong.length === 0 ? 0 : 1;
  } finally {
    await validator.close?.();
  }
}

async function accountNamed(name: string, path: string): Promise<Account | undefined> {
  const { byUser } = readStore(path).store;
  const find = lookup({ find: ({ user }) => byUser.get(user.toLowerCase()) ?? [] }, () => false);
  const found = await find(name, visitOf({}, undefined));
  return found !== undefined && "kind" in found ? undefined : found;
}

/** A listener that the account may use, unless one was asked for. */
function visitOf({ listener, address = "127.0.0.1" }: VerifyOptions, account: Account | undefined): Visit {
  return {
    id: "postern-user",
    protocol: "imap",
    listener: listener ?? account?.state.listeners?.[0] ?? "postern user verify",
    client: { address, port: 0 },
    secure: true,
    channelBinding: undefined,
    tls: undefined,
  };
}

/** Where the proof is right but an NTLM client gets another answer: it names a workstation, or may not use NTLM. */
function tellOfNtlm(account: Account, verdict: Verdict, { workstation }: VerifyOptions, visit: Visit): void {
  const isRight = verdict.kind === "accepted" || (verdict.kind === "denied" && verdict.reason !== "bad-credentials");
  if (!isRight || !mechanismsOf(account).includes("NTLM")) return;
  const isApp = verdict.kind === "accepted" && verdict.appPassword !== undefined;
  const logon = { now: new Date(), listener: visit.listener, by: isApp ? "app-password" : "password" } as const;
  const { state, identity } = account;
  const plain = denialByState(state, { ...logon, workstation: undefined, byNtlm: false }, identity.user);
  const ntlm = denialByState(state, { ...logon, workstation, byNtlm: true }, identity.user);
  if (ntlm?.why !== plain?.why) console.log(`NTLM: ${ntlm === undefined ? "accepted" : denialInWords(ntlm)}`);
}

/** Prints what SCRAM's keys say of the password; they can be another's, where a line was put together by hand. */
async function tryKeys(
  { keys }: Validator,
  name: string,
  password: Secret,
  visit: Visit,
): Promise<readonly ScramName[]> {
  const found = await keys?.find(name, visit);
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

function inWords(verdict: Verdict): string {
  if (verdict.kind === "denied") return denialInWords(verdict);
  if (verdict.kind !== "accepted") return `${verdict.kind}: ${verdict.why}`;
  const { user, domain, mailbox } = verdict.identity;
  const app = verdict.appPassword === undefined ? "" : `, by the app password ${verdict.appPassword}`;
  return `accepted: user ${user}, ${domain === undefined ? "" : `domain ${domain}, `}mailbox ${mailbox}${app}`;
}

/** With the NTSTATUS where the account's state is what refuses. */
function denialInWords({ why, reason, status }: Denied): string {
  const name = status === undefined || reason === "bad-credentials" ? "" : ` (${ntStatusName(status)})`;
  return `denied: ${why}${name}`;
}

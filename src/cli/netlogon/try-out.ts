/** `postern netlogon test`: each step to each domain controller with its time, and with a user's name one logon. */
import type { Command } from "commander";
import { NAME_LIMIT } from "../../core/identity.ts";
import { ntStatusName } from "../../core/nt-status.ts";
import type { Secret } from "../../core/secret.ts";
import { deadlineIn } from "../../netlogon/deadline.ts";
import { mapNetlogon } from "../../netlogon/endpoint-mapper.ts";
import type { NetlogonConnection, NetlogonSession } from "../../netlogon/netlogon.ts";
import { establish, stateOf, type Machine } from "../../validators/netlogon/machine.ts";
import { exchangeFor, namesMeant } from "../../validators/netlogon/questions.ts";
import type { Found } from "../../validators/netlogon/discovery.ts";
import { identityOf, judge, type Judged } from "../../validators/netlogon/verdict.ts";
import { askPassword } from "../user/password-input.ts";
import { controllersOf, settingsOf, STEP_TIME, type Settings, type SettingsOptions } from "./settings.ts";
import { Steps, type Step } from "./steps.ts";

interface TestOptions extends SettingsOptions {
  readonly passwordStdin?: true;
}

const MAPPER_PORT = 135;

export async function tryOut(user: string | undefined, options: TestOptions, command: Command): Promise<void> {
  const settings = await settingsOf(options, command);
  if (user !== undefined && user.length > NAME_LIMIT)
    return command.error("error: no account has such a name", { exitCode: 2 });
  const password =
    user === undefined ? undefined : await askPassword(options.passwordStdin === true, `Password of ${user}: `);
  const steps = new Steps(options.json ? undefined : (line) => console.log(line));
  const logon = user === undefined ? undefined : { user, password: password! };
  await tryAll(settings, logon, steps);
  if (steps.all.some(({ ok }) => !ok)) process.exitCode = 1;
  if (options.json)
    console.log(
      JSON.stringify({ ok: steps.all.every(({ ok }) => ok), steps: steps.all satisfies readonly Step[] }, undefined, 2),
    );
}

interface Logon {
  readonly user: string;
  readonly password: Secret;
}

async function tryAll(settings: Settings, logon: Logon | undefined, steps: Steps): Promise<void> {
  const { domain, computer, state: path } = settings;
  const state = await steps.take(
    "",
    "state file",
    () => stateOf({ path, domain, computer }),
    (read) => {
      const pending = read.pending ? ", a change of the password is not confirmed" : "";
      return `${read.domain}\\${read.computer}, password of ${read.changed.toISOString().slice(0, 10)}${pending}`;
    },
  );
  const found = await steps.take(
    "",
    settings.controllers ? "controllers" : "DNS",
    () => controllersOf(settings),
    (all) => all.map(({ name, host }) => (name === host ? name : `${name} (${host})`)).join(", "),
  );
  if (!state || !found) return;
  let isTried = logon === undefined;
  for (const at of found) {
    const connection = await tryController(settings, at, steps);
    if (!connection) continue;
    // Once: each wrong password counts.
    if (!isTried) await tryLogon(settings, logon!, at, connection, steps);
    isTried = true;
    connection.close();
  }
}

async function tryController(settings: Settings, at: Found, steps: Steps): Promise<NetlogonConnection | undefined> {
  const { domain, computer, state: path } = settings;
  const map = () => at.port ?? mapNetlogon(at.host, MAPPER_PORT, deadlineIn(STEP_TIME));
  const port = await steps.take(at.name, "endpoint mapper", map, (found) => `Netlogon on port ${found}`);
  if (port === undefined) return undefined;
  const log: Machine["log"] = (_level, message) => steps.remark(at.name, message);
  const machine = { domain, computer, path, log };
  const shake = (): Promise<NetlogonSession> => establish(machine, { host: at.host, port }, STEP_TIME);
  const session = await steps.take(
    at.name,
    "handshake",
    shake,
    ({ accountRid }) => `AES, our account has RID ${accountRid}`,
  );
  if (!session) return undefined;
  return steps.take(
    at.name,
    "channel",
    () => session.open({ timeout: STEP_TIME }),
    () => "signed and sealed",
  );
}

async function tryLogon(
  settings: Settings,
  { user, password }: Logon,
  at: Found,
  connection: NetlogonConnection,
  steps: Steps,
): Promise<void> {
  const ask = async (): Promise<Judged> => {
    if (password.isEmpty) throw new Error("the password is empty");
    let judged: Judged = { kind: "denied", reason: "bad-credentials", why: "no account can have this name" };
    for (const meant of namesMeant(user, settings)) {
      const { logon } = exchangeFor(meant, password.reveal(), settings);
      const domains = new Set(
        [settings.domain, settings.dnsDomain, ...(settings.domains ?? [])].map((each) => each.toLowerCase()),
      );
      judged = judge(await connection.logon(logon, { timeout: STEP_TIME }), meant.user, { domains, mailbox: "user" });
      if (judged.kind !== "unknown") break;
    }
    if (judged.kind !== "accepted") throw new Error(refusalInWords(judged));
    return judged;
  };
  await steps.take(at.name, `logon ${user}`, ask, (judged) => acceptanceInWords(judged, settings));
}

function refusalInWords(judged: Exclude<Judged, { kind: "accepted" }>): string {
  if (judged.kind !== "denied") return `${judged.kind}: ${judged.why}`;
  return `denied, ${judged.reason}${judged.status === undefined ? "" : ` (${ntStatusName(judged.status)})`}: ${judged.why}`;
}

function acceptanceInWords(judged: Judged, { mailbox = "user", dnsDomain }: Settings): string {
  if (judged.kind !== "accepted") return judged.kind;
  const { domain, user, mailbox: opened, token } = identityOf(judged.info, mailbox, dnsDomain);
  return `accepted: ${domain}\\${user}, mailbox ${opened}, ${token?.sids.length ?? 0} SIDs`;
}

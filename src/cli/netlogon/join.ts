/** `postern netlogon join`: a machine account of our own and a state file with its password, tried before it is believed. */
import { existsSync, readFileSync, rmSync } from "node:fs";
import type { Command } from "commander";
import type { Secret } from "../../core/secret.ts";
import { establishSession } from "../../netlogon/session.ts";
import type { Found } from "../../validators/netlogon/discovery.ts";
import { accountWith, confirm, stateOf } from "../../validators/netlogon/machine.ts";
import { newMachinePassword, writeState, type MachineState } from "../../validators/netlogon/machine-state.ts";
import { rotateMachinePassword } from "../../validators/netlogon/rotation.ts";
import { askPassword } from "../user/password-input.ts";
import { provideAccount, UncertainError, type Administrator } from "./directory.ts";
import { controllersOf, settingsOf, STEP_TIME, type Settings, type SettingsOptions } from "./settings.ts";

export interface JoinOptions extends SettingsOptions {
  readonly admin?: string;
  readonly prepared?: true;
  readonly passwordStdin?: true;
  readonly reset?: true;
  readonly container?: string;
  readonly ca?: string;
}

/** Of what a NetBIOS name may have, that which needs no quoting in a DN or a filter. */
const PLAIN_NAME = /^[A-Za-z0-9][A-Za-z0-9-]*$/;

export async function join(options: JoinOptions, command: Command): Promise<void> {
  const { admin, prepared, passwordStdin } = options;
  if ((admin === undefined) === (prepared === undefined))
    return command.error("error: give --admin with an administrator's name, or --prepared", { exitCode: 2 });
  const settings = await settingsOf(options, command);
  if (!PLAIN_NAME.test(settings.computer))
    return command.error(`error: ${settings.computer} has other characters than letters, digits and hyphens`, {
      exitCode: 2,
    });
  const [at] = await controllersOf(settings);
  const whose = admin ?? `${settings.computer}$`;
  const password = await askPassword(passwordStdin === true, `Password of ${whose}: `);
  if (password.isEmpty) throw new Error("the password is empty");
  const account =
    admin === undefined
      ? await takeOver(settings, at, password)
      : await joinAs({ name: qualified(admin, settings), password }, settings, at, options);
  report({ account, controller: at.name, ...namesOf(settings), state: settings.state }, options.json === true);
}

/** A bare name means nothing to LDAP. */
function qualified(name: string, { dnsDomain }: Settings): string {
  return /[\\@]/.test(name) ? name : `${name}@${dnsDomain}`;
}

/** The first password is known to whoever prepared the account: it is a way in, and no more. */
async function takeOver(settings: Settings, at: Found, password: Secret): Promise<"prepared"> {
  ownState(settings);
  await tried(settings, at, password);
  writeState(settings.state, { ...namesOf(settings), password, changed: new Date() });
  await rotateMachinePassword({ path: settings.state, ...namesOf(settings) }, at, STEP_TIME);
  return "prepared";
}

async function joinAs(
  administrator: Administrator,
  settings: Settings,
  at: Found,
  { container, ca, reset }: JoinOptions,
): Promise<"created" | "reset"> {
  const { computer, state: path } = settings;
  const before = ownState(settings);
  const pending = newMachinePassword();
  const authority = ca === undefined ? undefined : readFileSync(ca, "utf8");
  const wish = { computer, password: pending, container, mayReset: reset === true };
  // Written down before the domain has it: a password that nobody knows any more is an account lost.
  writeState(path, { ...namesOf(settings), password: pending, changed: new Date(), ...before, pending });
  const account = await provideAccount(at, administrator, wish, authority).catch((error: unknown) => {
    if (error instanceof UncertainError) throw error;
    if (before) writeState(path, before);
    else rmSync(path, { force: true });
    throw error;
  });
  await tried(settings, at, pending);
  confirm(path, pending);
  return account;
}

/** What the file says of this machine already. Throws Error for one of another machine. */
function ownState(settings: Settings): MachineState | undefined {
  return existsSync(settings.state) ? stateOf({ ...namesOf(settings), path: settings.state }) : undefined;
}

async function tried(settings: Settings, at: Found, password: Secret): Promise<void> {
  await establishSession(at, accountWith(settings, password), { timeout: STEP_TIME });
}

function namesOf({ domain, computer }: Settings): { readonly domain: string; readonly computer: string } {
  return { domain, computer };
}

interface Joined {
  readonly account: string;
  readonly controller: string;
  readonly domain: string;
  readonly computer: string;
  readonly state: string;
}

function report(joined: Joined, asJson: boolean): void {
  if (asJson) return console.log(JSON.stringify(joined, undefined, 2));
  const { account, controller, domain, computer, state } = joined;
  const how = account === "prepared" ? "taken over, with a new password" : account;
  console.log(`${domain}\\${computer}$ was ${how} at ${controller}, which lets us in; its password is in ${state}`);
}

/** Which domain and which machine account a `postern netlogon` command is about: the configuration's words and the options. */
import type { Command } from "commander";
import { completeNetlogon, netlogonSchema, type NetlogonValidatorConfig } from "../../config/validators/netlogon.ts";
import { findControllers, type Found } from "../../validators/netlogon/discovery.ts";
import type { NetlogonOptions } from "../../validators/netlogon/options.ts";
import { defaultConfig, usableConfig } from "../configuration.ts";
import { hostPort } from "../../wire/networks.ts";

export interface SettingsOptions {
  readonly config?: string;
  readonly validator?: string;
  readonly domain?: string;
  readonly dnsDomain?: string;
  readonly computer?: string;
  readonly state?: string;
  readonly controller: readonly string[];
  readonly nameServer: readonly string[];
  readonly json?: true;
}

export type Settings = Omit<NetlogonOptions, "name" | "log">;

const USAGE = { exitCode: 2 };

/** For a handshake, a call or a search, in milliseconds: somebody is waiting at a terminal. */
export const STEP_TIME = 10_000;

/** Ends the command with a usage error where it is not clear what is meant. */
export async function settingsOf(options: SettingsOptions, command: Command): Promise<Settings> {
  const { domain, dnsDomain, computer, state, controller, nameServer } = options;
  const isComplete = [domain, dnsDomain, computer, state].every((each) => each !== undefined);
  const configured =
    isComplete && options.config === undefined ? {} : inputOf(await configuredValidator(options, command));
  const given = {
    ...{ domain, dnsDomain, computer, state },
    ...(controller.length > 0 && { controllers: controller }),
    ...(nameServer.length > 0 && { nameServers: nameServer }),
  };
  const merged = {
    ...configured,
    ...Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined)),
  };
  const { success, data, error } = netlogonSchema.safeParse({ type: "netlogon", ...merged });
  if (!success) {
    const [issue] = error.issues;
    return command.error(`error: ${issue?.path.join(".") ?? ""}: ${issue?.message ?? ""}`, USAGE);
  }
  const surroundings = { folder: process.cwd(), now: new Date(), complain: () => undefined };
  return completeNetlogon("netlogon", data, surroundings);
}

/** What a finished validator would be read from, as far as options can replace it. */
function inputOf(validator: NetlogonValidatorConfig): object {
  const { domain, dnsDomain, computer, state, controllers, nameServers, domains, mailbox } = validator;
  const words = controllers?.map(({ host, port }) => (port === undefined ? host : hostPort({ host, port })));
  const where = { ...(words && { controllers: words }), ...(nameServers && { nameServers }) };
  return { domain, dnsDomain, computer, state, domains, mailbox, ...where };
}

async function configuredValidator(
  { config, validator }: SettingsOptions,
  command: Command,
): Promise<NetlogonValidatorConfig> {
  const path = config ?? defaultConfig();
  if (path === undefined) {
    const flags = "--domain, --dns-domain, --computer and --state";
    return command.error(`error: give --config with a configuration, or ${flags}`, USAGE);
  }
  const all = (await usableConfig(path, command)).validators.filter((each) => each.type === "netlogon");
  const fitting = all.filter(({ name }) => validator === undefined || name === validator);
  const [only, ...others] = fitting;
  if (!only) {
    const wanted = validator === undefined ? "no validator" : `no validator ${validator}`;
    return command.error(`error: ${path} has ${wanted} of type netlogon`, USAGE);
  }
  const names = all.map(({ name }) => name).join(", ");
  if (others.length > 0)
    return command.error(`error: ${path} has several: give --validator with one of ${names}`, USAGE);
  return only;
}

/** As listed, or by DNS. Throws Error with a sentence. */
export async function controllersOf(settings: Settings): Promise<readonly [Found, ...Found[]]> {
  const { controllers, dnsDomain, nameServers } = settings;
  const listed = controllers?.map((each) => ({ ...each, name: each.host }));
  const [first, ...others] = listed ?? (await findControllers(dnsDomain, nameServers));
  if (!first) throw new Error(`DNS names domain controllers of ${dnsDomain}, but no address for any of them`);
  return [first, ...others];
}

/** Which domain and which machine account a `postern netlogon` command is about: the configuration's words and the options. */
import { existsSync } from "node:fs";
import type { Command } from "commander";
import { formatProblem, readConfig } from "../../config/read.ts";
import { completeNetlogon, netlogonSchema, type NetlogonValidatorConfig } from "../../config/validators/netlogon.ts";
import { findControllers, type Found } from "../../validators/netlogon/discovery.ts";
import type { NetlogonOptions } from "../../validators/netlogon/options.ts";

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

const DEFAULT_CONFIG = "config.yaml";
const USAGE = { exitCode: 2 };

/** For a handshake, a call or a search, in milliseconds: somebody is waiting at a terminal. */
export const STEP_TIME = 10_000;

/** Ends the command with a usage error where it is not clear what is meant. */
export function settingsOf(options: SettingsOptions, command: Command): Settings {
  const { domain, dnsDomain, computer, state, controller, nameServer } = options;
  const isComplete = [domain, dnsDomain, computer, state].every((each) => each !== undefined);
  const configured = isComplete && options.config === undefined ? {} : inputOf(configuredValidator(options, command));
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
  const words = controllers?.map(({ host, port }) => (port === undefined ? host : `${bracketed(host)}:${port}`));
  const where = { ...(words && { controllers: words }), ...(nameServers && { nameServers }) };
  return { domain, dnsDomain, computer, state, domains, mailbox, ...where };
}

function bracketed(host: string): string {
  return host.includes(":") ? `[${host}]` : host;
}

function configuredValidator({ config, validator }: SettingsOptions, command: Command): NetlogonValidatorConfig {
  if (config === undefined && !existsSync(DEFAULT_CONFIG)) {
    const flags = "--domain, --dns-domain, --computer and --state";
    return command.error(`error: give --config with a configuration, or ${flags}`, USAGE);
  }
  const path = config ?? DEFAULT_CONFIG;
  const { config: read, problems } = readConfig(path, process.env);
  if (!read) return command.error(problems.map(formatProblem).join("\n"), USAGE);
  const all = read.validators.filter((each) => each.type === "netlogon");
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
export async function controllersOf({ controllers, dnsDomain, nameServers }: Settings): Promise<readonly Found[]> {
  if (controllers) return controllers.map((each) => ({ ...each, name: each.host }));
  const found = await findControllers(dnsDomain, nameServers);
  if (found.length === 0)
    throw new Error(`DNS names domain controllers of ${dnsDomain}, but no address for any of them`);
  return found;
}

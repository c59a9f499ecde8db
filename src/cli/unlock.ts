/** `postern unlock`: lets out whom the guard of the running gateway has locked, and lists them. */
import { Option, type Command } from "commander";
import { askControl, type Request } from "../guard/control.ts";
import { DEFAULT_CONFIG, defaultConfig, usableConfig } from "./configuration.ts";
import { asText } from "./guard/text.ts";

interface Options {
  readonly account?: string;
  readonly address?: string;
  readonly all?: true;
  readonly list?: true;
  readonly json?: true;
  readonly control?: string;
}

const NOTHING_LOCKED = 1;
const USAGE = 2;

const HELP = `
It speaks to the running gateway, through the socket that the configuration names (guard.control, or guard.state with
.sock): as the user that Postern runs as, or as root. Failures that a domain has counted itself are the domain's to
forget: an account's budget is given back here, and the domain may lock the account with its next failures.

Exit codes:
  0  somebody was let out; with --list: the list was made
  1  nothing was counted there
  2  used wrongly, or no gateway could be reached`;

export function registerUnlock(program: Command): void {
  program
    .command("unlock")
    .description("let out accounts and addresses that were locked after failed logons")
    .argument("[config]", `the configuration file (default: ${DEFAULT_CONFIG})`)
    .addOption(new Option("--account <name>", "this account, in every validator").conflicts(["address", "all", "list"]))
    .addOption(
      new Option("--address <ip>", "this address, or this network as --list shows it").conflicts(["all", "list"]),
    )
    .addOption(new Option("--all", "everybody").conflicts("list"))
    .option("--list", "show who has to wait and who is locked")
    .option("--json", "as JSON")
    .option("--control <socket>", "the gateway's socket, instead of the configuration's")
    .addHelpText("after", HELP)
    .action(unlock);
}

async function unlock(config: string | undefined, options: Options, command: Command): Promise<void> {
  const request = requestOf(options) ?? fail(command, "say whom: --account, --address or --all; or --list");
  const path = options.control ?? (await socketOf(config ?? defaultConfig(), command));
  const answer = await askControl(path, request).catch((error: Error) => fail(command, explain(path, error)));
  if ("error" in answer) fail(command, `the gateway says: ${answer.error}`);
  command.configureOutput().writeOut?.(options.json ? `${JSON.stringify(answer, undefined, 2)}\n` : asText(answer));
  if ("unlocked" in answer && answer.unlocked === 0) process.exitCode = NOTHING_LOCKED;
}

function requestOf({ account, address, all, list }: Options): Request | undefined {
  if (account !== undefined) return { do: "unlock", account };
  if (address !== undefined) return { do: "unlock", address };
  if (all) return { do: "unlock", all };
  return list ? { do: "list" } : undefined;
}

async function socketOf(path: string | undefined, command: Command): Promise<string> {
  if (path === undefined) return fail(command, "give a configuration, or --control");
  const { control } = (await usableConfig(path, command)).guard;
  return control ?? fail(command, `${path} has neither guard.state nor guard.control`);
}

function explain(path: string, error: Error): string {
  const { code } = error as NodeJS.ErrnoException;
  if (code === "ENOENT" || code === "ECONNREFUSED") return `no gateway listens at ${path}: is it running?`;
  if (code === "EACCES") return `${path} is for the gateway's own user, and root`;
  return `${path}: ${error.message}`;
}

function fail(command: Command, why: string): never {
  return command.error(`error: ${why}`, { exitCode: USAGE });
}

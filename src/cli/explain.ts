/** `postern explain login`: what would become of a name that a client sends, step by step, and nobody is asked. */
import { isIP } from "node:net";
import { InvalidArgumentError, type Command } from "commander";
import { MECHANISM_NAMES, type Config, type ListenerConfig, type MechanismName } from "../config/config.ts";
import { isSid } from "../core/access-token.ts";
import { printable } from "../observe/printable.ts";
import { plainAddress } from "../wire/networks.ts";
import { explainLogin } from "./explain/explain.ts";
import type { Explanation, Finding } from "./explain/question.ts";
import { DEFAULT_CONFIG, usableConfig } from "./configuration.ts";

interface Options {
  readonly config: string;
  readonly listener?: string;
  readonly domain: string;
  readonly address?: string;
  readonly mechanism?: MechanismName;
  readonly groups: readonly string[];
  readonly sid: readonly string[];
  readonly json?: true;
}

const REFUSED = 1;
const USAGE = 2;

const HELP = `
No validator or server is asked; of accounts only files are read. What cannot be known without the secret is supposed,
and said to be.

Exit codes:
  0  would be let in if the secret is right
  1  would be refused
  2  used wrongly, or the configuration cannot be used`;

export function registerExplain(program: Command): void {
  program
    .command("explain")
    .description("what Postern would do and why, without doing it")
    .command("login")
    .description("who is meant by a name, who judges it, which rules apply, and where it would end")
    .argument("<name>", "as the client sends it: EXAMPLE\\alice, alice@example.com, alice")
    .option("--listener <name>", "where; may be left out if there is only one")
    .option("--config <file>", "the configuration file", DEFAULT_CONFIG)
    .option("--mechanism <name>", "by what; default: the first that the listener offers", parseMechanism)
    .option("--domain <name>", "NTLM: the domain that the client sends beside the name", "")
    .option("--address <address>", "the client's, for rules about networks", parseAddress)
    .option("--groups <names>", "groups to suppose, with commas; may be repeated", collectGroups, [])
    .option("--sid <sid>", "a SID to suppose; may be repeated", collectSid, [])
    .option("--json", "as JSON")
    .addHelpText("after", HELP)
    .action(explain);
}

async function explain(name: string, options: Options, command: Command): Promise<void> {
  const config = await usableConfig(options.config, command);
  const listener = listenerOf(config, options.listener);
  if (typeof listener === "string") return command.error(listener, { exitCode: USAGE });
  const mechanism = options.mechanism ?? listener.mechanisms[0]!;
  if (options.domain !== "" && mechanism !== "NTLM" && mechanism !== "GSS-SPNEGO")
    return command.error(`--domain is NTLM's: ${mechanism} has one field for both`, { exitCode: USAGE });
  const { domain, address, groups, sid: sids } = options;
  const question = { name, domain, listener, mechanism, address, groups, sids, now: new Date() };
  const explanation = await explainLogin(config, question);
  if (explanation.outcome === "refused") process.exitCode = REFUSED;
  console.log(options.json ? JSON.stringify(explanation, undefined, 2) : formatExplanation(explanation));
}

function listenerOf({ listeners }: Config, name: string | undefined): ListenerConfig | string {
  const names = listeners.map((listener) => listener.name).join(", ");
  if (name === undefined)
    return listeners.length === 1 ? listeners[0]! : `which listener? say --listener with one of ${names}`;
  return listeners.find((listener) => listener.name === name) ?? `there is no listener ${name}; there are: ${names}`;
}

function parseMechanism(text: string): MechanismName {
  const found = MECHANISM_NAMES.find((name) => name === text.toUpperCase());
  if (found === undefined) throw new InvalidArgumentError(`Known are: ${MECHANISM_NAMES.join(", ")}.`);
  return found;
}

function parseAddress(text: string): string {
  if (isIP(text) === 0) throw new InvalidArgumentError("An address such as 192.0.2.1 is wanted.");
  return plainAddress(text.toLowerCase());
}

function collectGroups(text: string, before: readonly string[]): readonly string[] {
  return [...before, ...text.split(",").flatMap((name) => (name.trim() === "" ? [] : [name.trim()]))];
}

function collectSid(text: string, before: readonly string[]): readonly string[] {
  if (!isSid(text)) throw new InvalidArgumentError("A SID such as S-1-5-21-1-2-3-513 is wanted.");
  return [...before, text];
}

const WIDTH = "mechanism".length + 2;

/** One finding a line; topics are named once. Names come from clients and accounts, so nothing unseen is printed. */
export function formatExplanation({
  name,
  listener,
  protocol,
  mechanism,
  address,
  findings,
  outcome,
}: Explanation): string {
  const from = address === undefined ? "" : ` from ${address}`;
  const last = findings.at(-1);
  return [
    `${name} at ${listener} (${protocol})${from} by ${mechanism}`,
    "",
    ...findings.map((finding, index) => lineOf(finding, findings[index - 1])),
    "",
    outcome === "in" ? "Would be let in if the secret is right." : `Would be refused: ${last?.words ?? ""}.`,
  ]
    .map(printable)
    .join("\n");
}

function lineOf({ about, words, refuses }: Finding, before: Finding | undefined): string {
  const topic = about === before?.about ? "" : about;
  return `${topic.padEnd(WIDTH)}${refuses ? "NO: " : ""}${words}`;
}

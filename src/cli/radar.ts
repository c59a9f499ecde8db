/** `postern radar`: who still uses NTLM and how, and who would break if the policy were stricter. */
import { InvalidArgumentError, Option, type Command } from "commander";
import { asCsv, asJson } from "../radar/export.ts";
import { consequencesOf, makeReport, type Report } from "../radar/report.ts";
import { readState, type Snapshot } from "../radar/state.ts";
import { asText } from "../radar/text.ts";
import { ASSUMABLE, parseAssumption, type Assumption, type IsOurs } from "../radar/what-if.ts";
import { DEFAULT_CONFIG, defaultConfig } from "./configuration.ts";

/** What a configuration says about the radar. */
export interface RadarSource {
  /** The state file; undefined: the configuration has none. */
  readonly state: string | undefined;
  /** Whether a target name is one of the listener's own; without it none is known to be right. */
  readonly isOurs?: IsOurs | undefined;
}

/** Throws with a message for the operator when the configuration cannot be read. */
export type LoadRadarSource = (configPath: string) => RadarSource;

interface Options {
  readonly state?: string;
  readonly json?: true;
  readonly csv?: true;
  readonly since?: number;
  readonly listener?: readonly string[];
  readonly user?: readonly string[];
  readonly if?: readonly Assumption[];
}

const SOMEBODY_WOULD = 1;
const USAGE = 2;

const HELP = `
What --if can assume: ${ASSUMABLE.join(", ")}.

Exit codes:
  0  the report was made; with --if: nobody who was seen would break
  1  with --if: somebody would break, or might
  2  used wrongly, or there is no state that can be read`;

/** `load` reads the state's path from a configuration; without it only --state tells. */
export function registerRadar(program: Command, load?: LoadRadarSource): void {
  program
    .command("radar")
    .description("who still uses NTLM, and who would break if the policy were stricter")
    .argument("[config]", `the configuration file (default: ${DEFAULT_CONFIG})`)
    .option("--state <file>", "the radar's state file, instead of the configuration's")
    .addOption(new Option("--json", "the report as JSON").conflicts("csv"))
    .option("--csv", "the report as CSV")
    .option("--since <time>", "only what was seen since: 2026-01-31, 2026-01-31T12:00Z, 30d, 12h", parseSince)
    .option("--listener <name>", "only this listener; may be repeated", collect)
    .option("--user <name>", "only this user; may be repeated", collect)
    .option("--if <rule=value>", "who would break? may be repeated: all together", collectAssumption)
    .addHelpText("after", HELP)
    .action((config: string | undefined, options: Options, command: Command) => radar(config, options, command, load));
}

async function radar(
  config: string | undefined,
  options: Options,
  command: Command,
  load: LoadRadarSource | undefined,
): Promise<void> {
  const { state, isOurs } = sourceOf(config, options, command, load);
  const snapshot = await readSnapshot(state, command);
  const filters = { since: options.since, listeners: options.listener, users: options.user };
  const report = makeReport(snapshot, filters, options.if ?? [], isOurs);
  const text = options.json ? asJson(report) : options.csv ? asCsv(report) : asText(report);
  command.configureOutput().writeOut?.(text);
  if (wouldBreak(report)) process.exitCode = SOMEBODY_WOULD;
}

function wouldBreak(report: Report): boolean {
  const { breaks, mightBreak } = consequencesOf(report);
  return breaks.ways + mightBreak.ways > 0;
}

function sourceOf(
  config: string | undefined,
  { state }: Options,
  command: Command,
  load: LoadRadarSource | undefined,
): RadarSource & { readonly state: string } {
  const path = config ?? defaultConfig();
  // Who names a state file needs no configuration, but one that was named is read for what else it says.
  const isWanted = state === undefined || config !== undefined;
  const source = isWanted && path !== undefined && load ? loadOrFail(load, path, command) : undefined;
  const found = state ?? source?.state;
  if (found !== undefined) return { state: found, isOurs: source?.isOurs };
  const why = source ? `${path ?? ""} names no state file for the radar` : "give a configuration, or --state";
  return command.error(`error: ${why}`, { exitCode: USAGE });
}

function loadOrFail(load: LoadRadarSource, path: string, command: Command): RadarSource {
  try {
    return load(path);
  } catch (error) {
    return command.error(`error: ${(error as Error).message}`, { exitCode: USAGE });
  }
}

/** Damaged lines are left out, and told of; the file is the service's to mend. */
async function readSnapshot(path: string, command: Command): Promise<Snapshot> {
  const fail = (why: string): never => command.error(`error: ${path}: ${why}`, { exitCode: USAGE });
  const reading = await readState(path).catch((error: Error) => fail(error.message));
  if (reading === undefined) return fail("no such file: has Postern run with this radar?");
  const { snapshot, damage } = reading;
  if (snapshot === undefined) return fail(damage ?? "it cannot be read");
  if (damage !== undefined) console.error(`${path}: ${damage}; they are left out`);
  return snapshot;
}

function collect(value: string, before: readonly string[] = []): readonly string[] {
  return [...before, value];
}

function collectAssumption(value: string, before: readonly Assumption[] = []): readonly Assumption[] {
  const assumption = parseAssumption(value);
  if (assumption === undefined) throw new InvalidArgumentError(`It can be ${ASSUMABLE.join(", ")}.`);
  if (before.some(({ rule }) => rule === assumption.rule))
    throw new InvalidArgumentError(`${assumption.rule} is assumed twice.`);
  return [...before, assumption];
}

const UNITS: Readonly<Record<string, number>> = { m: 60_000, h: 3_600_000, d: 86_400_000, w: 604_800_000 };

/** A time, or how long ago it was. */
function parseSince(value: string): number {
  const [, amount, unit = ""] = /^(\d{1,6})([mhdw])$/.exec(value) ?? [];
  const time = amount === undefined ? parseTime(value) : Date.now() - Number(amount) * UNITS[unit]!;
  if (!Number.isFinite(time) || time < 0) throw new InvalidArgumentError("It can be a date, a time, or 30d, 12h, 45m.");
  return time;
}

/** Without a zone it is UTC, as everything in the report is. */
function parseTime(value: string): number {
  if (!/^\d{4}-\d\d-\d\d(T\d\d:\d\d(:\d\d)?(Z|[+-]\d\d:\d\d)?)?$/.test(value)) return Number.NaN;
  return Date.parse(/T[^Z+-]*$/.test(value) ? `${value}Z` : value);
}

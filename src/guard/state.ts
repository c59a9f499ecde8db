/**
 * What the guard keeps over restarts: JSON, one object a line, the first one says what the file is. Names and addresses,
 * for the service alone; no password and nothing made from one.
 */
import { open, rename, rm, writeFile, type FileHandle } from "node:fs/promises";
import { setImmediate as nextTurn } from "node:timers/promises";
import { z } from "zod";
import type { Guard } from "./guard.ts";

export const STATE_VERSION = 1;
/** Everything full of the longest names. */
export const LARGEST_FILE = 128 * 1024 * 1024;
const MODE = 0o600;
/** Lines made in one turn of the event loop, about a millisecond of work. */
const LINES_A_TURN = 500;
/** Of a name or address with what belongs to its key. */
const KEY_LIMIT = 1024;

const key = z.string().min(1).max(KEY_LIMIT);
const time = z.number().min(0);
const amount = z.number().min(0).max(1e9);

const headerSchema = z.object({ postern: z.literal("guard"), version: z.literal(STATE_VERSION) });
const lineSchema = z.discriminatedUnion("kind", [
  z.object({ kind: z.enum(["address", "network", "account"]), key, recent: amount, total: amount, at: time }),
  z.object({ kind: z.literal("budget"), key, outside: amount, inside: amount, at: time, window: time }),
  z.object({ kind: z.literal("known"), account: key, address: key, at: time }),
]);

type Line = z.output<typeof lineSchema>;

/** Everything worth keeping. */
export function* linesOf(guard: Guard): Generator<Line> {
  const { rules, addresses, networks, accounts } = guard;
  const now = guard.clock.now();
  const tallies = { address: addresses, network: networks, account: accounts };
  for (const kind of ["address", "network", "account"] as const)
    for (const [key, { recent, total, at }] of tallies[kind].entries(rules[kind], now))
      yield { kind, key, recent, total, at };
  for (const [key, { outside, inside, at, window }] of guard.budget.entries())
    yield { kind: "budget", key, outside, inside, at, window };
  for (const { account, address, at } of guard.known.entries())
    if (at > now - rules.knownFor) yield { kind: "known", account, address, at };
}

/** Puts back what `linesOf` gave; a time that lies ahead is now. */
export function restore(guard: Guard, lines: Iterable<Line>): void {
  const now = guard.clock.now();
  const tallies = { address: guard.addresses, network: guard.networks, account: guard.accounts };
  for (const line of lines) {
    const at = Math.min(line.at, now);
    if (line.kind === "known") guard.known.add({ ...line, at });
    else if (line.kind === "budget") guard.budget.restore(line.key, { ...line, at });
    else tallies[line.kind].restore(line.key, { recent: line.recent, total: line.total, at, begun: at });
  }
}

export interface Reading {
  readonly lines: readonly Line[];
  /** What is wrong with the file, in words; undefined when nothing is. */
  readonly damage: string | undefined;
}

/** undefined: there is no such file. Rejects with the system's error where there is one that cannot be read. */
export async function readState(path: string): Promise<Reading | undefined> {
  let file: FileHandle;
  try {
    file = await open(path, "r");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw error;
  }
  try {
    const { size } = await file.stat();
    if (size > LARGEST_FILE) return { lines: [], damage: `it has ${size} bytes` };
    return parseState(await file.readFile("utf8"));
  } finally {
    await file.close();
  }
}

/** As much as makes sense. Never throws for what stands in the text. */
export function parseState(content: string): Reading {
  const [first = "", ...rest] = content.split("\n").filter((line) => line !== "");
  if (!headerSchema.safeParse(parseJson(first)).success)
    return { lines: [], damage: "it does not begin as this version's guard files do" };
  const read = rest.map((line) => lineSchema.safeParse(parseJson(line)));
  const lines = read.flatMap(({ data }) => (data ? [data] : []));
  const bad = read.length - lines.length;
  return { lines, damage: bad === 0 ? undefined : `${bad} of ${read.length} lines cannot be read` };
}

function parseJson(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    return undefined;
  }
}

/** Whoever reads `path` meanwhile finds the old file or the new one. Rejects with the system's error, the old file in place. */
export async function writeState(path: string, lines: readonly Line[]): Promise<void> {
  const temporary = `${path}.${process.pid}.tmp`;
  await rm(temporary, { force: true });
  const file = await open(temporary, "wx", MODE);
  try {
    await writeFile(file, serialize(lines));
    await file.sync();
    await file.close();
    await rename(temporary, path);
  } catch (error) {
    await file.close().catch(() => undefined);
    await rm(temporary, { force: true });
    throw error;
  }
}

async function* serialize(lines: readonly Line[]): AsyncGenerator<string> {
  yield `${JSON.stringify({ postern: "guard", version: STATE_VERSION })}\n`;
  for (let from = 0; from < lines.length; from += LINES_A_TURN) {
    yield lines
      .slice(from, from + LINES_A_TURN)
      .map((line) => `${JSON.stringify(line)}\n`)
      .join("");
    await nextTurn();
  }
}

/**
 * What the guard keeps over restarts: JSON, one object a line, the first one says what the file is. Names and addresses,
 * for the service alone; no password and nothing made from one.
 */
import { z } from "zod";
import { readJsonLines, writeJsonLines, type JsonLines } from "../disk/json-lines.ts";
import type { Guard } from "./guard.ts";

export const STATE_VERSION = 1;
/** Everything full of the longest names. */
export const LARGEST_FILE = 128 * 1024 * 1024;
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
  const content = await readJsonLines(path, LARGEST_FILE);
  if (content === undefined) return undefined;
  return "size" in content ? { lines: [], damage: `it has ${content.size} bytes` } : readLines(content);
}

/** As much as makes sense. */
export function readLines({ first, rest }: JsonLines): Reading {
  if (!headerSchema.safeParse(first).success)
    return { lines: [], damage: "it does not begin as this version's guard files do" };
  const read = rest.map((line) => lineSchema.safeParse(line));
  const lines = read.flatMap(({ data }) => (data ? [data] : []));
  const bad = read.length - lines.length;
  return { lines, damage: bad === 0 ? undefined : `${bad} of ${read.length} lines cannot be read` };
}

/** Rejects with the system's error, the old file in place. */
export function writeState(path: string, lines: readonly Line[]): Promise<void> {
  return writeJsonLines(path, { postern: "guard", version: STATE_VERSION }, lines);
}

/** The radar's file: JSON, one object a line, the first one says what the file is. */
import { z } from "zod";
import { NAME_LIMIT } from "../core/identity.ts";
import { readJsonLines, writeJsonLines, type JsonLines } from "../disk/json-lines.ts";
import { clean } from "./clean.ts";
import type { Entry } from "./entry.ts";
import type { Dropped } from "./ledger.ts";

export const STATE_VERSION = 1;
/** Ten thousand entries with the longest names have a third of this. */
export const LARGEST_FILE = 64 * 1024 * 1024;

export interface Snapshot {
  /** When watching began; all times are milliseconds since 1970. */
  readonly since: number;
  /** Milliseconds of it during which Postern ran. */
  readonly watched: number;
  readonly savedAt: number;
  readonly dropped: Dropped;
  readonly seen: readonly Entry[];
  readonly failed: readonly Entry[];
}

export interface Reading {
  /** What could be read; undefined when not even the first line could. */
  readonly snapshot: Snapshot | undefined;
  /** What is wrong with the file, in words; undefined when nothing is. */
  readonly damage: string | undefined;
}

const count = z.int().min(0);
const shown = z.enum(["absent", "right", "wrong", "unchecked"]);
const text = z.string().transform((value) => clean(value, NAME_LIMIT));

const headerSchema = z.strictObject({
  postern: z.literal("radar"),
  version: z.literal(STATE_VERSION),
  ...{ since: count, watched: count, savedAt: count, entries: count },
  dropped: z.strictObject({ entries: count, lastSeen: count }),
});

const lineSchema = z.strictObject({
  kind: z.enum(["seen", "failed"]),
  ...{ user: text, sentUser: text, sentDomain: text, from: text, listener: text, mechanism: text, scheme: text },
  ...{ client: text, refusedBy: text, exception: text, target: text, workstation: text, version: text },
  protocol: z.enum(["pop3", "imap", "smtp"]),
  ...{ tls: z.boolean(), hasTarget: z.boolean(), mic: shown, channelBinding: shown },
  confidence: z.enum(["likely", "possible", "unknown"]),
  ...{ negotiateFlags: count, authenticateFlags: count, firstSeen: count, lastSeen: count },
  ...{ successes: count, failures: count },
});

/** undefined: there is no such file. Rejects with the system's error where there is one that cannot be read. */
export async function readState(path: string): Promise<Reading | undefined> {
  const content = await readJsonLines(path, LARGEST_FILE);
  if (content === undefined) return undefined;
  return "size" in content ? { snapshot: undefined, damage: `it has ${content.size} bytes` } : readLines(content);
}

/** Reads what `writeState` wrote, or as much of it as makes sense. */
export function readLines({ first, rest }: JsonLines): Reading {
  const header = headerSchema.safeParse(first);
  if (!header.success) return { snapshot: undefined, damage: damageOf(first) };
  const { since, watched, savedAt, dropped, entries } = header.data;
  const good = rest.map((line) => lineSchema.safeParse(line)).flatMap(({ data }) => (data ? [data] : []));
  const ofKind = (wanted: "seen" | "failed"): Entry[] =>
    good.flatMap(({ kind, ...entry }) => (kind === wanted ? [entry] : []));
  const all = Math.max(entries, rest.length);
  const damage = good.length === all ? undefined : `${all - good.length} of ${all} lines cannot be read`;
  return { snapshot: { since, watched, savedAt, dropped, seen: ofKind("seen"), failed: ofKind("failed") }, damage };
}

function damageOf(first: unknown): string {
  const header = first as { postern?: unknown; version?: unknown } | null | undefined;
  if (header?.postern !== "radar" || header.version === STATE_VERSION) return "it does not begin as a radar file does";
  return `it has version ${clean(String(header.version), 20)}, and this Postern knows version ${STATE_VERSION}`;
}

/** Rejects with the system's error, the old file in place. */
export function writeState(path: string, { seen, failed, ...rest }: Snapshot): Promise<void> {
  const first = { postern: "radar", version: STATE_VERSION, ...rest, entries: seen.length + failed.length };
  const lines = [
    ...seen.map((entry) => ({ kind: "seen", ...entry })),
    ...failed.map((entry) => ({ kind: "failed", ...entry })),
  ];
  return writeJsonLines(path, first, lines);
}

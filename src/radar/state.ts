/** The radar's file: JSON, one object a line, the first one says what the file is. Written whole beside it, then renamed. */
import { open, rename, rm, writeFile, type FileHandle } from "node:fs/promises";
import { setImmediate as nextTurn } from "node:timers/promises";
import { z } from "zod";
import { NAME_LIMIT } from "../core/identity.ts";
import { clean } from "./clean.ts";
import type { Entry } from "./entry.ts";
import type { Dropped } from "./ledger.ts";

export const STATE_VERSION = 1;
/** Ten thousand entries with the longest names have a third of this. */
export const LARGEST_FILE = 64 * 1024 * 1024;
/** Names of who uses mail, when and from where: for the service alone. */
const MODE = 0o600;
/** Lines made in one turn of the event loop, about a millisecond of work. */
const LINES_A_TURN = 200;

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

/** Reads what `writeState` wrote, or as much of it as makes sense. Never throws for what stands in the text. */
export function parseState(content: string): Reading {
  const [first = "", ...lines] = content.split("\n").filter((line) => line !== "");
  const header = headerSchema.safeParse(parseJson(first));
  if (!header.success) return { snapshot: undefined, damage: damageOf(first) };
  const { since, watched, savedAt, dropped, entries } = header.data;
  const read = lines.map((line) => lineSchema.safeParse(parseJson(line)));
  const good = read.flatMap(({ data }) => (data ? [data] : []));
  const ofKind = (wanted: "seen" | "failed"): Entry[] =>
    good.flatMap(({ kind, ...entry }) => (kind === wanted ? [entry] : []));
  const missing = Math.max(entries, lines.length) - good.length;
  const damage = missing === 0 ? undefined : `${missing} of ${Math.max(entries, lines.length)} lines cannot be read`;
  return { snapshot: { since, watched, savedAt, dropped, seen: ofKind("seen"), failed: ofKind("failed") }, damage };
}

function damageOf(first: string): string {
  const header = parseJson(first) as { postern?: unknown; version?: unknown } | null | undefined;
  if (header?.postern !== "radar" || header.version === STATE_VERSION) return "it does not begin as a radar file does";
  return `it has version ${clean(String(header.version), 20)}, and this Postern knows version ${STATE_VERSION}`;
}

function parseJson(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    return undefined;
  }
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
    if (size > LARGEST_FILE) return { snapshot: undefined, damage: `it has ${size} bytes` };
    return parseState(await file.readFile("utf8"));
  } finally {
    await file.close();
  }
}

/** Whoever reads `path` meanwhile finds the old file or the new one. Rejects with the system's error, the old file in place. */
export async function writeState(path: string, snapshot: Snapshot): Promise<void> {
  const temporary = `${path}.${process.pid}.tmp`;
  await rm(temporary, { force: true });
  const file = await open(temporary, "wx", MODE);
  try {
    await writeFile(file, serialize(snapshot));
    await file.sync();
    await file.close();
    await rename(temporary, path);
  } catch (error) {
    await file.close().catch(() => undefined);
    await rm(temporary, { force: true });
    throw error;
  }
}

async function* serialize({ seen, failed, ...rest }: Snapshot): AsyncGenerator<string> {
  yield `${JSON.stringify({ postern: "radar", version: STATE_VERSION, ...rest, entries: seen.length + failed.length })}\n`;
  const kinds = { seen, failed };
  for (const kind of ["seen", "failed"] as const) {
    for (let from = 0; from < kinds[kind].length; from += LINES_A_TURN) {
      const some = kinds[kind].slice(from, from + LINES_A_TURN);
      yield some.map((entry) => `${JSON.stringify({ kind, ...entry })}\n`).join("");
      await nextTurn();
    }
  }
}

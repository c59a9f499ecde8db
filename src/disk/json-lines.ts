/** Files of JSON, one object a line, the first of which says what the file is: read bounded, replaced in one piece. */
import { open, rename, type FileHandle } from "node:fs/promises";
import { setImmediate as nextTurn } from "node:timers/promises";
import { replaceFile } from "./replace-file.ts";

/** Lines made in one turn of the event loop, about a millisecond of work. */
const LINES_A_TURN = 300;

export interface JsonLines {
  /** What JSON.parse() makes of each line; undefined where that is nothing. */
  readonly first: unknown;
  readonly rest: readonly unknown[];
}

/** In bytes. */
export interface TooLarge {
  readonly size: number;
}

/** undefined: there is no such file. Rejects with the system's error where there is one that cannot be read. */
export async function readJsonLines(path: string, limit: number): Promise<JsonLines | TooLarge | undefined> {
  let file: FileHandle;
  try {
    file = await open(path, "r");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw error;
  }
  try {
    const { size } = await file.stat();
    return size > limit ? { size } : parseJsonLines(await file.readFile("utf8"));
  } finally {
    await file.close();
  }
}

/** Never throws. */
export function parseJsonLines(content: string): JsonLines {
  const [first = "", ...rest] = content.split("\n").filter((line) => line !== "");
  return { first: parseLine(first), rest: rest.map(parseLine) };
}

function parseLine(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    return undefined;
  }
}

/** Rejects with the system's error, the old file in place. */
export function writeJsonLines(path: string, first: object, rest: readonly object[]): Promise<void> {
  return replaceFile(path, serialize(first, rest));
}

async function* serialize(first: object, rest: readonly object[]): AsyncGenerator<string> {
  yield `${JSON.stringify(first)}\n`;
  for (let from = 0; from < rest.length; from += LINES_A_TURN) {
    const some = rest.slice(from, from + LINES_A_TURN);
    yield some.map((line) => `${JSON.stringify(line)}\n`).join("");
    await nextTurn();
  }
}

/** A damaged file is for its owner to look at, and never written over. `now`: milliseconds since 1970. The new name. */
export async function putAside(path: string, now: number): Promise<string> {
  const aside = `${path}.damaged-${new Date(now).toISOString().replace(/[-:.]/g, "")}`;
  await rename(path, aside);
  return aside;
}

/** Changes the account file whole: under a lock, into a new file beside it, which then takes its place at once. */
import {
  existsSync, linkSync, readFileSync, realpathSync, renameSync, statSync, unlinkSync, writeFileSync, type Stats,
} from "node:fs"; // prettier-ignore
import { randomBytes } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import { OWNER_ONLY, replaceFileSync } from "../../disk/replace-file.ts";

/** Hashing comes before editing, so that a lock is held for milliseconds: one this old was left by a crash. */
const STALE_AFTER = 30_000;
const LOCK_PATIENCE = 5000;
const LOCK_RETRY = 50;

/** A file that says nothing is taken for one that is being written: there is always a comment. */
const HEADER = "# Accounts for postern, one a line; see `postern user --help`.";

/**
 * `change` gets the lines without their ends and returns the new ones; throwing leaves the file as it was. Comments,
 * mode and owner are kept. A missing file counts as empty.
 */
export async function editFile(path: string, change: (lines: readonly string[]) => readonly string[]): Promise<void> {
  const target = realPath(path);
  const unlock = await lock(target);
  try {
    const before = readIfThere(target);
    const lines = change(splitLines(before.text));
    const whole = lines.some((line) => line.trim() !== "") ? lines : [HEADER, ...lines];
    replaceFileSync(target, `${whole.join("\n")}\n`, before.stats);
  } finally {
    unlock();
  }
}

function splitLines(text: string): string[] {
  return text === "" ? [] : text.replace(/\r?\n$/, "").split(/\r?\n/);
}

/** The file behind a symbolic link is replaced, not the link. */
function realPath(path: string): string {
  try {
    return realpathSync(path);
  } catch {
    return path;
  }
}

function readIfThere(path: string): { text: string; stats: Stats | undefined } {
  const stats = statSync(path, { throwIfNoEntry: false });
  return stats === undefined ? { text: HEADER, stats } : { text: readFileSync(path, "utf8"), stats };
}

/** `O_EXCL` lets one in; the others wait for a while. Returns what ends the lock. */
async function lock(path: string): Promise<() => void> {
  const lockPath = `${path}.lock`;
  const token = `${process.pid} ${randomBytes(6).toString("hex")}\n`;
  for (const started = Date.now(); ; await sleep(LOCK_RETRY)) {
    try {
      writeFileSync(lockPath, token, { flag: "wx", mode: OWNER_ONLY });
      return () => unlock(lockPath, token);
    } catch (error) {
      if (!(error instanceof Error && "code" in error && error.code === "EEXIST")) throw error;
    }
    removeIfStale(lockPath);
    if (Date.now() - started > LOCK_PATIENCE)
      throw new Error(`${path} is being changed by somebody else (${lockPath} exists)`);
  }
}

/** Whoever took so long that others thought the lock stale does not remove theirs. */
function unlock(lockPath: string, token: string): void {
  if (existsSync(lockPath) && readFileSync(lockPath, "utf8") === token) unlinkSync(lockPath);
}

/** Moved aside first, and looked at there: two that find the same stale lock must not remove the winner's new one. */
function removeIfStale(lockPath: string): void {
  const seen = statSync(lockPath, { throwIfNoEntry: false });
  if (seen === undefined || Date.now() - seen.mtimeMs < STALE_AFTER) return;
  const aside = `${lockPath}.${randomBytes(6).toString("hex")}`;
  try {
    renameSync(lockPath, aside);
    if (statSync(aside).ino !== seen.ino) linkSync(aside, lockPath);
    unlinkSync(aside);
  } catch {
    // Somebody else was faster.
  }
}

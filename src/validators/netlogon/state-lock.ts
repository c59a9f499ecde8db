/** One process at a time changes the machine password: a lock beside the state file that names its holder. */
import { linkSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";

/** Changing it takes seconds. A lock that is older was left by a process that has died. Milliseconds. */
const ABANDONED = 300_000;

/** Runs `act` under the lock. Throws Error where somebody else holds it. */
export async function underLock<T>(path: string, act: () => Promise<T>): Promise<T> {
  const lock = `${path}.lock`;
  take(lock);
  held.add(lock);
  try {
    return await act();
  } finally {
    held.delete(lock);
    rmSync(lock, { force: true });
  }
}

/** What this process holds itself: after a restart in a container its number can be that of the process which died. */
const held = new Set<string>();

/** The lock appears together with its holder's name, so that none is taken for abandoned that is only young. */
function take(lock: string): void {
  const own = `${lock}.${process.pid}`;
  writeFileSync(own, String(process.pid), { mode: 0o600 });
  try {
    if (isLinked(own, lock)) return;
    if (held.has(lock) || !isAbandoned(lock)) throw new Error(`the machine password is being changed (${lock})`);
    rmSync(lock, { force: true });
    if (!isLinked(own, lock)) throw new Error(`the machine password is being changed (${lock})`);
  } finally {
    rmSync(own, { force: true });
  }
}

function isLinked(from: string, to: string): boolean {
  try {
    linkSync(from, to);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "EEXIST") return false;
    throw error;
  }
}

function isAbandoned(lock: string): boolean {
  const { mtimeMs } = statSync(lock, { throwIfNoEntry: false }) ?? { mtimeMs: 0 };
  if (Date.now() - mtimeMs > ABANDONED) return true;
  const holder = Number(readFileSync(lock, "utf8"));
  return holder === process.pid || !isAlive(holder);
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "EPERM";
  }
}

/** How many files the process may have open (getrlimit(2), RLIMIT_NOFILE): a session has two, one for each side. */
import { readFileSync } from "node:fs";

/** Listeners, log, account files, connections of validators, and Node's own. */
const OTHERS = 200;

/** What to tell the administrator where so many sessions cannot be; undefined: they can, or the system does not say. */
export function tooFewFiles(sessions: number, limits = limitsOfProcess()): string | undefined {
  const [, files] = /^Max open files +(\d+) /m.exec(limits) ?? [];
  // Nobody is woken for the last few sessions of ten thousand.
  if (files === undefined || Number(files) >= 2 * sessions) return undefined;
  const possible = Math.max(0, Math.floor((Number(files) - OTHERS) / 2));
  return (
    `limits.connections.total is ${sessions}, but ${files} open files are enough for ${possible} sessions: ` +
    `raise LimitNOFILE in the unit, or ulimit -n, to ${2 * sessions + OTHERS}`
  );
}

/** proc_pid_limits(5); Node has raised the soft limit to the hard one when it started. Empty where there is no such file. */
function limitsOfProcess(): string {
  try {
    return readFileSync("/proc/self/limits", "latin1");
  } catch {
    return "";
  }
}

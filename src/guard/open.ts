/** The guard as a gateway runs it: what an earlier run left, a file every minute, and the socket of `postern unlock`. */
import { mkdir } from "node:fs/promises";
import { dirname } from "node:path";
import { putAside } from "../disk/json-lines.ts";
import type { Clock } from "./clock.ts";
import { ControlTaken, openControl, type Control } from "./control.ts";
import { Guard } from "./guard.ts";
import type { GuardRules } from "./rules.ts";
import { linesOf, readState, restore, writeState } from "./state.ts";

/** A crash costs the counts of a minute. */
const INTERVAL = 60_000;
/** For the folder, if it has to be made: as private as what is in it. */
const FOLDER_MODE = 0o700;

export type GuardLog = (
  level: "info" | "warn",
  message: string,
  fields: Readonly<Record<string, string | number>>,
) => void;

export interface OpenGuardOptions {
  readonly rules: GuardRules;
  /** The state file; undefined: memory only. */
  readonly state: string | undefined;
  /** The socket of `postern unlock`; undefined: none. */
  readonly control: string | undefined;
  readonly log: GuardLog;
  /** Milliseconds between two writes. */
  readonly interval?: number;
  readonly clock?: Clock;
}

export interface OpenGuard {
  readonly guard: Guard;
  /** Writes the file a last time. Never rejects. */
  close(): Promise<void>;
}

/** Never rejects: what is wrong with the file or the socket is a warning, and the guard does without. */
export async function openGuard(options: OpenGuardOptions): Promise<OpenGuard> {
  const { rules, log, clock, state, control, interval = INTERVAL } = options;
  const guard = new Guard({ rules, log: (message, fields) => log("info", message, fields), ...(clock && { clock }) });
  const door = control === undefined ? undefined : await openDoor(control, guard, log);
  // What another gateway keeps is not written over by one that was started beside it.
  const path = state === undefined || door === "taken" ? undefined : await load(guard, state, log);
  const save = path === undefined ? () => Promise.resolve() : saver(guard, path, log);
  const timer = setInterval(() => void save(), interval).unref();
  return {
    guard,
    close: async () => {
      clearInterval(timer);
      if (door !== "taken") await door?.close();
      await save();
    },
  };
}

/** The path to write to; undefined: there is a file that must not be written over. */
async function load(guard: Guard, path: string, log: GuardLog): Promise<string | undefined> {
  await mkdir(dirname(path), { recursive: true, mode: FOLDER_MODE }).catch(() => undefined);
  const reading = await readState(path).catch((error: Error) => ({ lines: [], damage: error.message }));
  if (reading === undefined) return path;
  restore(guard, reading.lines);
  if (reading.damage === undefined) return path;
  try {
    const aside = await putAside(path, guard.clock.now());
    log("warn", "the guard's state was damaged and is put aside", { path, why: reading.damage, aside });
    return path;
  } catch {
    log("warn", "the guard's state is damaged: it is left alone, and this run kept in memory", {
      path,
      why: reading.damage,
    });
    return undefined;
  }
}

/** One write at a time; a failure is told once, until it works again. */
function saver(guard: Guard, path: string, log: GuardLog): () => Promise<void> {
  let saving = Promise.resolve();
  let hasFailed = false;
  const write = async (): Promise<void> => {
    try {
      await writeState(path, [...linesOf(guard)]);
      hasFailed = false;
    } catch (error) {
      if (!hasFailed) log("warn", "the guard's state cannot be written", { path, why: (error as Error).message });
      hasFailed = true;
    }
  };
  return () => (saving = saving.then(write));
}

async function openDoor(path: string, guard: Guard, log: GuardLog): Promise<Control | "taken" | undefined> {
  await mkdir(dirname(path), { recursive: true, mode: FOLDER_MODE }).catch(() => undefined);
  try {
    return await openControl(path, guard);
  } catch (error) {
    log("warn", "postern unlock cannot reach this process", { path, why: (error as Error).message });
    return error instanceof ControlTaken ? "taken" : undefined;
  }
}

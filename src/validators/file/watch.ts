/** Keeps a Store in step with its file: a new content counts once it is whole, and until then the old one does. */
import {
  closeSync,
  fstatSync,
  openSync,
  readFileSync,
  statSync,
  watch,
  type BigIntStats,
  type FSWatcher,
} from "node:fs";
import { basename, dirname } from "node:path";
import type { Log } from "./log.ts";
import { parseStore, type Store, type StoreProblem } from "./store.ts";

/** Half a million accounts; reading happens between two logons and should not last seconds. */
const FILE_LIMIT = 64 * 1024 * 1024;
/** Watching misses changes on network filesystems and behind symbolic links: the file is looked at this often in use. */
const LOOK_EVERY = 1000;
/** Let a writer finish before looking; also the coarsest step of a filesystem's clock that we reckon with. */
const SETTLE_TIME = 50;

export interface WatchedStore {
  /** The accounts as they are now; a changed file has been read again when this returns. */
  current(): Store;
  close(): void;
}

/** Throws Error with a sentence for the administrator when there is no whole file to begin with. */
export function watchStore(path: string, log: Log): WatchedStore {
  let { store, stamp } = readStore(path);
  report(store, path, log);
  let lookedAt = performance.now();
  /** What was last refused: the same content is not read and complained about every second. */
  let refused = "";
  let lastTrouble = "";

  const look = () => {
    lookedAt = performance.now();
    try {
      const stats = statSync(path, { bigint: true });
      if (stampOf(stats) === stamp || stampOf(stats) === refused) return;
      refused = isSettled(stats) ? stampOf(stats) : "";
      ({ store, stamp } = readStore(path));
      refused = lastTrouble = "";
      log("info", "accounts read again", { file: path, accounts: store.accounts.length });
      report(store, path, log);
    } catch (error) {
      const trouble = error instanceof Error ? error.message : String(error);
      if (trouble !== lastTrouble)
        log("error", `accounts not read again, the old ones stay in force: ${trouble}`, { file: path });
      lastTrouble = trouble;
    }
  };
  const stopWatching = watchFolder(path, look);
  const current = () => {
    if (performance.now() - lookedAt >= LOOK_EVERY) look();
    return store;
  };
  return { current, close: stopWatching };
}

/** The folder, not the file: editors and our own tools put a new file in the old one's place. */
function watchFolder(path: string, look: () => void): () => void {
  let timer: NodeJS.Timeout | undefined;
  let watcher: FSWatcher | undefined;
  try {
    watcher = watch(dirname(path), { persistent: false }, (_event, file) => {
      if (file === null || file === basename(path)) timer ??= setTimeout(settled, SETTLE_TIME).unref();
    });
    watcher.on("error", () => watcher?.close());
  } catch {
    // No watches left in the kernel: looking once a second in use is enough.
  }
  const settled = () => {
    timer = undefined;
    look();
  };
  return () => {
    clearTimeout(timer);
    watcher?.close();
  };
}

function report({ problems, accounts }: Store, path: string, log: Log): void {
  for (const { line, message } of problems) log("error", `account ignored: ${message}`, { file: `${path}:${line}` });
  if (accounts.length === 0) log("warn", "there are no accounts", { file: path });
}

/** Two lines for one name. */
export class DuplicateAccount extends Error {
  readonly problem: StoreProblem;

  constructor(path: string, problem: StoreProblem) {
    super(`${path}:${problem.line}: ${problem.message}`);
    this.problem = problem;
  }
}

/** Reads and parses once. Throws Error with a sentence for the administrator. */
export function readStore(path: string): { store: Store; stamp: string } {
  const { text, stamp } = readWhole(path);
  if (text !== "" && !text.endsWith("\n"))
    throw new Error(`${path} does not end with a line end: is it being written?`);
  const store = parseStore(text);
  const [duplicate] = store.duplicates;
  if (duplicate !== undefined) throw new DuplicateAccount(path, duplicate);
  return { store, stamp };
}

function readWhole(path: string): { text: string; stamp: string } {
  const file = openSync(path, "r");
  try {
    const before = fstatSync(file, { bigint: true });
    if (!before.isFile()) throw new Error(`${path} is not a file`);
    if (before.size > FILE_LIMIT) throw new Error(`${path} is larger than ${FILE_LIMIT} bytes`);
    const text = readFileSync(file, "utf8");
    const after = fstatSync(file, { bigint: true });
    if (stampOf(before) !== stampOf(after)) throw new Error(`${path} changed while it was read`);
    return { text, stamp: isSettled(after) ? stampOf(after) : "too new to be sure" };
  } finally {
    closeSync(file);
  }
}

/** A second write within one tick of the filesystem's clock leaves no trace in the times: look once more later. */
function isSettled({ mtimeMs }: BigIntStats): boolean {
  return Math.abs(Date.now() - Number(mtimeMs)) > SETTLE_TIME;
}

function stampOf({ ino, size, mtimeNs, ctimeNs }: BigIntStats): string {
  return [ino, size, mtimeNs, ctimeNs].join(" ");
}

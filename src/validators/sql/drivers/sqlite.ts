/**
 * SQLite through Node's own `node:sqlite`, in a process of its own: it blocks whoever asks, which must not be the relay, and
 * a query that takes too long can be ended there only by a signal.
 */
import { fork, type ChildProcess } from "node:child_process";
import { isBuiltin } from "node:module";
import { fileURLToPath } from "node:url";
import { QueryFailure, type Driver, type DriverOptions } from "../driver.ts";
import type { DatabaseFile } from "../options.ts";
import type { Row } from "../row.ts";
import type { SqliteAnswer, SqliteQuestion, SqliteSetup } from "./sqlite-process.ts";

interface Waiting {
  readonly resolve: (rows: readonly Row[]) => void;
  readonly reject: (why: QueryFailure) => void;
  readonly timer: NodeJS.Timeout;
}

/** Throws Error with a sentence for the administrator where this Node has no SQLite. */
export function sqliteDriver({ path }: DatabaseFile, options: DriverOptions): Driver {
  if (!isBuiltin("node:sqlite"))
    throw new Error(
      `SQLite needs Node 22.13 or newer, this is ${process.versions.node}: use another database, or a newer Node`,
    );
  const setup: SqliteSetup = { path, text: options.text, busy: options.timeout };
  let [asker, isClosed]: [Asker | undefined, boolean] = [undefined, false];
  return {
    query(values) {
      if (isClosed) return Promise.reject(new QueryFailure("the validator is closed"));
      if (asker === undefined || asker.isOver) asker = new Asker(setup);
      return asker.ask(values, options.timeout);
    },
    close() {
      isClosed = true;
      asker?.end("the validator is closed");
      return Promise.resolve();
    },
  };
}

/** One process, which answers in the order of the questions. It ends with its first question that takes too long. */
class Asker {
  isOver = false;
  readonly #child: ChildProcess;
  readonly #waiting = new Map<number, Waiting>();
  #asked = 0;

  constructor(setup: SqliteSetup) {
    // Neither our environment nor our options; and no warning that SQLite is experimental.
    this.#child = fork(PROGRAM, [JSON.stringify(setup)], {
      env: {},
      execArgv: ["--disable-warning=ExperimentalWarning"],
      serialization: "advanced",
      stdio: ["ignore", "ignore", "ignore", "ipc"],
    });
    // Idle it keeps nobody alive; who waits has a timer that does.
    this.#child.unref();
    this.#child.channel?.unref();
    this.#child.on("message", (answer) => this.#settle(answer as SqliteAnswer));
    this.#child.on("error", () => this.end("the process for SQLite cannot be started or spoken to"));
    this.#child.on("exit", () => this.end("the process for SQLite ended"));
  }

  ask(values: readonly (string | null)[], timeout: number): Promise<readonly Row[]> {
    const id = this.#asked++;
    return new Promise((resolve, reject) => {
      const late = () => this.end(`no answer within ${timeout / 1000} s`);
      this.#waiting.set(id, { resolve, reject, timer: setTimeout(late, timeout) });
      this.#child.send({ id, values } satisfies SqliteQuestion, () => undefined);
    });
  }

  end(why: string): void {
    this.isOver = true;
    this.#child.kill("SIGKILL");
    for (const { reject, timer } of this.#waiting.values()) {
      clearTimeout(timer);
      reject(new QueryFailure(`the database cannot be asked: ${why}`));
    }
    this.#waiting.clear();
  }

  #settle({ id, rows, why }: SqliteAnswer): void {
    const waiting = this.#waiting.get(id);
    if (waiting === undefined) return;
    this.#waiting.delete(id);
    clearTimeout(waiting.timer);
    if (rows) waiting.resolve(rows);
    else waiting.reject(new QueryFailure(`the database cannot be asked: ${why ?? ""}`));
  }
}

/** Compiled, or as it is under a runtime that strips types. */
const EXTENSION = import.meta.url.endsWith(".ts") ? "ts" : "js";
const PROGRAM = fileURLToPath(new URL(`./sqlite-process.${EXTENSION}`, import.meta.url));

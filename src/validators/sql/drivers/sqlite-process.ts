/** The process that asks SQLite: one question after the other, on a connection that can only read. Begun by sqlite.ts. */
import { statSync } from "node:fs";
import type { Row } from "../row.ts";

export interface SqliteSetup {
  readonly path: string;
  readonly text: string;
  /** How long to wait for another process's lock, in milliseconds. */
  readonly busy: number;
}

export interface SqliteQuestion {
  readonly id: number;
  readonly values: readonly (string | null)[];
}

/** Either rows or why there are none. */
export interface SqliteAnswer {
  readonly id: number;
  readonly rows?: readonly Row[];
  readonly why?: string;
}

/** What is used of `node:sqlite`, which Node 20 has neither as module nor as types. */
interface Sqlite {
  readonly DatabaseSync: new (path: string, options: object) => Connection;
}
interface Connection {
  prepare(text: string): { all(...values: readonly (string | null)[]): Row[] };
  exec(text: string): void;
  close(): void;
}
interface Opened {
  readonly connection: Connection;
  readonly ask: (values: readonly (string | null)[]) => Row[];
  /** Which file it is: a new one may have been moved to the same path. */
  readonly file: string;
}

const { DatabaseSync } = process.getBuiltinModule("node:sqlite") as Sqlite;
const { path, text, busy } = JSON.parse(process.argv[2] ?? "") as SqliteSetup;
let opened: Opened | undefined;

process.on("message", ({ id, values }: SqliteQuestion) => {
  const answer = (found: Omit<SqliteAnswer, "id">) => process.send?.({ id, ...found } satisfies SqliteAnswer);
  try {
    answer({
      rows: current()
        .ask(values)
        .map((row) => ({ ...row })),
    });
  } catch (error) {
    answer({ why: wordsOf(error) });
  }
});

function current(): Opened {
  const { dev, ino } = statSync(path);
  const file = `${dev} ${ino}`;
  if (opened?.file === file) return opened;
  opened?.connection.close();
  opened = undefined;
  const connection = new DatabaseSync(path, { readOnly: true });
  connection.exec(`PRAGMA busy_timeout = ${busy}`);
  const statement = connection.prepare(text);
  opened = { connection, ask: (values) => statement.all(...values), file };
  return opened;
}

/** SQLITE_ERROR: what stands in the query; other messages might hold what stands in a row. */
const SQLITE_ERROR = 1;

function wordsOf(error: unknown): string {
  const { code, errcode, message } = error as { code?: string; errcode?: number; message?: string };
  if (errcode === SQLITE_ERROR) return `${message ?? code}`.replaceAll(/\p{Cc}+/gu, " ").slice(0, 200);
  return errcode === undefined ? (code ?? "it cannot be opened") : `SQLite result code ${errcode}`;
}

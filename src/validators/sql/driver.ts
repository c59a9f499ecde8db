/** What the three databases have in common: connections that a prepared query is asked on, and how that can fail. */
import type { Row } from "./row.ts";

export interface Driver {
  /** Rejects with QueryFailure, not later than the driver's time limit. */
  query(values: readonly (string | null)[]): Promise<readonly Row[]>;
  close(): Promise<void>;
}

/** There are no rows that could be used. The message is for the log: it names no value of a row. */
export class QueryFailure extends Error {
  override readonly name = "QueryFailure";
}

export interface DriverOptions {
  readonly text: string;
  readonly connections: number;
  /** Milliseconds. */
  readonly timeout: number;
}

/** Longest part of a database's own message that is printed. */
const MESSAGE_LIMIT = 200;

/** `isAboutUs`: the message is about our query or logon; others can have values of rows in them, and are left out. */
export function failure(error: unknown, isAboutUs: (code: string) => boolean): QueryFailure {
  if (error instanceof QueryFailure) return error;
  const { code: given, message } = error as { readonly code?: unknown; readonly message?: unknown };
  const code = typeof given === "string" || typeof given === "number" ? String(given) : "";
  const words = isAboutUs(code) && typeof message === "string" ? oneLine(message) : "";
  const all = [code, words].filter((part) => part !== "").join(": ");
  return new QueryFailure(`the database cannot be asked: ${all === "" ? "the connection failed" : all}`);
}

function oneLine(message: string): string {
  return message.replaceAll(/\p{Cc}+/gu, " ").slice(0, MESSAGE_LIMIT);
}

/** Drivers are loaded when they are first needed; a failure is tried again. */
export function once<T>(make: () => Promise<T>): () => Promise<T> {
  let made: Promise<T> | undefined;
  return () => {
    made ??= make().catch((error: unknown) => {
      made = undefined;
      throw error;
    });
    return made;
  };
}

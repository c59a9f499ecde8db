/** The log, one line a session: records wait for each other, go through winston and are written, all in one go. */
import { createLogger, format } from "winston";
import { Backlog } from "./backlog.ts";
import { AT, jsonLine, textLine, timestamp, type Fields, type LineRecord } from "./line.ts";
import { LineTransport } from "./line-transport.ts";

export type Level = "error" | "warn" | "info" | "debug";

export interface Log {
  write(level: Level, message: string, fields?: Fields): void;
  /** Ask before building a debug line: a disabled winston line still costs microseconds. */
  readonly debugs: boolean;
  /** Resolves when everything so far has been handed to the system. */
  flush(): Promise<void>;
}

export interface LogOptions {
  readonly level: Level;
  readonly format: "auto" | "json" | "text";
  /** Where lines go; standard output unless given. `auto` is text on a terminal or in the journal, else JSON. */
  readonly output?: NodeJS.WritableStream;
}

/** What has been logged, not yet put together. */
interface Entry {
  readonly level: Level;
  readonly message: string;
  readonly fields: Fields | undefined;
  readonly at: number;
}

export function openLog(options: LogOptions): Log {
  const { output = process.stdout } = options;
  const transport = new LineTransport(formatter(options.format, output), output);
  // Without a format winston would make JSON of each line, which nobody reads: the transport formats.
  const logger = createLogger({ level: options.level, transports: [transport], format: asItIs() });
  const backlog = new Backlog<Entry>((entries) => {
    // One object instead of three arguments: winston would otherwise copy the fields once more.
    for (const { level, message, fields, at } of entries) logger.log({ ...fields, level, message, [AT]: at });
    transport.handOn();
  });
  return {
    write: (level, message, fields) => backlog.add({ level, message, fields, at: Date.now() }, level === "error"),
    debugs: logger.isLevelEnabled("debug"),
    flush: () => {
      backlog.clear();
      return new Promise((resolve) => output.write("", () => resolve()));
    },
  };
}

const asItIs = format((record) => record);

/** A log that nobody reads. */
export const silentLog: Log = { write: () => undefined, debugs: false, flush: () => Promise.resolve() };

/** `auto`: text for people and the journal, JSON where something collects it. */
function formatter(format: LogOptions["format"], output: NodeJS.WritableStream): (record: LineRecord) => string {
  const isJournal = process.env["JOURNAL_STREAM"] !== undefined;
  const isRead = isJournal || (output as Partial<NodeJS.WriteStream>).isTTY === true;
  if (format === "json" || (format === "auto" && !isRead)) return jsonLine;
  // The journal has the time itself, and wants the priority in front.
  return isJournal
    ? (record) => `<${PRIORITY[record.level] ?? 6}>${textLine(record)}`
    : (record) => `${timestamp(record[AT])} ${textLine(record)}`;
}

/** Priorities of sd-daemon(3). */
const PRIORITY: Readonly<Record<string, number>> = { error: 3, warn: 4, info: 6, debug: 7 };

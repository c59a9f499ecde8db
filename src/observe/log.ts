/** The log: winston in front, lines collected and written in batches behind, one line a session. */
import { createLogger, format, type Logger } from "winston";
import { jsonLine, textLine, timestamp, type Fields, type LineRecord } from "./line.ts";
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

export function openLog(options: LogOptions): Log {
  const { output = process.stdout } = options;
  const transport = new LineTransport(formatter(options.format, output), output);
  // Without a format winston would make JSON of each line, which nobody reads: the transport formats.
  const logger: Logger = createLogger({ level: options.level, transports: [transport], format: asItIs() });
  return {
    // One object instead of three arguments: winston would otherwise copy the fields once more.
    write: (level, message, fields) => void logger.log({ ...fields, level, message }),
    debugs: logger.isLevelEnabled("debug"),
    flush: () => transport.flush(),
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
    : (record) => `${timestamp()} ${textLine(record)}`;
}

/** Priorities of sd-daemon(3). */
const PRIORITY: Readonly<Record<string, number>> = { error: 3, warn: 4, info: 6, debug: 7 };

/** The log: winston in front, lines collected and written in batches behind, one line a session. */
import { createLogger, format, type Logger } from "winston";
import { LineTransport } from "./line-transport.ts";

export type Level = "error" | "warn" | "info" | "debug";
export type Fields = Readonly<Record<string, string | number | boolean | undefined>>;

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
  /** Where lines go; standard output unless given. */
  readonly output?: NodeJS.WritableStream;
}

export function openLog(options: LogOptions): Log {
  const transport = new LineTransport(formatter(options.format), options.output ?? process.stdout);
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

interface LogRecord {
  readonly level: string;
  readonly message: unknown;
}

type Formatter = (record: LogRecord & Fields) => string;

/** Text for people and the journal, JSON where something collects it. */
function formatter(format: LogOptions["format"]): Formatter {
  const journal = process.env["JOURNAL_STREAM"] !== undefined;
  if (format === "json") return json;
  return journal
    ? (record) => `<${PRIORITY[record.level] ?? 6}>${words(record)}`
    : (record) => `${timestamp()} ${words(record)}`;
}

/** Priorities of sd-daemon(3). */
const PRIORITY: Readonly<Record<string, number>> = { error: 3, warn: 4, info: 6, debug: 7 };

/** The record is winston's and nobody's after us: it is completed in place, a copy would cost as much as the rest. */
function json(record: LogRecord & Fields): string {
  const line = JSON.stringify(Object.assign(record, { time: timestamp() }));
  const short = line.length > LONG_LINE ? JSON.stringify(record, (_name, value: unknown) => cutText(value)) : line;
  // JSON leaves these as they are, and a terminal may not.
  return short.replace(CONTROLS, escape);
}

/** Beyond this a line is looked at again for what fills it; ordinary ones have some 300 characters. */
const LONG_LINE = 1024;

function cutText(value: unknown): unknown {
  return typeof value === "string" && value.length > SHOWN ? `${value.slice(0, SHOWN)}...` : value;
}

function words({ level, message, ...fields }: LogRecord & Fields): string {
  const pairs = Object.entries(fields).map(([name, value]) => (value === undefined ? "" : ` ${name}=${show(value)}`));
  return `${level === "info" ? "" : `${level}: `}${escapeControls(String(message))}${pairs.join("")}`;
}

function show(value: string | number | boolean): string {
  const text = escapeControls(String(value));
  return /^[^\s"=]+$/.test(text) ? text : JSON.stringify(text);
}

/** Longest text of a client's that a log line shows. */
const SHOWN = 256;

const CONTROLS = /[\u0000-\u001f\u007f-\u009f\u2028\u2029]/g;

function escape(control: string): string {
  return `\\u${control.charCodeAt(0).toString(16).padStart(4, "0")}`;
}

/** A client's words cannot end a line, colour a terminal or fill the log. */
export function escapeControls(text: string): string {
  return String(cutText(text)).replace(CONTROLS, escape);
}

let stamped = 0;
let stamp = "";

/** ISO 8601 in UTC; made once a millisecond. */
function timestamp(): string {
  const now = Date.now();
  if (now !== stamped) [stamped, stamp] = [now, new Date(now).toISOString()];
  return stamp;
}

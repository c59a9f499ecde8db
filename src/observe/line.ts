/** One log record as one line, JSON or text. Whatever a client said ends no line, moves no cursor and fills no log. */

export type Fields = Readonly<Record<string, string | number | boolean | undefined>>;
/** When it happened, in milliseconds since 1970: no field of the line, which has the time in words. */
export const AT = Symbol("at");
export type LineRecord = Fields & { readonly level: string; readonly message: string; readonly [AT]: number };

/** Longest text that a line shows; where we went wrong ourselves, all of it is wanted. Characters. */
const SHOWN = 256;
const SHOWN_OF_FAULT = 8192;

/** Printable ASCII without quote and backslash: stands in JSON as it is. */
const PLAIN = /^[ !#-[\]-~]*$/;

/** JSON.stringify and a look at the whole line afterwards would cost three times as much, for each session. */
export function jsonLine(record: LineRecord): string {
  let line = "";
  for (const name in record) {
    const value: unknown = record[name];
    if (value === undefined) continue;
    const { first, next } = opening(name);
    line += (line === "" ? first : next) + jsonOf(name, value);
  }
  return `${line},"time":"${timestamp(record[AT])}"}`;
}

/** What stands before a value. Made once: the fewer pieces a line is put together from, the less it costs. */
interface Opening {
  readonly first: string;
  readonly next: string;
}

/** By name; names are ours, so there are few. */
const openings = new Map<string, Opening>();

function opening(name: string): Opening {
  const known = openings.get(name);
  if (known) return known;
  const made = { first: `{${JSON.stringify(name)}:`, next: `,${JSON.stringify(name)}:` };
  openings.set(name, made);
  return made;
}

function jsonOf(name: string, value: unknown): string {
  if (typeof value === "boolean" || Number.isFinite(value)) return String(value);
  if (typeof value !== "string") return JSON.stringify(value);
  if (value.length <= SHOWN && PLAIN.test(value)) return `"${value}"`;
  // JSON leaves some controls as they are, and a terminal may not.
  return JSON.stringify(cut(name, value)).replace(CONTROLS, escape);
}

/** `message name=value name="a value"`, as people read it and logfmt parsers can. */
export function textLine({ level, message, ...fields }: LineRecord): string {
  const pairs = Object.entries(fields).map(([name, value]) =>
    value === undefined ? "" : ` ${name}=${textOf(name, value)}`,
  );
  return `${level === "info" ? "" : `${level}: `}${escapeControls(message)}${pairs.join("")}`;
}

function textOf(name: string, value: string | number | boolean): string {
  const text = escaped(cut(name, String(value)));
  return /^[^\s"=]+$/.test(text) ? text : JSON.stringify(text);
}

function cut(name: string, text: string): string {
  const shown = name === "fault" ? SHOWN_OF_FAULT : SHOWN;
  return text.length > shown ? `${text.slice(0, shown)}...` : text;
}

const CONTROLS = /[\u0000-\u001f\u007f-\u009f\u2028\u2029]/g;

function escape(control: string): string {
  return `\\u${control.charCodeAt(0).toString(16).padStart(4, "0")}`;
}

function escaped(text: string): string {
  return text.replace(CONTROLS, escape);
}

/** A client's words cannot end a line, colour a terminal or fill the log. */
export function escapeControls(text: string): string {
  return escaped(cut("", text));
}

let second = NaN;
let stamp = "";

/** ISO 8601 in UTC; made once a second, but for the milliseconds: a busy log has a line for each of them. */
export function timestamp(time: number): string {
  const milliseconds = time % 1000;
  if (time - milliseconds !== second) {
    second = time - milliseconds;
    stamp = new Date(second).toISOString().slice(0, "2026-01-01T00:00:00.".length);
  }
  return `${stamp}${String(milliseconds).padStart(3, "0")}Z`;
}

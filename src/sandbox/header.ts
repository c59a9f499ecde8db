/** The header of a message or body part: fields, folding and parameters (RFC 5322 section 2.2, RFC 2045 section 5.1). */

/** A stretch of the message's bytes. */
export interface Span {
  readonly start: number;
  readonly end: number;
}

export interface HeaderField extends Span {
  /** In lower case. */
  readonly name: string;
  /** Unfolded and trimmed, Latin-1: raw 8-bit text stays what it is. */
  readonly value: string;
}

export interface ParameterizedValue {
  /** In lower case: `text/plain`, `attachment`. */
  readonly value: string;
  /** Names in lower case, values as written, in their order. */
  readonly parameters: readonly (readonly [string, string])[];
}

/** Fields are read this far, in octets and in number; a longer header is passed on whole but not understood whole. */
const HEADER_LIMIT = 1024 * 1024;
export const MAX_FIELDS = 10_000;
const MAX_PARAMETERS = 100;
const PARAMETERS_LIMIT = 16 * 1024;

const LF = 0x0a;
const CR = 0x0d;
const SPACE = 0x20;
const TAB = 0x09;

/** Where the header of the part at `start` ends: behind its empty line, or at `end` where there is none. */
export function headerEnd(raw: Buffer, { start, end }: Span): number {
  for (let line = start; line < end;) {
    const next = lineEnd(raw, line, end);
    const text = next - line - (raw[next - 2] === CR ? 2 : 1);
    if (raw[next - 1] === LF && text <= 0) return next;
    line = next;
  }
  return end;
}

/** The fields of a header, at most so many, each with its own bytes, folded lines and line end included. */
export function readFields(raw: Buffer, header: Span, most: number = MAX_FIELDS): readonly HeaderField[] {
  const fields: HeaderField[] = [];
  const end = Math.min(header.end, header.start + HEADER_LIMIT);
  for (let start = header.start; start < end && fields.length < most;) {
    let next = lineEnd(raw, start, end);
    while (next < end && (raw[next] === SPACE || raw[next] === TAB)) next = lineEnd(raw, next, end);
    const field = readField(raw, start, next);
    if (field !== undefined) fields.push(field);
    start = next;
  }
  return fields;
}

/** The value of the first field of that name, in lower case. */
export function fieldValue(fields: readonly HeaderField[], name: string): string | undefined {
  return fields.find((field) => field.name === name)?.value;
}

/** `value; name=token; name="quoted"`, forgiving about what stands between. */
export function parseParameters(text: string): ParameterizedValue {
  const value = /^[^;\s]*/.exec(text)?.[0].toLowerCase() ?? "";
  const parameters: [string, string][] = [];
  const pattern = /;\s*([^\s=;"]+)\s*=\s*(?:"((?:[^"\\]|\\[^])*)(?:"|\\?$)|([^\s;]*))/g;
  for (const [, name = "", quoted, token = ""] of text.slice(0, PARAMETERS_LIMIT).matchAll(pattern)) {
    if (parameters.length >= MAX_PARAMETERS) break;
    parameters.push([name.toLowerCase(), quoted === undefined ? token : quoted.replace(/\\([^])/g, "$1")]);
  }
  return { value, parameters };
}

export function parameter({ parameters }: ParameterizedValue, name: string): string | undefined {
  return parameters.find(([key]) => key === name)?.[1];
}

/** Where the line at `start` ends, its LF included. */
export function lineEnd(raw: Buffer, start: number, end: number): number {
  const feed = raw.indexOf(LF, start);
  return feed < 0 || feed >= end ? end : feed + 1;
}

function readField(raw: Buffer, start: number, end: number): HeaderField | undefined {
  const text = raw.toString("latin1", start, end);
  const colon = text.indexOf(":");
  const name = text.slice(0, Math.max(0, colon)).trim().toLowerCase();
  if (name === "" || /\s/.test(name)) return undefined;
  return {
    name,
    value: text
      .slice(colon + 1)
      .replace(/\r?\n(?=[ \t])/g, "")
      .trim(),
    start,
    end,
  };
}

/** The MIME structure of a message (RFC 2045, RFC 2046 section 5): its parts as stretches of its bytes, nothing copied. */
import { fieldValue, headerEnd, lineEnd, MAX_FIELDS, parameter, parseParameters, readFields } from "./header.ts";
import type { HeaderField, ParameterizedValue, Span } from "./header.ts";

export interface MimePart {
  /** The header with its empty line. */
  readonly header: Span;
  readonly body: Span;
  readonly fields: readonly HeaderField[];
  readonly contentType: ParameterizedValue;
  /** The body parts of a multipart; empty for every other type. */
  readonly parts: readonly MimePart[];
  /** What a message/rfc822 part contains. */
  readonly message?: MimePart;
}

/** Parts within parts, and parts in all, that are looked into; what is beyond stays one opaque part. */
const MAX_DEPTH = 20;
const MAX_PARTS = 1000;

const LF = 0x0a;
const CR = 0x0d;
const DASH = 0x2d;
const SPACE = 0x20;
const TAB = 0x09;
const TEXT_PLAIN: ParameterizedValue = { value: "text/plain", parameters: [["charset", "us-ascii"]] };
const MESSAGE: ParameterizedValue = { value: "message/rfc822", parameters: [] };
const OPAQUE: ParameterizedValue = { value: "application/octet-stream", parameters: [] };

/** What may still be read of one message. */
interface Budget {
  parts: number;
  fields: number;
}

export function parseMime(raw: Buffer): MimePart {
  return parsePart(raw, { start: 0, end: raw.length }, TEXT_PLAIN, 0, { parts: MAX_PARTS, fields: MAX_FIELDS });
}

function parsePart(raw: Buffer, span: Span, ifUnnamed: ParameterizedValue, depth: number, budget: Budget): MimePart {
  budget.parts--;
  const bodyStart = headerEnd(raw, span);
  const header = { start: span.start, end: bodyStart };
  const body = { start: bodyStart, end: span.end };
  const fields = readFields(raw, header, budget.fields);
  budget.fields -= fields.length;
  const contentType = typeOf(fields, ifUnnamed);
  const leaf = { header, body, fields, parts: [] };
  if (!isContainer(contentType)) return { ...leaf, contentType };
  if (depth >= MAX_DEPTH || budget.parts <= 0) return { ...leaf, contentType: OPAQUE };
  if (contentType.value === "message/rfc822") {
    return { ...leaf, contentType, message: parsePart(raw, body, TEXT_PLAIN, depth + 1, budget) };
  }
  const parts = parseParts(raw, body, contentType, depth + 1, budget);
  // A multipart without parts cannot be written as a body structure (RFC 3501, body-type-mpart).
  return parts.length === 0 ? { ...leaf, contentType: TEXT_PLAIN } : { ...leaf, contentType, parts };
}

function parseParts(raw: Buffer, body: Span, type: ParameterizedValue, depth: number, budget: Budget): MimePart[] {
  const ifUnnamed = type.value === "multipart/digest" ? MESSAGE : TEXT_PLAIN;
  const parts: MimePart[] = [];
  for (const span of splitAtBoundary(raw, body, parameter(type, "boundary") ?? "")) {
    if (budget.parts <= 0) break;
    parts.push(parsePart(raw, span, ifUnnamed, depth, budget));
  }
  return parts;
}

/** The stretches between delimiter lines; the line break before a delimiter belongs to it (RFC 2046 section 5.1.1). */
function* splitAtBoundary(raw: Buffer, body: Span, boundary: string): Generator<Span> {
  if (boundary === "") return;
  const delimiter = Buffer.from(`--${boundary}`, "latin1");
  let partStart: number | undefined;
  for (let at = body.start; at < body.end;) {
    const line = raw.indexOf(delimiter, at);
    if (line < 0 || line >= body.end) break;
    at = line + delimiter.length;
    const next = lineEnd(raw, line, body.end);
    const kind = line === body.start || raw[line - 1] === LF ? delimiterKind(raw, at, next) : undefined;
    if (kind === undefined) continue;
    if (partStart !== undefined) yield { start: partStart, end: beforeBreak(raw, partStart, line) };
    if (kind === "close") return;
    partStart = at = next;
  }
  if (partStart !== undefined) yield { start: partStart, end: body.end };
}

/** What the line is by what follows the delimiter in it: nothing but blanks, which gateways may have added, or `--`. */
function delimiterKind(raw: Buffer, after: number, end: number): "open" | "close" | undefined {
  if (after > end) return undefined;
  if (raw[after] === DASH && raw[after + 1] === DASH) return "close";
  let at = after;
  while (at < end && (raw[at] === SPACE || raw[at] === TAB || raw[at] === CR)) at++;
  return at === end || raw[at] === LF ? "open" : undefined;
}

function beforeBreak(raw: Buffer, start: number, end: number): number {
  if (end > start && raw[end - 1] === LF) return end - 1 > start && raw[end - 2] === CR ? end - 2 : end - 1;
  return end;
}

function typeOf(fields: readonly HeaderField[], ifUnnamed: ParameterizedValue): ParameterizedValue {
  const value = fieldValue(fields, "content-type");
  if (value === undefined) return ifUnnamed;
  const type = parseParameters(value);
  return /^[^/\s]+\/[^/\s]+$/.test(type.value) ? type : TEXT_PLAIN;
}

function isContainer({ value }: ParameterizedValue): boolean {
  return value.startsWith("multipart/") || value === "message/rfc822";
}

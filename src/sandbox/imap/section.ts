/** Sections of a message, `BODY[1.2.MIME]` and their like: reading their names and cutting them out (RFC 3501, 6.4.5). */
import { readFields } from "../header.ts";
import type { MimePart } from "../mime.ts";
import { BadSyntax, type Scanner } from "./grammar.ts";

export interface Section {
  /** Part numbers from the outside in; none for the message itself. */
  readonly path: readonly number[];
  readonly what: "whole" | "HEADER" | "TEXT" | "MIME" | "HEADER.FIELDS" | "HEADER.FIELDS.NOT";
  /** For the two of FIELDS: as the client wrote them. */
  readonly fields: readonly string[];
}

export const WHOLE: Section = { path: [], what: "whole", fields: [] };

/** Parts within parts that are worth asking for; parseMime looks no deeper. */
const MAX_PATH = 40;
const END_OF_HEADER = Buffer.from("\r\n");

/** Reads the section up to and with its `]`. */
export function parseSection(args: Scanner): Section {
  const path: number[] = [];
  while (!args.next("]")) {
    if (!args.nextIsDigit) return { path, ...parseText(args, path) };
    path.push(args.number());
    if (path.at(-1) === 0 || path.length > MAX_PATH) throw new BadSyntax("There is no such part");
    if (!args.take(".")) break;
  }
  args.expect("]");
  return { path, what: "whole", fields: [] };
}

function parseText(args: Scanner, path: readonly number[]): Pick<Section, "what" | "fields"> {
  const what = args.atom().toUpperCase();
  const fields = what.startsWith("HEADER.FIELDS") ? parseFieldNames(args) : [];
  args.expect("]");
  if (what === "HEADER" || what === "TEXT" || what === "HEADER.FIELDS" || what === "HEADER.FIELDS.NOT")
    return { what, fields };
  if (what === "MIME" && path.length > 0) return { what, fields };
  throw new BadSyntax("There is no such section");
}

function parseFieldNames(args: Scanner): string[] {
  args.space();
  const names = args.list(() => args.astring());
  if (names.length === 0 || !names.every((name) => /^[!#-'*-9;-z|}~]+$/.test(name))) {
    throw new BadSyntax("Those are no names of header fields");
  }
  return names;
}

/** The section as the response names it, brackets included. */
export function sectionName({ path, what, fields }: Section): string {
  const text = what === "whole" ? [] : [fields.length === 0 ? what : `${what} (${fields.join(" ")})`];
  return `[${[...path, ...text].join(".")}]`;
}

/** The section's bytes; undefined where the message has no such part. The structure is asked for only where it is needed. */
export function cutSection(
  raw: Buffer,
  { path, what, fields }: Section,
  structure: () => MimePart,
): Buffer | undefined {
  if (path.length === 0 && what === "whole") return raw;
  const root = structure();
  const part = findPart(root, path);
  if (part === undefined) return undefined;
  const cut = ({ start, end }: { start: number; end: number }): Buffer => raw.subarray(start, end);
  if (what === "MIME") return cut(part.header);
  if (what === "whole") return cut(part.body);
  // HEADER and TEXT are a message's: this one's, or that of an enclosed message.
  const message = path.length === 0 ? root : part.message;
  if (message === undefined) return undefined;
  if (what === "HEADER") return cut(message.header);
  if (what === "TEXT") return cut(message.body);
  return cutFields(raw, message, fields, what === "HEADER.FIELDS");
}

/** In the order of the header, with the empty line at the end. */
function cutFields(raw: Buffer, { header }: MimePart, names: readonly string[], wanted: boolean): Buffer {
  const listed = new Set(names.map((name) => name.toLowerCase()));
  const chosen = readFields(raw, header).filter(({ name }) => listed.has(name) === wanted);
  return Buffer.concat([...chosen.map(({ start, end }) => raw.subarray(start, end)), END_OF_HEADER]);
}

/** Part 1 of what is no multipart is its body (RFC 3501 section 6.4.5). */
function findPart(root: MimePart, path: readonly number[]): MimePart | undefined {
  let part: MimePart | undefined = root;
  let container: MimePart | undefined = root;
  for (const number of path) {
    if (container === undefined) return undefined;
    part = container.parts.length > 0 ? container.parts[number - 1] : number === 1 ? container : undefined;
    container = part?.message ?? (part !== container && (part?.parts.length ?? 0) > 0 ? part : undefined);
  }
  return part;
}

/** YAML 1.2 as far as it is needed to refuse what is not: syntax, duplicate keys, and documents made to exhaust us. */
import { readFileSync, statSync } from "node:fs";
import { parseDocument, type Document, type LineCounter } from "yaml";
import { errorCode } from "./interpolate.ts";
import { positionAt } from "./locate.ts";
import type { Complain, Problem } from "./problem.ts";

/** An hour of typing is a few KiB; a larger file is a mistake or an attack. */
const FILE_LIMIT = 1024 * 1024;
/** How often anchors may be repeated in all: an alias bomb of nine levels would repeat a billion times. */
const ALIAS_LIMIT = 100;
/** One slip often causes a flood of errors after it. */
const SYNTAX_LIMIT = 20;
/** Nested brackets, or levels of indentation. */
const DEPTH_LIMIT = 100;

/** The document, or what is wrong with it. */
export function readDocument(path: string, lines: LineCounter): Document | Problem[] {
  let text: string;
  try {
    if (statSync(path).size > FILE_LIMIT) return failed(path, `is larger than ${FILE_LIMIT} bytes`);
    text = readFileSync(path, "utf8");
  } catch (error) {
    return failed(path, `cannot be read (${errorCode(error)})`, "give the path of a configuration file");
  }
  const document = parseSafely(text, lines);
  if (typeof document === "string") return failed(path, document);
  const problems = syntaxProblems(document, path, lines);
  return problems.length > 0 ? problems : document;
}

function failed(file: string, message: string, remedy = ""): Problem[] {
  return [{ file, line: 1, column: 1, path: "", message, remedy, severity: "error" }];
}

/** A document, or why there is none. */
function parseSafely(text: string, lines: LineCounter): Document | string {
  if (isNestedTooDeeply(text)) return "is nested too deeply";
  try {
    return parseDocument(text, {
      lineCounter: lines,
      prettyErrors: false,
      version: "1.2",
      uniqueKeys: true,
      stringKeys: true,
    });
  } catch (error) {
    return error instanceof RangeError ? "is nested too deeply" : "is not YAML";
  }
}

/** The parser recurses: brackets or dashes nested by the thousand exhaust the stack, and near its end V8 aborts. */
function isNestedTooDeeply(text: string): boolean {
  let depth = 0;
  for (const [bracket] of text.matchAll(/[[\]{}]/g)) {
    depth = Math.max(0, depth + (bracket === "[" || bracket === "{" ? 1 : -1));
    if (depth > DEPTH_LIMIT) return true;
  }
  return new RegExp(`^[ \\t?:-]{${2 * DEPTH_LIMIT}}`, "m").test(text);
}

function syntaxProblems(document: Document, file: string, lines: LineCounter): Problem[] {
  return [...document.errors, ...document.warnings].slice(0, SYNTAX_LIMIT).map(({ code, message, pos }) => ({
    file,
    ...positionAt(lines, pos[0]),
    path: "",
    message: code === "DUPLICATE_KEY" ? "this key was given before" : message,
    remedy: code === "DUPLICATE_KEY" ? "keep one of the two" : "",
    severity: "error",
  }));
}

/** Plain JavaScript values, aliases resolved; undefined, with a complaint, for what is no mapping. */
export function toPlain(document: Document, complain: Complain): unknown {
  try {
    const raw: unknown = document.toJS({ maxAliasCount: ALIAS_LIMIT });
    if (typeof raw === "object" && raw !== null && !Array.isArray(raw)) return raw;
    complain({ path: [], message: "expected a mapping of keys", remedy: 'start with "listeners:"' });
  } catch (error) {
    complain({ path: [], message: whyNotPlain(error) });
  }
  return undefined;
}

function whyNotPlain(error: unknown): string {
  if (error instanceof RangeError) return "nested too deeply";
  const isBomb = error instanceof ReferenceError && error.message.includes("Excessive alias count");
  return isBomb ? `more than ${ALIAS_LIMIT} repeated anchors` : "an alias has no anchor before it";
}

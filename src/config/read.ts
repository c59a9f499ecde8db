/** Reads config.yaml: YAML 1.2, references, schema, cross checks; every fault becomes a problem with its line and column. */
import { readFileSync, statSync } from "node:fs";
import { dirname, resolve } from "node:path";
import { LineCounter, parseDocument, type Document } from "yaml";
import { check } from "./checks.ts";
import { complaintsOf, valueAt } from "./complaints.ts";
import { complete } from "./complete.ts";
import type { Config } from "./config.ts";
import { errorCode, interpolate } from "./interpolate.ts";
import { locate, positionAt } from "./locate.ts";
import type { Complain, Complaint, Path, Problem } from "./problem.ts";
import { configSchema } from "./schema.ts";

export type { Config } from "./config.ts";
export { formatProblem, type Problem } from "./problem.ts";

export interface Reading {
  /** Present when no problem is an error. */
  readonly config?: Config;
  /** In the order of the text. */
  readonly problems: readonly Problem[];
}

/** An hour of typing is a few KiB; a larger file is a mistake or an attack. */
const FILE_LIMIT = 1024 * 1024;
/** How often anchors may be repeated in all: an alias bomb of nine levels would repeat a billion times. */
const ALIAS_LIMIT = 100;
/** One slip often causes a flood of errors after it. */
const SYNTAX_LIMIT = 20;
/** Nested brackets, or levels of indentation. */
const DEPTH_LIMIT = 100;

/** `path` as the administrator gave it: it opens every problem. `now` is for certificates. */
export function readConfig(path: string, env: Readonly<Record<string, string | undefined>>, now = new Date()): Reading {
  const lines = new LineCounter();
  let text: string;
  try {
    if (statSync(path).size > FILE_LIMIT) return failed(path, `is larger than ${FILE_LIMIT} bytes`, "");
    text = readFileSync(path, "utf8");
  } catch (error) {
    return failed(path, `cannot be read (${errorCode(error)})`, "give the path of a configuration file");
  }
  const document = parseSafely(text, lines);
  if (typeof document === "string") return failed(path, document, "");
  const syntax = syntaxProblems(document, path, lines);
  if (syntax.length > 0) return { problems: syntax };
  const complaints: Complaint[] = [];
  const config = build(document, path, env, now, (complaint) => complaints.push(complaint));
  const problems = complaints.map((complaint) => locate(complaint, path, document, lines)).sort(byPlace);
  const isBad = problems.some(({ severity }) => severity === "error");
  return config === undefined || isBad ? { problems } : { config, problems };
}

function failed(file: string, message: string, remedy: string): Reading {
  return { problems: [{ file, line: 1, column: 1, path: "", message, remedy, severity: "error" }] };
}

function byPlace(a: Problem, b: Problem): number {
  return a.line - b.line || a.column - b.column;
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

function build(
  document: Document,
  file: string,
  env: Readonly<Record<string, string | undefined>>,
  now: Date,
  complain: Complain,
): Config | undefined {
  const folder = dirname(resolve(file));
  const raw = toPlain(document, complain);
  if (raw === undefined) return undefined;
  const broken: Path[] = [];
  const data = interpolate(raw, {
    env,
    folder,
    complain: (complaint) => (broken.push(complaint.path), complain(complaint)),
  });
  if (data === undefined) return undefined;
  const isBroken = (path: Path) => broken.some((other) => other.join(".") === path.join("."));
  const { success, data: parsed, error } = configSchema.safeParse(data);
  if (!success) {
    const complaints = error.issues.flatMap((issue) => complaintsOf(issue, raw));
    complaints.filter(({ path }) => !isBroken(path)).forEach(complain);
    return undefined;
  }
  const config = complete(parsed, { folder, now, complain });
  check(config, parsed.tls.length, complain);
  warnAboutSecrets(file, raw, config, complain);
  return config;
}

function toPlain(document: Document, complain: Complain): unknown {
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

/** A password written out in a file that everybody on the machine may read is no secret. */
function warnAboutSecrets(file: string, raw: unknown, { backends }: Config, complain: Complain): void {
  if ((statSync(file).mode & 0o007) === 0) return;
  for (const { name } of backends) {
    const path = ["backends", name, "logon", "password"];
    const value = valueAt(raw, path);
    if (typeof value !== "string" || /\$\{(env|file|cred):/.test(value)) continue;
    const remedy = `chmod o= ${file}, or write \${cred:NAME}`;
    complain({
      path,
      message: `others can read or write this file, and a password is in it`,
      remedy,
      severity: "warning",
    });
  }
}

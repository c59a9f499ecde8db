/** Zod's issues in an administrator's words: what is wrong, and what to write instead. */
import type { z } from "zod";
import { knownKeys, nearest } from "./known-keys.ts";
import type { Complaint, Path } from "./problem.ts";

type Issue = z.core.$ZodIssue;

/** `raw` is the document before references were replaced: what is quoted from it is no secret of theirs. */
export function complaintsOf(issue: Issue, raw: unknown): Complaint[] {
  const path = issue.path.map((key) => (typeof key === "symbol" ? String(key) : key));
  if (issue.code === "unrecognized_keys") return issue.keys.map((key) => unknownKey([...path, key], raw));
  if (issue.code === "invalid_key") return [{ path, message: issue.issues[0]?.message ?? issue.message, onKey: true }];
  if (issue.code === "invalid_union" && issue.discriminator !== undefined)
    return [wrongWord(path, optionsOf(issue), raw)];
  const value = valueAt(raw, path);
  if (value === undefined) return [missing(path)];
  if (value === null) return [{ path, message: "empty", remedy: "give it a value, or remove the key" }];
  if (issue.code === "invalid_value") return [wrongWord(path, issue.values.map(String), raw)];
  if (issue.code === "invalid_type") return [wrongType(path, issue, value)];
  return [{ path, message: `${issue.message}${quoted(path, value)}` }];
}

/** Zod puts them into the issue, but not into its type. */
function optionsOf(issue: Issue): string[] {
  return "options" in issue && Array.isArray(issue.options) ? issue.options.map(String) : [];
}

function unknownKey(path: Path, raw: unknown): Complaint {
  const known = knownKeys(path.slice(0, -1), raw);
  const meant = nearest(String(path.at(-1)), known);
  const remedy = meant === undefined ? `known here: ${known.join(", ")}` : `did you mean "${meant}"?`;
  return { path, message: "unknown key", remedy, onKey: true };
}

function missing(path: Path): Complaint {
  const key = path.at(-1);
  if (typeof key !== "string") return { path, message: "nothing here", remedy: "remove the empty entry" };
  return { path, message: "missing", remedy: `add "${key}:" here` };
}

function wrongWord(path: Path, words: readonly string[], raw: unknown): Complaint {
  const value = valueAt(raw, path);
  const choice =
    words.length === 1 ? `write ${words[0]}` : `choose ${words.slice(0, -1).join(", ")} or ${words.at(-1)}`;
  if (value === undefined || value === null) return { path, message: "missing", remedy: choice };
  const meant = typeof value === "string" ? nearest(value, words) : undefined;
  const remedy = meant === undefined ? choice : `did you mean ${meant}? (${words.join(", ")})`;
  return {
    path,
    message: typeof value === "object" ? "expected one word" : `${JSON.stringify(value)} is not known here`,
    remedy,
  };
}

const TYPES: Readonly<Record<string, string>> = {
  object: "a mapping of keys",
  record: "a mapping of names",
  array: "a list",
  string: "text",
};

function wrongType(path: Path, issue: z.core.$ZodIssueInvalidType, value: unknown): Complaint {
  const wanted = issue.message.startsWith("expected ")
    ? issue.message
    : `expected ${TYPES[issue.expected] ?? issue.expected}`;
  if (typeof value === "object")
    return { path, message: `${wanted}, not ${Array.isArray(value) ? "a list" : "a mapping"}` };
  const remedy = issue.expected === "string" && !wanted.includes("duration") ? { remedy: "put it in quotes" } : {};
  return { path, message: `${wanted}${quoted(path, value)}`, ...remedy };
}

/** Values of these keys stay out of every message. */
const SECRET_KEYS: ReadonlySet<unknown> = new Set(["password", "key", "cert", "ca"]);

function quoted(path: Path, value: unknown): string {
  const isShown = (typeof value === "string" || typeof value === "number") && !path.some((key) => SECRET_KEYS.has(key));
  return isShown ? `, not ${JSON.stringify(value).slice(0, 80)}` : "";
}

export function valueAt(data: unknown, path: Path): unknown {
  let value = data;
  for (const key of path) {
    if (typeof value !== "object" || value === null || !Object.hasOwn(value, key)) return undefined;
    value = (value as Record<string | number, unknown>)[key];
  }
  return value;
}

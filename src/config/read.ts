/** Reads config.yaml: YAML 1.2, references, schema, cross checks; every fault becomes a problem with its line and column. */
import { statSync } from "node:fs";
import { dirname, resolve } from "node:path";
import { LineCounter, type Document } from "yaml";
import { check } from "./checks.ts";
import { complaintsOf, valueAt } from "./complaints.ts";
import { complete } from "./complete.ts";
import type { Config } from "./config.ts";
import { readDocument, toPlain } from "./document.ts";
import { interpolate } from "./interpolate.ts";
import { locate } from "./locate.ts";
import type { Complain, Complaint, Path, Problem } from "./problem.ts";
import { configSchema } from "./schema.ts";

export type { Config } from "./config.ts";
export { formatProblem, type Problem } from "./problem.ts";

export type Environment = Readonly<Record<string, string | undefined>>;

export interface Reading {
  /** Present when no problem is an error. */
  readonly config?: Config;
  /** In the order of the text. */
  readonly problems: readonly Problem[];
}

/** `path` as the administrator gave it: it opens every problem. `now` is for certificates. */
export function readConfig(path: string, env: Environment, now = new Date()): Reading {
  const lines = new LineCounter();
  const document = readDocument(path, lines);
  if (Array.isArray(document)) return { problems: document };
  const complaints: Complaint[] = [];
  const config = build(document, path, env, now, (complaint) => complaints.push(complaint));
  const problems = complaints.map((complaint) => locate(complaint, path, document, lines)).sort(byPlace);
  const isBad = problems.some(({ severity }) => severity === "error");
  return config === undefined || isBad ? { problems } : { config, problems };
}

/**
 * The account files of a configuration that may be wrong in all other places, so that a first account can be added
 * before `postern check` is content. Empty where the document cannot be read at all.
 */
export function readAccountFiles(path: string, env: Environment): { name: string; path: string }[] {
  const document = readDocument(path, new LineCounter());
  if (Array.isArray(document)) return [];
  const folder = dirname(resolve(path));
  const unresolved = new Set<string>();
  const complain: Complain = ({ path: at }) => unresolved.add(at.join("."));
  const validators = valueAt(interpolate(toPlain(document, complain), { env, folder, complain }), ["validators"]);
  if (typeof validators !== "object" || validators === null) return [];
  return Object.entries(validators).flatMap(([name, validator]) => {
    const file: unknown = valueAt(validator, ["path"]);
    const isFile = valueAt(validator, ["type"]) === "file" && typeof file === "string";
    return isFile && !unresolved.has(`validators.${name}.path`) ? [{ name, path: resolve(folder, file) }] : [];
  });
}

function byPlace(a: Problem, b: Problem): number {
  return a.line - b.line || a.column - b.column;
}

function build(document: Document, file: string, env: Environment, now: Date, complain: Complain): Config | undefined {
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

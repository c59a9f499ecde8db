/** `${env:NAME}`, `${file:/path}` and `${cred:NAME}` in string values; `$${` stands for `${` itself. */
import { readFileSync, statSync } from "node:fs";
import { join, resolve } from "node:path";
import type { Complain, Path } from "./problem.ts";
import { isPem } from "./scalars.ts";

export interface Sources {
  readonly env: Readonly<Record<string, string | undefined>>;
  /** What relative paths start from: the configuration file's folder. */
  readonly folder: string;
  readonly complain: Complain;
}

/** A password, token or key: larger files are mistakes. */
const FILE_LIMIT = 64 * 1024;
/** Deeper than any key of ours. */
const DEPTH_LIMIT = 32;
/** Ten times what a gateway with hundreds of backends needs; an anchor that holds itself would never end. */
const VALUE_LIMIT = 50_000;

/**
 * A copy of `value` with all references replaced; what cannot be resolved is complained about and becomes "".
 * undefined for documents that do not end.
 */
export function interpolate(value: unknown, sources: Sources): unknown {
  let left = VALUE_LIMIT;
  const copy = (item: unknown, path: Path): unknown => {
    if (path.length > DEPTH_LIMIT) left = 0;
    if (--left < 0) return undefined;
    if (typeof item === "string") return interpolateText(item, path, sources);
    if (typeof item !== "object" || item === null) return item;
    if (Array.isArray(item)) return item.map((inner, index) => copy(inner, [...path, index]));
    return Object.fromEntries(Object.entries(item).map(([key, inner]) => [key, copy(inner, [...path, key])]));
  };
  const result = copy(value, []);
  if (left >= 0) return result;
  sources.complain({
    path: [],
    message: `more than ${VALUE_LIMIT} values, or nested too deeply`,
    remedy: "look for an anchor inside itself",
  });
  return undefined;
}

function interpolateText(text: string, path: Path, sources: Sources): string {
  return text.replace(/\$\$\{|\$\{([^}]*)\}?/g, (whole, reference: string | undefined) => {
    if (reference === undefined) return "${";
    const found = whole.endsWith("}") ? lookUp(reference, sources) : { trouble: `"${whole}" has no closing brace` };
    if (typeof found === "string") return found;
    sources.complain({ path, message: found.trouble, remedy: found.remedy ?? REMEDY });
    return "";
  });
}

interface Trouble {
  readonly trouble: string;
  readonly remedy?: string;
}

const REMEDY = "write ${env:NAME}, ${file:/path} or ${cred:NAME}, or $${ for the two characters themselves";

function lookUp(reference: string, sources: Sources): string | Trouble {
  const [, kind, target] = /^(env|file|cred):(.+)$/.exec(reference) ?? [];
  if (target === undefined) return { trouble: `"\${${reference}}" is not a reference` };
  if (kind === "env") return fromEnvironment(target, sources);
  return kind === "file" ? fromFile(resolve(sources.folder, target), true) : fromCredential(target, sources);
}

function fromEnvironment(name: string, { env }: Sources): string | Trouble {
  const value = env[name];
  if (value !== undefined) return value;
  return { trouble: `the environment variable ${name} is not set`, remedy: "set it where Postern is started" };
}

/** systemd.exec(5), LoadCredential=: the folder is private to the service, whatever the mode of its files. */
function fromCredential(name: string, { env }: Sources): string | Trouble {
  const folder = env["CREDENTIALS_DIRECTORY"];
  if (name.includes("/") || name.startsWith(".")) return { trouble: `"${name}" is not the name of a credential` };
  if (folder !== undefined) return fromFile(join(folder, name), false);
  return {
    trouble: `no credential "${name}": CREDENTIALS_DIRECTORY is not set`,
    remedy: `add LoadCredential=${name}:/path to the unit`,
  };
}

/** One line, or a PEM text. */
function fromFile(file: string, mustBePrivate: boolean): string | Trouble {
  try {
    const { mode, size } = statSync(file);
    if (mustBePrivate && (mode & 0o007) !== 0)
      return { trouble: `others can read or write ${file}`, remedy: `chmod o= ${file}` };
    if (size > FILE_LIMIT) return { trouble: `${file} is larger than ${FILE_LIMIT} bytes` };
    const text = readFileSync(file, "utf8").replace(/\r?\n$/, "");
    if (isPem(text) || !/[\r\n]/.test(text)) return text;
    return { trouble: `${file} holds more than one line`, remedy: "keep one value per file" };
  } catch (error) {
    return {
      trouble: `${file} cannot be read (${errorCode(error)})`,
      remedy: "create it, readable for Postern's user",
    };
  }
}

/** ENOENT, EACCES ... */
export function errorCode(error: unknown): string {
  return error instanceof Error && "code" in error ? String(error.code) : "unknown error";
}

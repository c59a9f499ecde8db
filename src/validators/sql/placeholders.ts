/**
 * A query with named parameters made into one that a driver takes: what a client sends is never part of the text. Strings,
 * quoted names, comments and `::casts` are left as they are, by the lexical rules of each database.
 */
import type { Database } from "./options.ts";

export const PARAMETERS = ["user", "domain", "name", "listener", "protocol"] as const;
export type Parameter = (typeof PARAMETERS)[number];
export type Dialect = Database["kind"];

export interface PreparedQuery {
  readonly text: string;
  /** The values' names in the order of the placeholders. */
  readonly parameters: readonly Parameter[];
}

/** PostgreSQL 4.1.2.2 and 4.1.2.4: E'' with backslashes, '' without, $tag$ strings, nested comments. */
const POSTGRES = [
  /[eE]'(?:[^'\\]|\\[^]|'')*'/,
  /'(?:[^']|'')*'/,
  /"(?:[^"]|"")*"/,
  /(?<![\w$])\$(?<tag>[A-Za-z_\u0080-\uffff][\w\u0080-\uffff]*)?\$[^]*?\$\k<tag>\$/,
  /--[^\n]*/,
];

/** MySQL reference manual 9.1.1, 9.2 and 9.7: backslashes in both kinds of strings, three kinds of comments. */
const MYSQL = [
  /'(?:[^'\\]|\\[^]|'')*'/,
  /"(?:[^"\\]|\\[^]|"")*"/,
  /`(?:[^`]|``)*`/,
  /--(?=\s|$)[^\n]*/,
  /#[^\n]*/,
  /\/\*[^]*?\*\//,
];

/** https://sqlite.org/lang_keywords.html and lang_comment.html. */
const SQLITE = [/'(?:[^']|'')*'/, /"(?:[^"]|"")*"/, /`(?:[^`]|``)*`/, /\[[^\]]*\]/, /--[^\n]*/, /\/\*[^]*?\*\//];

/** Words, so that no digit or letter of one is taken for something else, casts, and our parameters. */
const COMMON = [/[A-Za-z_\u0080-\uffff][\w$\u0080-\uffff]*/, /::|:=/, /:(?<parameter>[A-Za-z_]\w*)/];

function scannerOf(parts: readonly RegExp[]): RegExp {
  return new RegExp([...parts, ...COMMON].map(({ source }) => `(?:${source})`).join("|"), "uy");
}

const SCANNERS: Readonly<Record<Dialect, RegExp>> = {
  postgres: scannerOf(POSTGRES),
  mysql: scannerOf(MYSQL),
  sqlite: scannerOf(SQLITE),
};

/** Characters that begin a placeholder of the database's own, or something that has no end. */
const FORBIDDEN: Readonly<Record<Dialect, string>> = { postgres: `$'"`, mysql: "?'\"`", sqlite: "?@$'\"`[" };

/** More accounts of one user name than this are a mistake in the query. */
export const ROW_LIMIT = 8;

/** Throws Error with a sentence for the administrator. */
export function prepareQuery(query: string, dialect: Dialect): PreparedQuery {
  const parameters: Parameter[] = [];
  let text = "";
  for (let at = 0; at < query.length;) {
    const [piece, parameter] = nextPiece(query, at, dialect);
    at += piece.length;
    if (parameter !== undefined) parameters.push(knownParameter(parameter));
    text += parameter === undefined ? piece : placeholder(dialect, parameters.length);
  }
  if (!parameters.includes("user") && !parameters.includes("name"))
    throw new Error("the query has neither :user nor :name, so that everybody would be the same account");
  const limited = `SELECT * FROM (\n${text}\n) AS postern_account LIMIT ${ROW_LIMIT + 1}`;
  return { text: limited, parameters };
}

/** One string, name, comment, word or other character, and the parameter's name if it is one. */
function nextPiece(query: string, at: number, dialect: Dialect): readonly [piece: string, parameter?: string] {
  if (dialect === "postgres" && query.startsWith("/*", at)) return [nestedComment(query, at)];
  const scanner = SCANNERS[dialect];
  scanner.lastIndex = at;
  const match = scanner.exec(query);
  if (match !== null) {
    const parameter = match.groups?.["parameter"];
    return parameter === undefined ? [match[0]] : [match[0], parameter];
  }
  const character = String.fromCodePoint(query.codePointAt(at)!);
  if (character === ";") return [lastSemicolon(query, at)];
  if (FORBIDDEN[dialect].includes(character))
    throw new Error(
      `the query has a ${character} that is neither a whole string or name nor a parameter such as :user`,
    );
  return [character];
}

/** Of one statement the end may be marked; what comes after would be another one. */
function lastSemicolon(query: string, at: number): never | string {
  if (query.slice(at + 1).trim() !== "") throw new Error("the query is more than one statement");
  return query.slice(at).replace(";", " ");
}

function nestedComment(query: string, start: number): string {
  const marks = /\/\*|\*\//g;
  marks.lastIndex = start;
  let depth = 0;
  for (let mark = marks.exec(query); mark !== null; mark = marks.exec(query)) {
    depth += mark[0] === "/*" ? 1 : -1;
    if (depth === 0) return query.slice(start, marks.lastIndex);
  }
  throw new Error("the query has a comment without end");
}

function knownParameter(name: string): Parameter {
  const known = PARAMETERS.find((each) => each === name);
  if (known === undefined)
    throw new Error(`the query has :${name}; there are ${PARAMETERS.map((each) => `:${each}`).join(", ")}`);
  return known;
}

/** Each place has a number of its own: PostgreSQL finds the type of each by where it stands. */
function placeholder(dialect: Dialect, number: number): string {
  return dialect === "postgres" ? `$${number}` : "?";
}

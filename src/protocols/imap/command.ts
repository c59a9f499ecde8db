/**
 * An IMAP command line with its literals (RFC 9051 section 4.3 and formal syntax, LITERAL+ of RFC 7888), as far as it may
 * be said before logon: tag, name, strings. Sizes are bounded before a single byte is waited for.
 */
import type { Wire } from "../../wire/wire.ts";
import { withoutTrailingBlanks } from "../text.ts";

/** No name or password is longer, and nothing else before logon needs a literal. */
const LITERAL_LIMIT = 8192;
/** LOGIN has two arguments; ID may have a few more. */
const LITERALS = 4;
/** A refused non-synchronizing literal is read and dropped up to this size; beyond it the connection ends. */
const DROP_LIMIT = 65_536;

export type Part = { readonly text: string } | { readonly literal: Buffer };

export interface Command {
  readonly tag: string;
  /** In capitals. */
  readonly name: string;
  /** What follows the name: text pieces with the literals between them. */
  readonly parts: readonly Part[];
}

/** Not a command: why, and for which tag ("*" where none could be read). `fatal`: the connection cannot go on. */
export interface Unreadable {
  readonly tag: string;
  readonly why: string;
  readonly fatal: boolean;
}

/** `atom` characters that a tag may have (RFC 9051: ASTRING-CHAR without "+"). */
const COMMAND = /^([!#$&',-.\/0-9:;<=>?@A-Z\[\]^_`a-z|}~]{1,64}) ([A-Za-z0-9]{1,32})(?: (.*))?$/;
/** RFC 9051's number64 at the most; whoever sends more digits counts on an overflow. */
const LITERAL = /\{([0-9]{1,20})(\+?)\}$/;

/** Commands that may carry literals; all others are refused before the literal is sent. */
const TAKES_LITERALS = new Set(["LOGIN", "ID"]);

/** Reads one command, asking for its literals. Throws WireClosed. */
export async function readCommand(client: Wire, limit: number): Promise<Command | Unreadable> {
  const raw = await client.readLine(limit);
  if (raw === undefined) return { tag: "*", why: "Command line too long", fatal: false };
  const line = withoutTrailingBlanks(raw);
  const [, tag, name = "", rest = ""] = COMMAND.exec(line) ?? [];
  if (tag === undefined)
    return dropLiterals(client, line, { tag: tagOf(raw), why: "Command not understood", fatal: false });
  if (!LITERAL.test(rest)) return { tag, name: name.toUpperCase(), parts: [{ text: rest }] };
  const parts = await readParts(client, tag, name.toUpperCase(), rest, limit);
  return "why" in parts ? parts : { tag, name: name.toUpperCase(), parts };
}

async function readParts(
  client: Wire,
  tag: string,
  name: string,
  first: string,
  limit: number,
): Promise<Part[] | Unreadable> {
  const parts: Part[] = [];
  let text = first;
  for (;;) {
    const [marker, count = "", plus] = LITERAL.exec(text) ?? [];
    if (marker === undefined) return [...parts, { text }];
    const refused = refuseLiteral(name, Number(count), parts.length);
    if (refused !== undefined) return dropLiterals(client, text, { tag, why: refused, fatal: false });
    if (plus === "") client.write("+ OK\r\n");
    parts.push({ text: text.slice(0, -marker.length) }, { literal: await client.readBytes(Number(count)) });
    const next = await client.readLine(limit);
    if (next === undefined) return { tag, why: "Command line too long", fatal: false };
    text = withoutTrailingBlanks(next);
  }
}

function refuseLiteral(name: string, size: number, before: number): string | undefined {
  if (!TAKES_LITERALS.has(name)) return "Command takes no literal";
  if (size > LITERAL_LIMIT) return "Literal too large";
  return before >= LITERALS * 2 ? "Too many literals" : undefined;
}

/** What a client sends without waiting must not be read as commands. */
async function dropLiterals(client: Wire, line: string, problem: Unreadable): Promise<Unreadable> {
  let rest: string | undefined = line;
  for (let dropped = 0; rest !== undefined; dropped += 1) {
    const [, count = "0", plus] = LITERAL.exec(withoutTrailingBlanks(rest)) ?? [];
    if (plus !== "+") break;
    if (Number(count) > DROP_LIMIT || dropped === LITERALS) return { ...problem, fatal: true };
    await client.readBytes(Number(count));
    rest = await client.readLine();
  }
  return problem;
}

function tagOf(line: string): string {
  return /^([^\s"%()*+\\{\u0000-\u001f\u007f-\u00ff]{1,64}) /.exec(line)?.[1] ?? "*";
}

/** The arguments as strings (astring: atom, quoted, literal), one character a byte. undefined: not that. */
export function astrings(parts: readonly Part[]): string[] | undefined {
  const found: string[] = [];
  for (const part of parts) {
    if ("literal" in part) found.push(part.literal.toString("latin1"));
    else if (!readStrings(part.text, found)) return undefined;
  }
  return found;
}

/** Looked at first: to replace nothing costs as much as to read the command. */
function unquoted(text: string): string {
  return text.includes("\\") ? text.replace(/\\(["\\])/g, "$1") : text;
}

const STRING = /^ *(?:"((?:[^"\\]|\\["\\])*)"|([^\u0000-\u0020\u007f"(){%*\\]+))(?= |$)/;

function readStrings(text: string, found: string[]): boolean {
  let rest = text;
  while (!/^ *$/.test(rest)) {
    const [whole, quoted, atom] = STRING.exec(rest) ?? [];
    if (whole === undefined) return false;
    found.push(atom ?? unquoted(quoted!));
    rest = rest.slice(whole.length);
  }
  return true;
}

/** Reads one whole IMAP command, literals and all (RFC 3501 sections 2.2.1 and 4.3, LITERAL+ of RFC 7888), within bounds. */
import type { Quota } from "../quota.ts";
import { LineTooLong } from "../reader.ts";
import type { Connection } from "../listener.ts";
import { LITERAL_MARK, Scanner } from "./grammar.ts";
import type { Reply } from "./session.ts";

/** One line of a command, as RFC 7162 section 4 advises servers to take; and all its lines together. */
export const LINE_LIMIT = 8 * 1024;
const COMMAND_LIMIT = 4 * LINE_LIMIT;

/** Literals that are no messages: names, passwords, search words. */
const SHORT_LITERAL_LIMIT = 8 * 1024;
const MAX_LITERALS = 16;

/** A literal that nobody waits for is read past up to here; a larger one ends the connection. */
const DISCARD_LIMIT = 64 * 1024 * 1024;

const LITERAL = /\{(\d{1,10})(\+?)\}$/;
const HEAD = /^([^\s(){%*"\\+\u0000-\u001f\u007f-\u0100]+) +((?:UID +)?[A-Za-z]+)/i;

export interface ReadCommand {
  /** `*` where the client sent no tag. */
  readonly tag: string;
  /** In upper case, `UID FETCH` with its prefix; empty where the line is no command. */
  readonly name: string;
  readonly args: Scanner;
  /** The reply to a command whose literal was not taken. */
  readonly refused: Reply | undefined;
}

/** What a command may bring along. */
export interface LiteralPolicy {
  /** Where messages are charged while they arrive; undefined before logon, when no APPEND can succeed. */
  readonly quota: Quota | undefined;
}

/** Throws LineTooLong and ConnectionOver. */
export async function readCommand(connection: Connection, policy: LiteralPolicy): Promise<ReadCommand> {
  const gathering: Gathering = { text: "", literals: [], refused: undefined, reserved: 0 };
  try {
    while (await gatherLine(connection, policy, gathering));
  } finally {
    policy.quota?.give(gathering.reserved, 0);
  }
  const { text, literals, refused } = gathering;
  const [head = "", tag = "*", name = ""] = HEAD.exec(text) ?? [];
  const args = new Scanner(text.slice(head.length), literals);
  return { tag, name: name.toUpperCase().replace(/ +/, " "), args, refused };
}

interface Gathering {
  text: string;
  readonly literals: Buffer[];
  refused: Reply | undefined;
  /** Octets charged to the quota while the command is under way. */
  reserved: number;
}

/** Reads a line and the literal it announces; true when the command goes on after it. */
async function gatherLine(connection: Connection, policy: LiteralPolicy, gathering: Gathering): Promise<boolean> {
  const line = await connection.reader.line(LINE_LIMIT);
  const literal = LITERAL.exec(line);
  gathering.text += literal === null ? line : line.slice(0, literal.index) + LITERAL_MARK;
  if (gathering.text.length > COMMAND_LIMIT) throw new LineTooLong(`A command exceeds ${COMMAND_LIMIT} octets`);
  if (literal === null) return false;
  const size = Number(literal[1]);
  const waits = literal[2] === "";
  gathering.refused ??= admit(size, policy, gathering);
  if (gathering.refused === undefined) await takeLiteral(connection, size, waits, gathering);
  else if (waits) return false;
  else await passLiteral(connection, size);
  return true;
}

/** Charges the literal, or says why it is refused. */
function admit(size: number, { quota }: LiteralPolicy, gathering: Gathering): Reply | undefined {
  if (gathering.literals.length >= MAX_LITERALS) return "BAD Too many literals";
  if (size <= SHORT_LITERAL_LIMIT) return undefined;
  if (quota === undefined || !/^\S+ +APPEND /i.test(gathering.text)) return "BAD [TOOBIG] That literal is too long";
  if (size > quota.limits.messageOctets) return `NO [TOOBIG] A message can have ${quota.limits.messageOctets} octets`;
  if (!quota.take(size, 0)) return "NO [OVERQUOTA] The sandbox is full";
  gathering.reserved += size;
  return undefined;
}

async function takeLiteral(connection: Connection, size: number, waits: boolean, gathering: Gathering): Promise<void> {
  if (waits) await connection.out.write("+ Go on\r\n");
  gathering.literals.push(await connection.reader.bytes(size));
}

async function passLiteral(connection: Connection, size: number): Promise<void> {
  if (size > DISCARD_LIMIT) throw new LineTooLong("A literal exceeds all bounds");
  await connection.reader.discard(size);
}

/** The sandbox's POP3 server: the sessions of RFC 1939, with CAPA (RFC 2449), AUTH PLAIN (RFC 5034) and LAST (RFC 1081). */
import { type Door, MAX_FAILURES, type PlainCredentials, readPlain } from "./door.ts";
import type { Connection } from "./listener.ts";
import { Maildrop, type Numbered } from "./pop3-maildrop.ts";
import { multiline } from "./pop3-multiline.ts";
import { LineTooLong } from "./reader.ts";

/** RFC 2449 allows 255 octets; long AUTH lines and careless clients get more. */
const LINE_LIMIT = 8 * 1024;

/** RFC 1939 section 3: the autologout timer is at least ten minutes. */
const AUTOLOGOUT = 10 * 60_000;

const CAPABILITIES: readonly string[] = [
  "TOP",
  "UIDL",
  "USER",
  "PIPELINING",
  "RESP-CODES",
  "AUTH-RESP-CODE",
  "SASL PLAIN",
  "IMPLEMENTATION Postern-sandbox",
];

/** A status line, and for a multi-line response what follows it. */
interface Answer {
  readonly status: string;
  readonly lines?: readonly string[];
  readonly message?: { readonly raw: Buffer; readonly bodyLines?: number };
}

interface Command {
  readonly verb: string;
  readonly argument: string;
}

const ok = (text: string): Answer => ({ status: `+OK ${text}` });
const err = (text: string): Answer => ({ status: `-ERR ${text}` });
const list = (text: string, lines: readonly string[]): Answer => ({ status: `+OK ${text}`, lines });

const BYE = ok("Good bye");
const NO_SUCH_MESSAGE = err("There is no such message");

/** Serves one connection until QUIT, or until the client goes, which deletes nothing (RFC 1939 section 6). */
export async function servePop3(connection: Connection, door: Door): Promise<void> {
  try {
    await respond(connection, ok("Postern sandbox"));
    const maildrop = await authorization(connection, door);
    if (maildrop !== undefined) await transaction(connection, maildrop);
  } catch (error) {
    if (!(error instanceof LineTooLong)) throw error;
    await respond(connection, err("That line is too long"));
  }
}

async function authorization(connection: Connection, door: Door): Promise<Maildrop | undefined> {
  let user: string | undefined;
  for (let failures = 0; failures < MAX_FAILURES;) {
    const command = await nextCommand(connection);
    if (command.verb === "QUIT") return await respond(connection, BYE);
    if (command.verb === "USER" && command.argument !== "") user = fromUtf8(command.argument);
    const step = await authorizationStep(connection, command, user);
    if ("status" in step) {
      await respond(connection, step);
      continue;
    }
    const opened = open(step, door);
    if (opened instanceof Maildrop) return opened;
    failures++;
    await respond(connection, opened);
  }
  return undefined;
}

async function authorizationStep(
  connection: Connection,
  { verb, argument }: Command,
  user: string | undefined,
): Promise<Answer | PlainCredentials> {
  switch (verb) {
    case "CAPA":
      return list("What there is", CAPABILITIES);
    case "USER":
      return argument === "" ? err("Whose mailbox?") : ok("And the password?");
    case "PASS":
      return user === undefined ? err("USER comes first") : { user, password: fromUtf8(argument) };
    case "AUTH":
      return authenticate(connection, argument);
    default:
      return err("Log on first");
  }
}

/** RFC 5034 section 4, and the bare AUTH with which older clients ask for the mechanisms. */
async function authenticate(connection: Connection, argument: string): Promise<Answer | PlainCredentials> {
  if (argument === "") return list("Mechanisms", ["PLAIN"]);
  const [mechanism = "", initial, ...rest] = argument.split(/ +/);
  if (mechanism.toUpperCase() !== "PLAIN" || rest.length > 0) return err("There is only PLAIN");
  if (initial === undefined) await connection.out.write("+ \r\n");
  const response = initial ?? (await connection.reader.line(LINE_LIMIT));
  if (response === "*") return err("Cancelled");
  return readPlain(response) ?? err("That is not a PLAIN response");
}

function open({ user, password }: PlainCredentials, door: Door): Maildrop | Answer {
  const account = door(user, password);
  if (account === undefined) return err("[AUTH] The name or the password is wrong");
  return Maildrop.lock(account) ?? err("[IN-USE] Another session has this maildrop");
}

async function transaction(connection: Connection, maildrop: Maildrop): Promise<void> {
  connection.patience(AUTOLOGOUT);
  try {
    await respond(connection, ok(`There are ${maildrop.remaining.length} messages`));
    for (;;) {
      const command = await nextCommand(connection);
      if (command.verb === "QUIT") break;
      await respond(connection, transactionStep(maildrop, command));
    }
    maildrop.update();
    await respond(connection, BYE);
  } finally {
    maildrop.release();
  }
}

function transactionStep(maildrop: Maildrop, { verb, argument }: Command): Answer {
  switch (verb) {
    case "CAPA":
      return list("What there is", CAPABILITIES);
    case "STAT":
      return ok(`${maildrop.remaining.length} ${maildrop.octets}`);
    case "LIST":
      return listing(maildrop, argument, ({ number, size }) => `${number} ${size}`);
    case "UIDL":
      return listing(maildrop, argument, ({ number, uniqueId }) => `${number} ${uniqueId}`);
    case "RETR":
      return retrieve(maildrop, argument);
    case "TOP":
      return top(maildrop, argument);
    case "DELE":
      return remove(maildrop, argument);
    case "RSET":
      maildrop.reset();
      return ok("Nothing is deleted");
    case "LAST":
      return ok(String(maildrop.last));
    case "NOOP":
      return ok("Still here");
    default:
      return err("That command is unknown here");
  }
}

function listing(maildrop: Maildrop, argument: string, line: (message: Numbered) => string): Answer {
  if (argument === "") return list(`${maildrop.remaining.length} messages`, maildrop.remaining.map(line));
  const found = maildrop.find(argument);
  return found === undefined ? NO_SUCH_MESSAGE : ok(line(found));
}

function retrieve(maildrop: Maildrop, argument: string): Answer {
  const found = maildrop.find(argument);
  if (found === undefined) return NO_SUCH_MESSAGE;
  maildrop.access(found);
  return { ...ok(`${found.size} octets`), message: { raw: found.message.raw } };
}

function top(maildrop: Maildrop, argument: string): Answer {
  const [number = "", count = "", ...rest] = argument.split(/ +/);
  const found = maildrop.find(number);
  if (found === undefined) return NO_SUCH_MESSAGE;
  if (!/^\d{1,9}$/.test(count) || rest.length > 0) return err("TOP takes a message and a number of lines");
  return { ...ok("The top of it"), message: { raw: found.message.raw, bodyLines: Number(count) } };
}

function remove(maildrop: Maildrop, argument: string): Answer {
  const found = maildrop.find(argument);
  if (found === undefined) return NO_SUCH_MESSAGE;
  maildrop.delete(found);
  return ok("Deleted at QUIT");
}

async function respond({ out }: Connection, { status, lines, message }: Answer): Promise<undefined> {
  await out.write(status, "\r\n");
  if (lines !== undefined) await out.write(...lines.map((line) => `${line}\r\n`), ".\r\n");
  if (message !== undefined) for (const piece of multiline(message.raw, message.bodyLines)) await out.write(piece);
}

async function nextCommand({ reader }: Connection): Promise<Command> {
  const line = await reader.line(LINE_LIMIT);
  const space = line.indexOf(" ");
  if (space < 0) return { verb: line.toUpperCase(), argument: "" };
  const verb = line.slice(0, space).toUpperCase();
  // A password may begin or end with spaces (RFC 1939 section 7: the argument of PASS is taken whole).
  return { verb, argument: verb === "PASS" ? line.slice(space + 1) : line.slice(space + 1).trim() };
}

function fromUtf8(latin1: string): string {
  return Buffer.from(latin1, "latin1").toString("utf8");
}

/** The sandbox's IMAP server: reads commands, keeps to the session's state, answers (RFC 3501 sections 3 and 6). */
import type { Door } from "../door.ts";
import type { Connection } from "../listener.ts";
import type { Quota } from "../quota.ts";
import { LineTooLong } from "../reader.ts";
import { alterCommands } from "./alter.ts";
import { appendCommands } from "./append.ts";
import { type ReadCommand, readCommand } from "./command-reader.ts";
import { fetchCommands } from "./fetch.ts";
import { folderCommands } from "./folders.ts";
import { BadSyntax } from "./grammar.ts";
import { idleCommands } from "./idle.ts";
import { listCommands } from "./list.ts";
import { capabilities, logonCommands } from "./logon.ts";
import { searchCommands } from "./search.ts";
import { type Command, isAuthenticated, isSelected, type Reply, type Session, tell, tellNews } from "./session.ts";

const COMMANDS: ReadonlyMap<string, Command> = new Map(
  [
    logonCommands,
    folderCommands,
    listCommands,
    appendCommands,
    fetchCommands,
    searchCommands,
    alterCommands,
    idleCommands,
  ].flatMap((table) => Object.entries(table)),
);

/** Serves one connection until LOGOUT or until the client goes. */
export async function serveImap(connection: Connection, door: Door, quota: Quota): Promise<void> {
  const session: Session = {
    connection,
    door,
    quota,
    account: undefined,
    selected: undefined,
    failures: 0,
    over: false,
  };
  await tell(session, `OK [${capabilities(session)}] Postern sandbox`);
  try {
    while (!session.over) await serveCommand(session);
  } catch (error) {
    if (!(error instanceof LineTooLong)) throw error;
    await tell(session, "BYE That line is too long");
  }
}

async function serveCommand(session: Session): Promise<void> {
  const { connection, quota } = session;
  const command = await readCommand(connection, { quota: session.account === undefined ? undefined : quota });
  const known = COMMANDS.get(command.name);
  const reply = await execute(session, command, known);
  await tellNews(session, known?.quiet !== true);
  await connection.out.write(`${command.tag} ${reply}\r\n`);
}

async function execute(
  session: Session,
  { name, args, refused }: ReadCommand,
  known: Command | undefined,
): Promise<Reply> {
  if (refused !== undefined) return refused;
  if (known === undefined) return name === "" ? "BAD That is not a command" : "BAD There is no such command";
  try {
    return await run(session, known, args);
  } catch (error) {
    if (error instanceof BadSyntax) return `BAD ${error.message}`;
    throw error;
  }
}

async function run(session: Session, command: Command, args: ReadCommand["args"]): Promise<Reply> {
  switch (command.state) {
    case "any":
      return command.run(session, args);
    case "guest":
      return session.account === undefined ? command.run(session, args) : "BAD You are logged on already";
    case "authenticated":
      return isAuthenticated(session) ? command.run(session, args) : "BAD Log on first";
    case "selected":
      return isSelected(session) ? command.run(session, args) : "BAD Select a mailbox first";
  }
}

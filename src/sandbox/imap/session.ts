/** What one IMAP session knows (RFC 3501 section 3), and the shapes of its commands and replies. */
import type { Account } from "../account.ts";
import type { Door } from "../door.ts";
import type { Connection } from "../listener.ts";
import type { Quota } from "../quota.ts";
import type { Scanner } from "./grammar.ts";
import type { Selected } from "./selected.ts";

/** A tagged response without its tag: `OK [APPENDUID 1 2] Done`. */
export type Reply = `${"OK" | "NO" | "BAD"} ${string}`;

/** A session's state: not authenticated without an account, selected with a mailbox. */
export interface Session {
  readonly connection: Connection;
  readonly door: Door;
  readonly quota: Quota;
  account: Account | undefined;
  selected: Selected | undefined;
  /** Wrong passwords so far. */
  failures: number;
  /** After LOGOUT. */
  over: boolean;
}

/** The session while a user is logged on. */
export interface AuthenticatedSession extends Session {
  account: Account;
}

export interface SelectedSession extends AuthenticatedSession {
  selected: Selected;
}

/** A command with the lowest state in which it may be given; "guest" ones are over after logon. */
export type Command = { readonly quiet?: true } & (
  | { readonly state: "any"; run(session: Session, args: Scanner): Reply | Promise<Reply> }
  | { readonly state: "guest"; run(session: Session, args: Scanner): Reply | Promise<Reply> }
  | { readonly state: "authenticated"; run(session: AuthenticatedSession, args: Scanner): Reply | Promise<Reply> }
  /** Quiet commands are FETCH, STORE and SEARCH: during them no EXPUNGE may be sent. */
  | { readonly state: "selected"; run(session: SelectedSession, args: Scanner): Reply | Promise<Reply> }
);

export type CommandTable = Readonly<Record<string, Command>>;

export function isAuthenticated(session: Session): session is AuthenticatedSession {
  return session.account !== undefined;
}

export function isSelected(session: Session): session is SelectedSession {
  return session.account !== undefined && session.selected !== undefined;
}

/** Untagged responses, each a line without its end. */
export async function tell(session: Session, ...lines: readonly string[]): Promise<void> {
  for (const line of lines) await session.connection.out.write(`* ${line}\r\n`);
}

/** Brings the client up to date about the selected mailbox. */
export async function tellNews({ selected, connection }: Session, expunges: boolean): Promise<void> {
  for (const response of selected?.news(expunges) ?? []) await connection.out.write(`${response}\r\n`);
}

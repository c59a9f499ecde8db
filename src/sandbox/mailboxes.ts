/** The sandbox's mail servers together: POP3, IMAP and SMTP on loopback, in front of one store in memory. */
import { masterPasswordDoor } from "./door.ts";
import { serveImap } from "./imap/serve.ts";
import { type FaultHandler, listen } from "./listener.ts";
import { MailStore } from "./mailstore.ts";
import { servePop3 } from "./pop3-mailbox.ts";
import type { StoreLimits } from "./quota.ts";
import { listenSmtp } from "./smtp-mailbox.ts";

export interface MailboxesOptions {
  readonly users: readonly string[];
  /** The master password, accepted for every one of the users. */
  readonly password: string;
  readonly limits?: StoreLimits;
  /** Told of errors that should not be possible; process warnings by default. */
  readonly onFault?: FaultHandler;
}

export interface Mailboxes {
  /** The ports on 127.0.0.1. */
  readonly pop3: number;
  readonly imap: number;
  readonly smtp: number;
  readonly store: MailStore;
  /** Ends all sessions and forgets all mail. */
  close(): Promise<void>;
}

export async function startMailboxes(options: MailboxesOptions): Promise<Mailboxes> {
  const { users, password, limits, onFault = warn } = options;
  const store = new MailStore(users, limits);
  const door = masterPasswordDoor(store, password);
  const pop3 = await listen((connection) => servePop3(connection, door), onFault);
  const imap = await listen((connection) => serveImap(connection, door, store.quota), onFault);
  const smtp = await listenSmtp(store, door);
  const close = async (): Promise<void> => {
    await Promise.all([pop3.close(), imap.close(), smtp.close()]);
  };
  return { pop3: pop3.port, imap: imap.port, smtp: smtp.port, store, close };
}

function warn(fault: unknown): void {
  process.emitWarning(fault instanceof Error ? fault : new Error(String(fault)));
}

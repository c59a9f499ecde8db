/** Logging on to a server behind: what every protocol's `enter` is given and how it fails. */
import type { ClientTls } from "../wire/tls-client.ts";
import type { Wire } from "../wire/wire.ts";

/** Who logs on, and with what, in words that fit every protocol. Names and passwords hold no NUL, CR or LF. */
export interface Ticket {
  readonly user: string;
  readonly password: string;
  /** SASL authorization identity (RFC 4616): open this one's mailbox. undefined: the user's own. */
  readonly authzid: string | undefined;
  /** STARTTLS first. */
  readonly starttls: ClientTls | undefined;
  /** POP3: the server takes USER and PASS in one piece (PIPELINING, RFC 2449 section 6.6). */
  readonly pipelining: boolean;
  /** SMTP: our own name in EHLO. */
  readonly serverName: string;
  /** SMTP: tell the server who the client is (Postfix XCLIENT), as far as it announces the attributes. */
  readonly xclient: XclientFacts | undefined;
}

export interface XclientFacts {
  readonly address: string;
  readonly port: number;
  /** The name from the client's EHLO. */
  readonly helo: string | undefined;
  /** The user who logged on. */
  readonly login: string;
}

/** What was learned while logging on. */
export interface Welcome {
  /** IMAP: the CAPABILITY list after logon. */
  readonly capabilities?: string | undefined;
  /** SMTP: the EHLO lines before logon, without the greeting. */
  readonly extensions?: readonly string[];
}

/** Logs on; afterwards nothing is read beyond the server's last answer. Throws what stands below, or WireClosed. */
export type Enter = (server: Wire, ticket: Ticket) => Promise<Welcome>;

/** Before each command: a server that has already said more than it was asked is confused, or somebody speaks for it. */
export function beQuiet(server: Wire): void {
  if (server.hasUnread) throw new ServerUnavailable("the server talks out of turn", "");
}

/** What the server said, cut and without controls, for the log only: its words never reach the client. */
function quote(said: string): string {
  return said === "" ? "" : `: ${JSON.stringify(said.slice(0, 200))}`;
}

/** The server understood, and said no to our own name and password. */
export class ServerRefused extends Error {
  override readonly name = "ServerRefused";
  constructor(why: string, said: string) {
    super(why + quote(said));
  }
}

/** The mailbox is locked by another session (POP3 [IN-USE]). */
export class MailboxInUse extends Error {
  override readonly name = "MailboxInUse";
  constructor(said: string) {
    super(`mailbox in use${quote(said)}`);
  }
}

/** The server cannot now, or is none that we understand. */
export class ServerUnavailable extends Error {
  override readonly name = "ServerUnavailable";
  constructor(why: string, said: string) {
    super(why + quote(said));
  }
}

/** One logon of a mail client's: the way, where to, as whom, and what came of it. */
import { randomBytes } from "node:crypto";
import type { ProtocolName } from "../../src/core/visit.ts";
import { eventually, LOOPBACK } from "./programs.ts";
import { passwordOf, type User, type World } from "./world.ts";

export type Tls = "none" | "STARTTLS" | "TLS";

/** As the log calls them. */
export type MechanismName =
  | "NTLM"
  | "SCRAM-SHA-256-PLUS"
  | "SCRAM-SHA-256"
  | "SCRAM-SHA-1-PLUS"
  | "SCRAM-SHA-1"
  | "CRAM-MD5"
  | "OAUTHBEARER"
  | "XOAUTH2"
  | "PLAIN"
  | "LOGIN"
  | "USER";

/** One way to log on. */
export interface Way {
  readonly protocol: ProtocolName;
  readonly mechanism: MechanismName;
  readonly tls: Tls;
}

export interface Login extends Way {
  readonly host: string;
  readonly port: number;
  readonly user: string;
  /** OAUTHBEARER and XOAUTH2: the access token. */
  readonly password: string;
  /** A PEM file with the authority to trust. */
  readonly ca: string;
  /** An empty folder of the client's own. */
  readonly room: string;
  /** SMTP: what to send, from `sender` to `recipient`. */
  readonly message: string | Buffer;
  readonly sender: string;
  readonly recipient: string;
  /** In the message's subject, and nowhere else. */
  readonly token: string;
}

export interface Outcome {
  readonly isIn: boolean;
  /** POP3 and IMAP: the first message of the inbox; undefined where the client cannot show it. */
  readonly mail: string | undefined;
  /** What the client says to its user, for failure messages. */
  readonly said: string;
}

/** True for mechanisms with an access token instead of a password. */
export function takesToken({ mechanism }: Way): boolean {
  return mechanism === "OAUTHBEARER" || mechanism === "XOAUTH2";
}

/** What Postern says of a wrong password or token; to its log and its sandbox, never to the client. */
export function reasonFor(way: Way): RegExp {
  if (takesToken(way)) return /^no account has this token$/;
  return way.mechanism === "NTLM" ? /password/ : /^wrong password$/;
}

export interface Who {
  readonly user?: User;
  /** The user's own unless given. */
  readonly password?: string;
}

/** A logon at a listener of the world's gateway. Mail goes to bob. */
export function loginAt(world: World, listener: string, way: Way, { user = "alice", password }: Who = {}): Login {
  const token = randomBytes(8).toString("hex");
  const [sender, recipient] = [`${user}@example.com`, "bob@example.com"];
  return {
    ...way,
    host: LOOPBACK,
    port: world.gateway.port(listener),
    user,
    password: password ?? passwordOf(user),
    ca: world.ca,
    room: world.room(`client-${token}`),
    message: `From: ${sender}\r\nTo: ${recipient}\r\nSubject: ${token}\r\n\r\nSent by ${user}.\r\n`,
    ...{ sender, recipient, token },
  };
}

/** Mail with this token in bob's inbox, as Postfix delivered it. */
export function inbox({ dovecot }: World, token: string): Buffer | undefined {
  return dovecot.messages("bob").find((message) => message.includes(token));
}

export function arrival(world: World, token: string): Promise<Buffer> {
  return eventually(`mail ${token} in bob's inbox\n${world.postfix.log()}`, () => inbox(world, token));
}

/** One backend: how its servers are reached, and one logon there from dialling to the open mailbox. */
import type { Entry, Guest, LogonMethod } from "../core/backend.ts";
import type { ProtocolName, Visit } from "../core/visit.ts";
import { MailboxInUse, ServerRefused, type Ticket, type Welcome } from "../protocols/enter.ts";
import { protocols } from "../protocols/protocol.ts";
import { talkTo, type TalkTimes, type Target } from "../wire/connect.ts";
import type { ClientTls } from "../wire/tls-client.ts";
import { credentialsFor, type Credentials } from "./credentials.ts";
import { hostPort } from "../wire/networks.ts";

export interface BackendServer extends Target {
  /** SMTP: tell who the client is, where the server announces XCLIENT. */
  readonly xclient: boolean;
}

export interface Backend {
  readonly name: string;
  readonly servers: Readonly<Partial<Record<ProtocolName, BackendServer>>>;
  readonly logon: LogonMethod;
  readonly times: TalkTimes;
  /** Our own name, for EHLO. */
  readonly serverName: string;
}

/** What is known of a backend beyond its configuration. */
export interface Lore {
  /** Its POP3 server has announced PIPELINING. */
  readonly pipelining: boolean;
  /** Is given what the server said that it can do. */
  learn(welcome: Welcome): void;
}

/** Logs on in the guest's name. "No" and "not now" are values; nothing is thrown. */
export async function enterBackend(backend: Backend, guest: Guest, visit: Visit, lore: Lore): Promise<Entry> {
  const server = backend.servers[visit.protocol];
  if (!server) return unavailable(backend, `backend ${backend.name} has no ${visit.protocol} server`);
  const credentials = credentialsFor(backend.logon, guest);
  if (typeof credentials === "string") return { kind: "refused", backend: backend.name, why: credentials };
  const ticket = makeTicket(backend, server, credentials, guest, visit, lore);
  try {
    const { wire, said } = await talkTo(server, backend.times, (to) => protocols[visit.protocol].enter(to, ticket));
    lore.learn(said);
    return { kind: "entered", backend: backend.name, wire, capabilities: said.capabilities };
  } catch (error) {
    return explain(backend, server, error as Error);
  }
}

function makeTicket(
  backend: Backend,
  server: BackendServer,
  own: Credentials,
  guest: Guest,
  { client }: Visit,
  { pipelining }: Lore,
): Ticket {
  const facts = { address: client.address, port: client.port, helo: guest.helo, login: guest.identity.mailbox };
  return {
    user: own.user,
    password: own.password,
    authzid: own.authzid,
    starttls: starttlsOf(server),
    pipelining,
    serverName: backend.serverName,
    xclient: server.xclient ? facts : undefined,
  };
}

export function starttlsOf(server: BackendServer): ClientTls | undefined {
  return server.tls === "starttls" ? server.clientTls : undefined;
}

function explain(backend: Backend, server: BackendServer, error: Error): Entry {
  const why = `backend ${backend.name} (${hostPort(server)}): ${error.message}`;
  if (error instanceof MailboxInUse) return { kind: "in-use", backend: backend.name, why };
  if (error instanceof ServerRefused) return { kind: "refused", backend: backend.name, why };
  return unavailable(backend, why);
}

function unavailable(backend: Backend, why: string): Entry {
  return { kind: "unavailable", backend: backend.name, why };
}

/** The sandbox's SMTP server, the package `smtp-server`: authenticated mail goes into the local mailboxes, unchanged (RFC 5321). */
import type { AddressInfo, Socket } from "node:net";
import { SMTPServer, type SMTPServerDataStream, type SMTPServerOptions, type SMTPServerSession } from "smtp-server";
import type { Account } from "./account.ts";
import type { Door } from "./door.ts";
import { type Listener, LOOPBACK, MAX_CONNECTIONS } from "./listener.ts";
import type { MailStore } from "./mailstore.ts";

/** RFC 5321 section 4.5.3.1.8: at least 100 recipients. */
const MAX_RECIPIENTS = 100;

/** RFC 5321 section 4.5.3.2.7: a server waits at least five minutes for the next command. */
const SOCKET_TIMEOUT = 5 * 60_000;

/** An SMTP reply other than success; `smtp-server` reads the code from the error. */
class SmtpRefusal extends Error {
  override readonly name = "SmtpRefusal";
  readonly responseCode: number;

  constructor(responseCode: number, message: string) {
    super(message);
    this.responseCode = responseCode;
  }
}

export async function listenSmtp(store: MailStore, door: Door): Promise<Listener> {
  const server = new SMTPServer(smtpOptions(store, door));
  const sockets = new Set<Socket>();
  server.server.on("connection", (socket) => {
    sockets.add(socket);
    socket.on("close", () => sockets.delete(socket));
  });
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(0, LOOPBACK, resolve);
  });
  // From here on an error is a client that went away in the middle of a message, and that is everyday life.
  server.removeAllListeners("error").on("error", () => undefined);
  return { port: (server.server.address() as AddressInfo).port, close: () => closed(server, sockets) };
}

function smtpOptions(store: MailStore, door: Door): SMTPServerOptions {
  return {
    banner: "Postern sandbox",
    name: "sandbox.postern.invalid",
    size: store.quota.limits.messageOctets,
    authMethods: ["PLAIN", "LOGIN"],
    allowInsecureAuth: true,
    // The last three are the package's jokes about old sendmail holes.
    disabledCommands: ["STARTTLS", "WIZ", "SHELL", "KILL"],
    hideENHANCEDSTATUSCODES: false,
    disableReverseLookup: true,
    rejectOversized: true,
    maxRecipients: MAX_RECIPIENTS,
    maxClients: MAX_CONNECTIONS,
    socketTimeout: SOCKET_TIMEOUT,
    logger: false,
    onAuth: ({ authzid, username, password }, _, callback) => {
      const account = door(authzid || (username ?? ""), password ?? "");
      callback(null, account === undefined ? {} : { user: account });
    },
    onData: (stream, session, callback) => {
      receive(stream, store)
        .then((raw) => deliver(raw, session, store))
        .then(
          () => callback(null, "Delivered"),
          (error: unknown) => callback(error instanceof Error ? error : new Error("Not delivered")),
        );
    },
  };
}

/** The message's octets, charged to the quota while they arrive. Reads on past a refusal, because DATA must end. */
async function receive(stream: SMTPServerDataStream, store: MailStore): Promise<Buffer> {
  const { quota } = store;
  const chunks: Buffer[] = [];
  let reserved = 0;
  let full = false;
  try {
    for await (const chunk of stream as AsyncIterable<Buffer>) {
      full ||= stream.sizeExceeded || !quota.take(chunk.length, 0);
      if (full) chunks.length = 0;
      else {
        reserved += chunk.length;
        chunks.push(chunk);
      }
    }
    if (full) throw new SmtpRefusal(452, "The sandbox is full");
    return Buffer.concat(chunks);
  } finally {
    quota.give(reserved, 0);
  }
}

/** Into the INBOX of every recipient who is a user, and of the sender where one is not, so that no mail is lost from view. */
function deliver(raw: Buffer, session: SMTPServerSession, store: MailStore): void {
  const sender = session.user as Account;
  const inboxes = new Set(session.envelope.rcptTo.map(({ address }) => (store.account(address) ?? sender).inbox));
  if (!store.quota.take(raw.length * inboxes.size, inboxes.size)) throw new SmtpRefusal(452, "The sandbox is full");
  store.quota.give(raw.length * inboxes.size, inboxes.size);
  for (const inbox of inboxes) inbox.append(raw);
}

/** Sessions are cut off: `smtp-server` would wait for its clients to go. */
function closed(server: SMTPServer, sockets: ReadonlySet<Socket>): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve());
    for (const socket of sockets) socket.destroy();
  });
}

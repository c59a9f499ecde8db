/** An application of smtp-server as its users write it, and what its clients are told. */
import type { AddressInfo } from "node:net";
import { connect as connectTls, type TLSSocket } from "node:tls";
import { createConnection, type Socket } from "node:net";
import { createInterface } from "node:readline";
import { SMTPServer, type SMTPServerOptions } from "smtp-server";
import { accounts, addMechanisms, type AddMechanismsOptions } from "../../src/library/smtp-server.ts";
import { CERTIFICATE } from "../support/certificates.ts";

export interface App {
  readonly server: SMTPServer;
  readonly port: number;
  /** `session.user` of each message taken. */
  readonly senders: unknown[];
  close(): Promise<void>;
}

export const ALICE = { user: "alice", domain: "EXAMPLE", password: "secret" };

/** Without `mechanisms`: nothing is added. */
export async function startApp(
  options: SMTPServerOptions = {},
  mechanisms?: Partial<AddMechanismsOptions>,
): Promise<App> {
  const senders: unknown[] = [];
  const server = new SMTPServer({
    logger: false,
    cert: CERTIFICATE.cert,
    key: CERTIFICATE.key,
    authMethods: ["PLAIN"],
    onAuth: ({ username, password }, _session, callback) =>
      password === "own" ? callback(null, { user: `own ${username}` }) : callback(new Error("Wrong")),
    onData(stream, session, callback) {
      senders.push(session.user);
      stream.resume().on("end", () => callback());
    },
    closeTimeout: 50,
    ...options,
  });
  server.on("error", () => undefined);
  if (mechanisms)
    addMechanisms(server, { mechanisms: ["SCRAM-SHA-256", "NTLM"], judge: accounts([ALICE]), ...mechanisms });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.server.address() as AddressInfo;
  return { server, port, senders, close: () => new Promise((resolve) => server.close(() => resolve())) };
}

/** A client by hand: says a line, hears the whole reply. */
export interface Talk {
  readonly socket: Socket | TLSSocket;
  say(line: string): Promise<string>;
  end(): void;
}

const TRUST = { ca: CERTIFICATE.cert, servername: "localhost" };

/** Has heard the greeting. */
export async function talk(port: number, tls = false): Promise<Talk> {
  const at = { port, host: "127.0.0.1" };
  const { hear, ...client } = talkOver(tls ? connectTls({ ...at, ...TRUST }) : createConnection(at));
  await hear();
  return client;
}

export async function startTls(client: Talk): Promise<Talk> {
  await client.say("STARTTLS");
  client.socket.removeAllListeners("data");
  const { hear: _, ...secured } = talkOver(connectTls({ socket: client.socket, ...TRUST }));
  return secured;
}

function talkOver(socket: Socket | TLSSocket): Talk & { hear(): Promise<string> } {
  socket.on("error", () => undefined);
  const lines = createInterface({ input: socket })[Symbol.asyncIterator]();
  const hear = async (): Promise<string> => {
    const heard: string[] = [];
    for (;;) {
      const { value, done } = await lines.next();
      if (done) return [...heard, "(closed)"].join("\n");
      heard.push(value);
      if (!/^\d{3}-/.test(value)) return heard.join("\n");
    }
  };
  const say = (line: string) => {
    socket.write(`${line}\r\n`);
    return hear();
  };
  return { socket, say, hear, end: () => socket.destroy() };
}

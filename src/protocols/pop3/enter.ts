/**
 * Logging on to a POP3 server behind (RFC 1939 section 4, RFC 2595, RFC 5034): greeting, TLS, USER and PASS or AUTH PLAIN.
 * A strict dialogue: one command, one answer, nothing said out of turn; only USER and PASS go together where the server
 * has announced PIPELINING (RFC 2449 section 6.6), which saves it and us a fifth of a logon.
 */
import { writePlain } from "../../sasl/plain.ts";
import { secureClient } from "../../wire/tls-client.ts";
import type { Wire } from "../../wire/wire.ts";
import { beQuiet, MailboxInUse, ServerRefused, ServerUnavailable, type Enter, type Ticket } from "../enter.ts";

/** No server has as many; whoever says more means to fill our memory. */
const CAPABILITIES = 100;

export const enter: Enter = async (server, ticket) => {
  await greet(server, ticket);
  if (ticket.authzid !== undefined) await authPlain(server, ticket);
  else await userPass(server, ticket);
  return {};
};

/** Only asks what the server can do: the lines of CAPA, in capitals. A server without CAPA has none. */
export async function askCapabilities(server: Wire, ticket: Pick<Ticket, "starttls">): Promise<readonly string[]> {
  await greet(server, ticket);
  server.write("CAPA\r\n");
  const lines: string[] = [];
  for (let line = await server.readLine(); line !== "."; line = await server.readLine()) {
    if (line?.startsWith("-ERR") && lines.length === 0) break;
    if (lines.push((line ?? "").toUpperCase()) > CAPABILITIES) throw new ServerUnavailable("too long a CAPA", "");
  }
  server.write("QUIT\r\n");
  return lines.slice(1);
}

async function greet(server: Wire, { starttls }: Pick<Ticket, "starttls">): Promise<void> {
  const line = (await server.readLine()) ?? "";
  if (!/^\+OK\b/.test(line)) throw new ServerUnavailable("greeting is not a POP3 server's", line);
  if (!starttls) return;
  await ask(server, "STLS");
  await secureClient(server, starttls);
}

async function userPass(server: Wire, { user, password, pipelining }: Ticket): Promise<true> {
  if (pipelining) return ask(server, `USER ${user}`, `PASS ${password}`);
  await ask(server, `USER ${user}`);
  return ask(server, `PASS ${password}`);
}

async function authPlain(server: Wire, { authzid = "", user, password }: Ticket): Promise<void> {
  beQuiet(server);
  server.write("AUTH PLAIN\r\n");
  const answer = (await server.readLine()) ?? "";
  if (answer.startsWith("-ERR")) throw refusal(answer);
  // Success without any proof is a server's that we do not understand.
  if (!answer.startsWith("+") || answer.startsWith("+OK")) throw new ServerUnavailable("answer not understood", answer);
  await ask(server, writePlain(authzid, user, password));
}

/** Says a command, or several that go together, each of which is to be answered with OK. */
function ask(server: Wire, ...commands: string[]): Promise<true> {
  beQuiet(server);
  server.write(`${commands.join("\r\n")}\r\n`);
  let missing = commands.length;
  return server.readAnswer((line) => {
    expectOk(line);
    missing -= 1;
    return missing === 0 ? true : undefined;
  });
}

function expectOk(line: string): void {
  if (/^\+OK\b/.test(line)) return;
  throw line.startsWith("-ERR") ? refusal(line) : new ServerUnavailable("answer not understood", line);
}

/** What an -ERR means (RFC 2449 section 8, RFC 3206). */
function refusal(line: string): Error {
  if (/^-ERR \[IN-USE\]/i.test(line)) return new MailboxInUse(line);
  if (/^-ERR \[(SYS\/TEMP|LOGIN-DELAY)\]/i.test(line)) return new ServerUnavailable("logon not possible now", line);
  return new ServerRefused("logon refused", line);
}

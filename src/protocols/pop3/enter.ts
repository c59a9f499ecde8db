/**
 * Logging on to a POP3 server behind (RFC 1939 section 4, RFC 2595, RFC 5034): greeting, TLS, USER and PASS or AUTH PLAIN.
 * A strict dialogue: one command, one answer, nothing said out of turn.
 */
import { writePlain } from "../../sasl/plain.ts";
import { secureClient } from "../../wire/tls-client.ts";
import type { Wire } from "../../wire/wire.ts";
import { beQuiet, MailboxInUse, ServerRefused, ServerUnavailable, type Enter, type Ticket } from "../enter.ts";

export const enter: Enter = async (server, ticket) => {
  const line = (await server.readLine()) ?? "";
  if (!/^\+OK\b/.test(line)) throw new ServerUnavailable("greeting is not a POP3 server's", line);
  if (ticket.starttls) {
    await ask(server, "STLS");
    await secureClient(server, ticket.starttls);
  }
  if (ticket.authzid !== undefined) await authPlain(server, ticket);
  else await userPass(server, ticket);
  return {};
};

async function userPass(server: Wire, { user, password }: Ticket): Promise<void> {
  await ask(server, `USER ${user}`);
  await ask(server, `PASS ${password}`);
}

async function authPlain(server: Wire, { authzid = "", user, password }: Ticket): Promise<void> {
  beQuiet(server);
  server.write("AUTH PLAIN\r\n");
  const answer = (await server.readLine()) ?? "";
  if (answer.startsWith("-ERR")) throw refusal(answer);
  // Success without any proof is a server's that we do not understand.
  if (!answer.startsWith("+") || answer.startsWith("+OK")) throw new ServerUnavailable("answer not understood", answer);
  await ask(server, writePlain(authzid, user, password).toString("base64"));
}

async function ask(server: Wire, command: string): Promise<void> {
  beQuiet(server);
  server.write(`${command}\r\n`);
  const line = (await server.readLine()) ?? "";
  if (/^\+OK\b/.test(line)) return;
  throw line.startsWith("-ERR") ? refusal(line) : new ServerUnavailable("answer not understood", line);
}

/** What an -ERR means (RFC 2449 section 8, RFC 3206). */
function refusal(line: string): Error {
  if (/^-ERR \[IN-USE\]/i.test(line)) return new MailboxInUse(line);
  if (/^-ERR \[(SYS\/TEMP|LOGIN-DELAY)\]/i.test(line)) return new ServerUnavailable("logon not possible now", line);
  return new ServerRefused("logon refused", line);
}

/**
 * Logging on to an IMAP server behind (RFC 9051 section 6.2): greeting, TLS, LOGIN or AUTHENTICATE PLAIN. A strict
 * dialogue: one command, one tagged answer, nothing said out of turn; anything else closes the connection.
 */
import { writePlain } from "../../sasl/plain.ts";
import { secureClient } from "../../wire/tls-client.ts";
import type { Wire } from "../../wire/wire.ts";
import { beQuiet, ServerRefused, ServerUnavailable, type Enter, type Ticket } from "../enter.ts";

/** Untagged lines before one tagged answer. A server that says more is not one. */
const UNTAGGED_LIMIT = 64;

export const enter: Enter = async (server, ticket) => {
  await greeting(server);
  if (ticket.starttls) {
    await ask(server, "S1", "STARTTLS");
    await secureClient(server, ticket.starttls);
  }
  const answer = ticket.authzid === undefined ? await login(server, ticket) : await authenticatePlain(server, ticket);
  const capabilities = /^\[CAPABILITY ([^\]\r\n]*)\]/i.exec(answer.text)?.[1] ?? answer.capabilities;
  return capabilities === undefined ? {} : { capabilities };
};

async function greeting(server: Wire): Promise<void> {
  const line = (await server.readLine()) ?? "";
  // PREAUTH would open somebody's mailbox without our logon, and makes STARTTLS impossible.
  if (!/^\* OK\b/i.test(line)) throw new ServerUnavailable("greeting is not an IMAP server's", line);
}

async function login(server: Wire, { user, password }: Ticket): Promise<Answer> {
  const [name, secret] = [quoted(user), quoted(password)];
  if (name !== undefined && secret !== undefined) return ask(server, "L1", `LOGIN ${name} ${secret}`);
  const [nameBytes, secretBytes] = [Buffer.byteLength(user), Buffer.byteLength(password)];
  await continuation(server, `L1 LOGIN {${nameBytes}}\r\n`);
  await continuation(server, `${user} {${secretBytes}}\r\n`);
  server.write(`${password}\r\n`);
  return tagged(server, "L1");
}

async function authenticatePlain(server: Wire, { authzid = "", user, password }: Ticket): Promise<Answer> {
  await continuation(server, "A1 AUTHENTICATE PLAIN\r\n");
  server.write(`${writePlain(authzid, user, password).toString("base64")}\r\n`);
  return tagged(server, "A1");
}

/** A quoted string, where the text is printable ASCII; everything else goes as a literal. */
function quoted(text: string): string | undefined {
  return /^[\x20-\x7e]*$/.test(text) ? `"${text.replace(/["\\]/g, "\\$&")}"` : undefined;
}

interface Answer {
  /** Behind `OK `. */
  readonly text: string;
  /** From an untagged CAPABILITY line. */
  readonly capabilities: string | undefined;
}

function ask(server: Wire, tag: string, command: string): Promise<Answer> {
  beQuiet(server);
  server.write(`${tag} ${command}\r\n`);
  return tagged(server, tag);
}

async function continuation(server: Wire, line: string): Promise<void> {
  beQuiet(server);
  server.write(line);
  const answer = (await server.readLine()) ?? "";
  if (!answer.startsWith("+")) throw new ServerRefused("the server did not ask for more", answer);
}

async function tagged(server: Wire, tag: string): Promise<Answer> {
  let capabilities: string | undefined;
  for (let untagged = 0; untagged < UNTAGGED_LIMIT; untagged += 1) {
    const line = (await server.readLine()) ?? "";
    if (line.startsWith("* ")) {
      if (/^\* BYE\b/i.test(line)) throw new ServerUnavailable("server closes", line);
      capabilities = /^\* CAPABILITY (.*)$/i.exec(line)?.[1] ?? capabilities;
      continue;
    }
    if (line.startsWith(`${tag} OK`)) return { text: line.slice(tag.length + 4), capabilities };
    if (!line.startsWith(`${tag} NO`)) throw new ServerUnavailable("answer not understood", line);
    if (/\[(UNAVAILABLE|INUSE|LIMIT|SERVERBUG)\]/i.test(line))
      throw new ServerUnavailable("logon not possible now", line);
    throw new ServerRefused("logon refused", line);
  }
  throw new ServerUnavailable("more untagged lines than an answer has", "");
}

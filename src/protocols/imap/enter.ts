/**
 * Logging on to an IMAP server behind (RFC 9051 section 6.2): greeting, TLS, LOGIN or AUTHENTICATE PLAIN. A strict
 * dialogue: one command, one tagged answer, nothing said out of turn; anything else closes the connection.
 */
import { isPrintableAscii } from "../../core/ascii.ts";
import { writePlain } from "../../sasl/plain.ts";
import { secureClient } from "../../wire/tls-client.ts";
import type { Wire } from "../../wire/wire.ts";
import { beQuiet, ServerRefused, ServerUnavailable, type Enter, type Ticket } from "../enter.ts";

/** Untagged lines before one tagged answer. A server that says more is not one. */
const UNTAGGED_LIMIT = 64;

export const enter: Enter = async (server, ticket) => {
  expectGreeting(await server.readLine());
  if (ticket.starttls) {
    await ask(server, "S1", "STARTTLS");
    await secureClient(server, ticket.starttls);
  }
  const answer = ticket.authzid === undefined ? await login(server, ticket) : await authenticatePlain(server, ticket);
  const capabilities = /^\[CAPABILITY ([^\]\r\n]*)\]/i.exec(answer.text)?.[1] ?? answer.capabilities;
  return { capabilities };
};

function expectGreeting(line = ""): void {
  // PREAUTH would open somebody's mailbox without our logon, and makes STARTTLS impossible.
  if (!/^\* OK\b/i.test(line)) throw new ServerUnavailable("greeting is not an IMAP server's", line);
}

function login(server: Wire, ticket: Ticket): Promise<Answer> {
  const [name, secret] = [quoted(ticket.user), quoted(ticket.password)];
  if (name === undefined || secret === undefined) return loginByLiterals(server, ticket);
  return ask(server, "L1", `LOGIN ${name} ${secret}`);
}

async function loginByLiterals(server: Wire, { user, password }: Ticket): Promise<Answer> {
  const [nameBytes, secretBytes] = [Buffer.byteLength(user), Buffer.byteLength(password)];
  await continuation(server, "L1", `L1 LOGIN {${nameBytes}}\r\n`);
  await continuation(server, "L1", `${user} {${secretBytes}}\r\n`);
  return finish(server, "L1", password);
}

async function authenticatePlain(server: Wire, { authzid = "", user, password }: Ticket): Promise<Answer> {
  await continuation(server, "A1", "A1 AUTHENTICATE PLAIN\r\n");
  return finish(server, "A1", writePlain(authzid, user, password));
}

/** A quoted string, where the text is printable ASCII; everything else goes as a literal. */
function quoted(text: string): string | undefined {
  if (!isPrintableAscii(text)) return undefined;
  return /["\\]/.test(text) ? `"${text.replace(/["\\]/g, "\\$&")}"` : `"${text}"`;
}

interface Answer {
  /** The line itself, or what stands behind its `OK `. */
  readonly text: string;
  /** From an untagged CAPABILITY line. */
  readonly capabilities: string | undefined;
}

function ask(server: Wire, tag: string, command: string): Promise<Answer> {
  return finish(server, tag, `${tag} ${command}`);
}

/** The last line of a command; the server's tagged answer to it. */
function finish(server: Wire, tag: string, line: string): Promise<Answer> {
  beQuiet(server);
  server.write(`${line}\r\n`);
  return tagged(server, tag);
}

function continuation(server: Wire, tag: string, line: string): Promise<true> {
  beQuiet(server);
  server.write(line);
  return answer(server, (text) => {
    if (text.startsWith("+")) return true;
    judge(tag, text);
    throw new ServerUnavailable("the server did not ask for more", text);
  });
}

function tagged(server: Wire, tag: string): Promise<Answer> {
  return answer(server, (text, capabilities) => {
    judge(tag, text);
    return { text: text.slice(tag.length + " OK ".length), capabilities };
  });
}

/** What `read` makes of the next line that is not untagged, and of the capabilities told before it. */
function answer<T>(server: Wire, read: (line: string, capabilities: string | undefined) => T): Promise<T> {
  let capabilities: string | undefined;
  let untagged = 0;
  return server.readAnswer((line) => {
    if (!line.startsWith("* ")) return read(line, capabilities);
    if (/^\* BYE\b/i.test(line)) throw new ServerUnavailable("server closes", line);
    capabilities = /^\* CAPABILITY (.*)$/i.exec(line)?.[1] ?? capabilities;
    untagged += 1;
    if (untagged >= UNTAGGED_LIMIT) throw new ServerUnavailable("more untagged lines than an answer has", "");
    return undefined;
  });
}

/** Returns for this tag's OK. Throws for anything else. */
function judge(tag: string, line: string): void {
  if (line.startsWith(`${tag} OK`)) return;
  if (!line.startsWith(`${tag} NO`)) throw new ServerUnavailable("answer not understood", line);
  if (/\[(UNAVAILABLE|INUSE|LIMIT|SERVERBUG)\]/i.test(line))
    throw new ServerUnavailable("logon not possible now", line);
  throw new ServerRefused("logon refused", line);
}

/**
 * Logging on to an SMTP server behind (RFC 5321, AUTH RFC 4954, STARTTLS RFC 3207, Postfix XCLIENT): greeting, EHLO, TLS,
 * who the client is, AUTH PLAIN or LOGIN. A strict dialogue: one command, one reply, nothing said out of turn.
 */
import { base64OfText } from "../../core/base64.ts";
import { writePlain } from "../../sasl/plain.ts";
import { secureClient } from "../../wire/tls-client.ts";
import type { Wire } from "../../wire/wire.ts";
import { beQuiet, type Enter, type Ticket, type XclientFacts } from "../enter.ts";
import { wordsOf } from "../text.ts";
import { expectReply } from "./reply.ts";

export const enter: Enter = async (server, ticket) => {
  let extensions = await hello(server, ticket);
  const attributes = ticket.xclient ? xclientAttributes(ticket.xclient, parameters(extensions, "XCLIENT")) : [];
  if (attributes.length > 0) {
    await ask(server, `XCLIENT ${attributes.join(" ")}`, "220");
    // The session is the client's from here on. Postfix forgets HELO= at the next EHLO, so the name is said there too.
    extensions = extensionsIn(await ehlo(server, ticket.xclient?.helo ?? ticket.serverName));
  }
  // With LOGIN told, the server takes the user as logged on; it would refuse a second time.
  if (!attributes.some((each) => each.startsWith("LOGIN="))) await auth(server, ticket, extensions);
  return { extensions };
};

/** Only asks what the server can do. Used where an EHLO list must be shown before any logon. */
export async function askExtensions(
  server: Wire,
  ticket: Pick<Ticket, "serverName" | "starttls">,
): Promise<readonly string[]> {
  const extensions = await hello(server, ticket);
  server.write("QUIT\r\n");
  return extensions;
}

async function hello(
  server: Wire,
  { serverName, starttls }: Pick<Ticket, "serverName" | "starttls">,
): Promise<readonly string[]> {
  await expectReply(server, "220");
  const answer = await ehlo(server, serverName);
  if (!starttls) return extensionsIn(answer);
  await ask(server, "STARTTLS", "220");
  await secureClient(server, starttls);
  return extensionsIn(await ehlo(server, serverName));
}

function ehlo(server: Wire, name: string): Promise<readonly string[]> {
  return ask(server, `EHLO ${name}`, "250");
}

/** All lines of an answer to EHLO but the first, which is a greeting. */
function extensionsIn(answer: readonly string[]): readonly string[] {
  return answer.slice(1);
}

function auth(server: Wire, ticket: Ticket, extensions: readonly string[]): Promise<unknown> {
  const mechanisms = parameters(extensions, "AUTH");
  if (!mechanisms.includes("PLAIN") && mechanisms.includes("LOGIN") && ticket.authzid === undefined)
    return authLogin(server, ticket);
  const { authzid = "", user, password } = ticket;
  return ask(server, `AUTH PLAIN ${writePlain(authzid, user, password)}`, "235");
}

async function authLogin(server: Wire, { user, password }: Ticket): Promise<unknown> {
  await ask(server, "AUTH LOGIN", "334");
  await ask(server, base64OfText(user), "334");
  return ask(server, base64OfText(password), "235");
}

/** What may stand behind a keyword; nothing, too. */
const SEPARATORS = " =";

/** The parameters of an EHLO keyword in capitals; `AUTH=` is the form of before RFC 2554. */
function parameters(extensions: readonly string[], keyword: string): readonly string[] {
  const end = keyword.length;
  const isIt = (line: string): boolean =>
    SEPARATORS.includes(line[end] ?? "") && line.slice(0, end).toUpperCase() === keyword;
  const found = extensions.find(isIt) ?? "";
  return wordsOf(found.slice(end + 1).toUpperCase());
}

/** Name=value pairs, as far as the server announced them. ADDR comes last: after it Postfix may believe us no more. */
export function xclientAttributes(facts: XclientFacts, announced: readonly string[]): string[] {
  const pairs: [string, string][] = [
    ["LOGIN", facts.login],
    ["PROTO", "ESMTP"],
    ["HELO", facts.helo ?? "[UNAVAILABLE]"],
    ["PORT", String(facts.port)],
    ["NAME", "[UNAVAILABLE]"],
    ["ADDR", facts.address.includes(":") ? `IPV6:${facts.address}` : facts.address],
  ];
  return pairs.filter(([name]) => announced.includes(name)).map(([name, value]) => `${name}=${xtext(value)}`);
}

/** RFC 3461 section 4: everything but printable ASCII, and "+" and "=", becomes +XX. */
function xtext(value: string): string {
  const plain = (byte: number): boolean => byte > 0x20 && byte < 0x7f && byte !== 0x2b && byte !== 0x3d;
  const hex = (byte: number): string => `+${byte.toString(16).toUpperCase().padStart(2, "0")}`;
  return Array.from(Buffer.from(value), (byte) => (plain(byte) ? String.fromCharCode(byte) : hex(byte))).join("");
}

function ask(server: Wire, command: string, code: string): Promise<readonly string[]> {
  beQuiet(server);
  server.write(`${command}\r\n`);
  return expectReply(server, code);
}

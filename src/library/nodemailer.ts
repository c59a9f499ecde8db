/**
 * `postern/nodemailer`: SCRAM, NTLM and others as `customAuth` of the npm package nodemailer, whose own mechanisms are
 * PLAIN, LOGIN, CRAM-MD5 and XOAUTH2 (RFC 4954 is what goes over the wire). nodemailer shows its handlers no socket, so
 * there are no channel bindings: no -PLUS forms, and NTLM without one.
 */
import { hostname } from "node:os";
import { SaslError, type ClientExchange } from "../sasl/client/exchange.ts";
import { decodeBase64, encodeBase64 } from "../core/base64.ts";
import { chooseClient, clientExchange, type ClientCredentials } from "./sasl/client.ts";

export { SaslError } from "../sasl/client/exchange.ts";

/** A server's reply as nodemailer hands it over. */
export interface CustomAuthReply {
  readonly status: number;
  readonly text: string;
  readonly response: string;
}

/** `user`, `pass` and `options` of the transport's `auth`. */
export interface CustomAuthCredentials {
  readonly user?: string | undefined;
  readonly pass?: string | undefined;
  readonly options?: Readonly<Record<string, unknown>> | undefined;
}

/** The part of nodemailer's context that is used here. */
export interface CustomAuthContext {
  readonly auth: { readonly credentials?: CustomAuthCredentials | undefined };
  sendCommand(command: string): Promise<CustomAuthReply>;
}

/** Rejects with SaslError, or with an Error that says what the server replied. */
export type CustomAuthHandler = (context: CustomAuthContext) => Promise<void>;

export interface SaslAuthOptions {
  /** For the method SASL: the order of preference, and what may be used at all; STRONGEST_FIRST unless given. */
  readonly preference?: readonly string[];
  /** The name that EHLO gives when the method SASL asks the server for its mechanisms again; this host's name unless given. */
  readonly name?: string;
}

/** Nothing here shows the password, since handlers cannot see whether the connection is TLS. */
export const STRONGEST_FIRST = ["SCRAM-SHA-256", "SCRAM-SHA-1", "NTLM", "CRAM-MD5"] as const;

/** Keys for `auth.method`. */
export type SaslMethod = "SASL" | (typeof STRONGEST_FIRST)[number];

/**
 * Handlers for `customAuth` of `createTransport`, one for each mechanism, and one named SASL that asks the server what it
 * offers and takes the strongest. Choose with `auth: { type: "custom", method: "SASL", user, pass }`; for NTLM
 * `auth.options` may have `domain`, `workstation` and `targetName`.
 */
export function saslAuth(options: SaslAuthOptions = {}): Record<SaslMethod, CustomAuthHandler> {
  return {
    SASL: async (context) => run(await strongest(context, options), context),
    "SCRAM-SHA-256": (context) => runNamed("SCRAM-SHA-256", context),
    "SCRAM-SHA-1": (context) => runNamed("SCRAM-SHA-1", context),
    NTLM: (context) => runNamed("NTLM", context),
    "CRAM-MD5": (context) => runNamed("CRAM-MD5", context),
  };
}

async function runNamed(mechanism: string, context: CustomAuthContext): Promise<void> {
  const exchange = clientExchange(mechanism, credentialsOf(context));
  if (!exchange) throw new SaslError("bad-credentials", `${mechanism} needs user and pass`);
  await run(exchange, context);
}

/** nodemailer only tells the mechanisms that it knows itself: a second EHLO (RFC 5321 section 4.1.4) tells all. */
async function strongest(context: CustomAuthContext, options: SaslAuthOptions): Promise<ClientExchange> {
  const { preference = STRONGEST_FIRST, name = hostname() } = options;
  const reply = await context.sendCommand(`EHLO ${heloName(name)}`);
  // nodemailer gives no status for replies of several lines.
  if (!reply.response.startsWith("250")) throw failure("EHLO", reply);
  const offered = mechanismsIn(reply.response);
  const allowed = preference.filter((each) => isOneOf(STRONGEST_FIRST, each));
  const exchange = chooseClient(offered, credentialsOf(context), { preference: allowed });
  if (exchange) return exchange;
  throw new SaslError("bad-credentials", `none of ${allowed.join(", ")} is offered, or user and pass are missing`);
}

function isOneOf(names: readonly string[], name: string): boolean {
  return names.includes(name.toUpperCase());
}

/** RFC 5321 section 4.1.3: who has no domain name says its address. */
function heloName(name: string): string {
  return /^[\w.-]+$/.test(name) ? name : "[127.0.0.1]";
}

function mechanismsIn(ehloReply: string): string[] {
  const lines = ehloReply.split(/\r?\n/).flatMap((line) => /^250[ -]AUTH[ =](.*)$/i.exec(line)?.[1] ?? []);
  return lines.flatMap((list) => list.trim().split(/[ =]+/));
}

function credentialsOf({ auth: { credentials = {} } }: CustomAuthContext): ClientCredentials {
  const { user = "", pass, options = {} } = credentials;
  const text = (key: string) => (typeof options[key] === "string" ? options[key] : undefined);
  return {
    username: user,
    password: pass,
    domain: text("domain"),
    workstation: text("workstation"),
    targetName: text("targetName"),
  };
}

/** Exchange answers NTLM with words instead of a challenge: whatever stands there first, the NEGOTIATE_MESSAGE is wanted. */
const SPEAKS_WHEN_ASKED = new Set(["NTLM"]);
/** RFC 5321 section 4.5.3.1.4, with its line end. */
const COMMAND_LIMIT = 510;

async function run(exchange: ClientExchange, context: CustomAuthContext): Promise<void> {
  const { mechanism } = exchange;
  const initial = exchange.initial && encodeInitial(exchange.initial);
  const whole = `AUTH ${mechanism} ${initial ?? ""}`;
  const isSent = initial !== undefined && whole.length <= COMMAND_LIMIT && !SPEAKS_WHEN_ASKED.has(mechanism);
  let reply = await context.sendCommand(isSent ? whole : `AUTH ${mechanism}`);
  if (!isSent && exchange.initial && reply.status === 334)
    reply = await context.sendCommand(encodeBase64(exchange.initial));
  while (reply.status === 334) reply = await context.sendCommand(await answer(exchange, reply, context));
  if (reply.status !== 235) throw failure(`AUTH ${mechanism}`, reply);
  exchange.finish();
}

/** The response to a challenge; where there is none the exchange is cancelled, so that the connection can still be used. */
async function answer(exchange: ClientExchange, reply: CustomAuthReply, context: CustomAuthContext): Promise<string> {
  try {
    const challenge = decodeBase64(reply.text.trim());
    if (!challenge) throw new SaslError("bad-challenge", "the server's challenge is not base64");
    return encodeBase64(await exchange.next(challenge));
  } catch (error) {
    await context.sendCommand("*");
    throw error;
  }
}

function encodeInitial(bytes: Uint8Array): string {
  return bytes.length === 0 ? "=" : encodeBase64(bytes);
}

function failure(command: string, { response }: CustomAuthReply): Error {
  return new Error(`${command} failed: ${response}`);
}

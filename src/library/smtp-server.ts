/**
 * `postern/smtp-server`: SCRAM, NTLM and every other mechanism of postern/sasl in an application of the npm package
 * smtp-server (RFC 4954), which by itself has PLAIN, LOGIN, XOAUTH2 and CRAM-MD5. Only servers that are handed to
 * `addMechanisms` change; nothing is patched for all of them.
 */
import type { Socket } from "node:net";
import type { Identity } from "../core/identity.ts";
import { serverConnection, type Connection } from "./sasl/connection.ts";
import { createSaslServer, type SaslServer, type SaslServerOptions } from "./sasl/server.ts";
import type { SaslRefused, SaslResult } from "./sasl/server-exchange.ts";

export { accountLookup, accounts, scramKeys, type Account } from "./sasl/accounts.ts";
export type { MechanismName } from "./sasl/server.ts";

/** An `SMTPServer` of smtp-server 3 (tested: 3.21), of its ESM or its CommonJS build. */
export interface SmtpServerLike {
  readonly options: object;
  readonly connections: ReadonlySet<unknown>;
}

export interface AddMechanismsOptions extends Omit<SaslServerOptions, "allowPlaintext"> {
  /** What becomes `session.user`; the account's name unless given. Nothing means that the user may not log on here. */
  readonly userOf?: (identity: Identity) => unknown;
  /** Hears how every attempt ended, with reasons that no client is told. */
  readonly onResult?: (result: SaslResult, session: unknown) => void;
}

/**
 * Offers these mechanisms before the server's own `authMethods`, instead of one of the same name; `session.user` is set
 * as by `onAuth`, which is not called for them. Passwords and tokens in clear are taken under TLS, or with the server's
 * own `allowInsecureAuth`. Call it once, before `listen`. Throws RangeError for a mechanism that the judge cannot judge,
 * TypeError for what is not an SMTPServer, or was handed over before.
 */
export function addMechanisms(server: SmtpServerLike, options: AddMechanismsOptions): void {
  const host = server as Host;
  if (!Array.isArray(host.options?.authMethods) || !(host.connections instanceof Set))
    throw new TypeError("not an SMTPServer of smtp-server");
  if (extended.has(host)) throw new TypeError("this server has its mechanisms already");
  extended.add(host);
  const sasl = createSaslServer({ ...options, allowPlaintext: host.options.allowInsecureAuth === true });
  const own = host.options.authMethods.filter((name) => !isOneOf(options.mechanisms, name));
  // smtp-server looks here whether a mechanism is known at all.
  host.options.authMethods = [...options.mechanisms, ...own];
  // Each connection comes by here before its first command.
  const add = host.connections.add;
  host.connections.add = function (client) {
    extend(client, { host, sasl, own, options });
    return add.call(this, client);
  };
}

const extended = new WeakSet<object>();

interface Host {
  readonly options: { authMethods: string[]; allowInsecureAuth?: boolean };
  readonly connections: Set<Client>;
  readonly logger: { info(...args: unknown[]): void; error(...args: unknown[]): void };
}

type Handler = (this: Client, command: Buffer, done: () => void) => void;

/** What smtp-server's SMTPConnection has for its mechanisms. */
interface Client {
  readonly id: string;
  readonly secure: boolean;
  readonly session: { user?: unknown; transmissionType?: string };
  readonly _socket: Socket;
  _nextHandler: Handler | false;
  handler_EHLO: Handler;
  handler_AUTH: Handler;
  send(code: number, text?: string): void;
  _transmissionType(): string;
}

interface Extension {
  readonly host: Host;
  readonly sasl: SaslServer;
  /** Mechanisms that stay with smtp-server. */
  readonly own: readonly string[];
  readonly options: AddMechanismsOptions;
}

function extend(client: Client, extension: Extension): void {
  const { host, sasl, own, options } = extension;
  const { handler_EHLO: ehlo, handler_AUTH: auth } = client;
  client.handler_EHLO = function (command, done) {
    const all = host.options.authMethods;
    // The reply is made before the handler returns: what is not possible on this connection is left out of this one.
    host.options.authMethods = [...sasl.offered(connectionOf(this)), ...own];
    try {
      ehlo.call(this, command, done);
    } finally {
      host.options.authMethods = all;
    }
  };
  client.handler_AUTH = function (command, done) {
    const [, mechanism = "", ...rest] = command.toString("latin1").trim().split(/\s+/);
    const isOurs = isOneOf(options.mechanisms, mechanism) && mayAuthenticate(this, extension);
    if (!isOurs) auth.call(this, command, done);
    else if (rest.length > 1) refuseSyntax(this, done);
    else void attempt(this, mechanism, rest[0], extension, done);
  };
}

/** Where smtp-server itself has a reason to refuse (no TLS yet, logged on already), it says so. */
function mayAuthenticate(client: Client, { host }: Extension): boolean {
  if (client.session.user) return false;
  const { hideSTARTTLS, disabledCommands } = host.options as { hideSTARTTLS?: boolean; disabledCommands?: string[] };
  const hasStartTls = !hideSTARTTLS && !disabledCommands?.includes("STARTTLS");
  return client.secure || !hasStartTls || host.options.allowInsecureAuth === true;
}

function refuseSyntax(client: Client, done: () => void): void {
  client.send(501, "Error: syntax: AUTH mechanism [initial-response]");
  done();
}

/** `done` lets smtp-server read the next line: it is called after each challenge, and at the end. */
async function attempt(
  client: Client,
  mechanism: string,
  initial: string | undefined,
  { host, sasl, options }: Extension,
  done: () => void,
): Promise<void> {
  let proceed = done;
  const framing = {
    challenge: (base64: string) => client.send(334, base64),
    answer: () =>
      new Promise<string>((resolve) => {
        client._nextHandler = (line, next) => {
          proceed = next;
          resolve(line.toString("latin1"));
        };
        proceed();
      }),
  };
  try {
    const result = await sasl.converse(mechanism, initial, framing, connectionOf(client));
    conclude(client, result, host, options);
  } catch (error) {
    host.logger.error({ err: error, tnx: "autherror", cid: client.id }, "Authentication error using %s", mechanism);
    client.send(454, TEMPORARY);
  }
  proceed();
}

const TEMPORARY = "Error: Temporary authentication failure";

function conclude(client: Client, result: SaslResult, { logger }: Host, options: AddMechanismsOptions): void {
  const { userOf = ({ user }: Identity): unknown => user, onResult } = options;
  onResult?.(result, client.session);
  const user = result.kind === "accepted" && userOf(result.identity);
  if (result.kind === "refused") {
    logger.info({ tnx: "authfail", cid: client.id, user: result.claimed }, "Authentication failed: %s", result.why);
    const [code, text] = REPLIES.get(result.reason) ?? WRONG;
    return client.send(code, text);
  }
  if (!user) return client.send(WRONG[0], WRONG[1]);
  client.session.user = user;
  client.session.transmissionType = client._transmissionType();
  logger.info({ tnx: "auth", cid: client.id, method: result.mechanism }, "Authenticated using %s", result.mechanism);
  client.send(235, "Authentication successful");
}

/** One for all who do not know the password, so that nobody learns who has an account. */
const WRONG = [535, "Error: Authentication credentials invalid"] as const;
const REPLIES: ReadonlyMap<SaslRefused["reason"], readonly [number, string]> = new Map([
  ["unavailable", [454, TEMPORARY]],
  ["not-offered", [504, "Error: Unrecognized authentication type"]],
  ["cancelled", [501, "Authentication aborted"]],
  ["malformed", [501, "Error: malformed response"]],
]);

/** Read anew each time: STARTTLS gives a connection another socket. */
function connectionOf({ _socket: socket, id, secure }: Client): Connection {
  return serverConnection(socket, { protocol: "smtp", id, secure });
}

function isOneOf(names: readonly string[], name: string): boolean {
  return names.some((each) => each.toUpperCase() === name.toUpperCase());
}

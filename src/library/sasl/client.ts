/** The client's side of SASL for applications (RFC 4422): the strongest mechanism that both sides and the connection allow. */
import { splitName } from "../../core/identity.ts";
import { cramMd5Client } from "../../sasl/client/cram-md5.ts";
import type { ClientExchange } from "../../sasl/client/exchange.ts";
import { externalClient } from "../../sasl/client/external.ts";
import { loginClient } from "../../sasl/client/login.ts";
import { ntlmClient } from "../../sasl/client/ntlm.ts";
import { oauthBearerClient } from "../../sasl/client/oauthbearer.ts";
import { plainClient } from "../../sasl/client/plain.ts";
import { scramClient, type ChannelBinding } from "../../sasl/client/scram.ts";
import { xoauth2Client } from "../../sasl/client/xoauth2.ts";
import { clientConnection, type ClientConnection } from "./connection.ts";

/** What the client has; mechanisms that need more are not chosen. */
export interface ClientCredentials {
  readonly username: string;
  readonly password?: string | undefined;
  /** A bearer token, for OAUTHBEARER and XOAUTH2. */
  readonly token?: string | undefined;
  /** Whom to act as: PLAIN, SCRAM and EXTERNAL. */
  readonly authzid?: string | undefined;
  /** NTLM: the account's domain. One in the name (`DOMAIN\user`) is found there. */
  readonly domain?: string | undefined;
  /** NTLM: the name of this machine, and the service meant, such as `smtp/mail.example.com`. */
  readonly workstation?: string | undefined;
  readonly targetName?: string | undefined;
}

export interface ChoiceOptions {
  /** `clientConnection(socket)`; without it nothing that shows a password or token is chosen, and no -PLUS form. */
  readonly connection?: ClientConnection | undefined;
  /** In order of preference; STRONGEST_FIRST unless given. */
  readonly preference?: readonly string[] | undefined;
  /** PLAIN, LOGIN and tokens also without TLS: on loopback. */
  readonly allowPlaintext?: boolean | undefined;
}

/** EXTERNAL is not among them: a certificate is shown to whoever asks, so it is for you to say whom it stands for. */
export const STRONGEST_FIRST: readonly string[] = [
  "SCRAM-SHA-256-PLUS",
  "SCRAM-SHA-1-PLUS",
  "OAUTHBEARER",
  "XOAUTH2",
  "SCRAM-SHA-256",
  "SCRAM-SHA-1",
  "NTLM",
  "CRAM-MD5",
  "PLAIN",
  "LOGIN",
];

const NO_CONNECTION = clientConnection();

/**
 * An exchange of the most preferred mechanism that the server offers and the credentials serve; undefined where there is
 * none. Throws SaslError for names or passwords that the mechanism cannot send.
 */
export function chooseClient(
  offered: readonly string[],
  credentials: ClientCredentials,
  options: ChoiceOptions = {},
): ClientExchange | undefined {
  const { connection = NO_CONNECTION, preference = STRONGEST_FIRST, allowPlaintext = false } = options;
  const names = new Set(offered.map((name) => name.toUpperCase()));
  for (const name of preference.map((each) => each.toUpperCase())) {
    const make = names.has(name) ? CLIENTS.get(name) : undefined;
    const exchange = make?.(credentials, {
      connection,
      plusOffered: [...names].some((each) => each.endsWith("-PLUS")),
    });
    if (exchange && (!exchange.plaintext || connection.secure || allowPlaintext)) return exchange;
  }
  return undefined;
}

/** An exchange of just this mechanism; undefined where the credentials or the connection do not serve it. */
export function clientExchange(
  mechanism: string,
  credentials: ClientCredentials,
  options: Omit<ChoiceOptions, "preference"> = {},
): ClientExchange | undefined {
  return chooseClient([mechanism], credentials, { ...options, preference: [mechanism] });
}

interface Circumstances {
  readonly connection: ClientConnection;
  /** The server lists a -PLUS form: one that is passed over is not said to be missing. */
  readonly plusOffered: boolean;
}

type Make = (credentials: ClientCredentials, circumstances: Circumstances) => ClientExchange | undefined;

const CLIENTS: ReadonlyMap<string, Make> = new Map<string, Make>([
  ["SCRAM-SHA-256-PLUS", (credentials, { connection }) => bound("SHA-256", credentials, connection)],
  ["SCRAM-SHA-1-PLUS", (credentials, { connection }) => bound("SHA-1", credentials, connection)],
  ["SCRAM-SHA-256", (credentials, circumstances) => unbound("SHA-256", credentials, circumstances)],
  ["SCRAM-SHA-1", (credentials, circumstances) => unbound("SHA-1", credentials, circumstances)],
  ["NTLM", (credentials, { connection }) => ntlm(credentials, connection)],
  ["CRAM-MD5", (credentials) => withPassword(credentials, cramMd5Client)],
  ["PLAIN", (credentials) => withPassword(credentials, plainClient)],
  ["LOGIN", (credentials) => withPassword(credentials, loginClient)],
  ["OAUTHBEARER", (credentials) => withToken(credentials, oauthBearerClient)],
  ["XOAUTH2", (credentials) => withToken(credentials, xoauth2Client)],
  ["EXTERNAL", ({ authzid }) => externalClient(authzid === undefined ? {} : { authzid })],
]);

interface NamedPassword {
  readonly username: string;
  readonly password: string;
  readonly authzid?: string | undefined;
}

function withPassword(
  { username, password, authzid }: ClientCredentials,
  make: (credentials: NamedPassword) => ClientExchange,
): ClientExchange | undefined {
  return password === undefined ? undefined : make({ username, password, authzid });
}

function withToken(
  { username, token }: ClientCredentials,
  make: (credentials: { readonly username: string; readonly token: string }) => ClientExchange,
): ClientExchange | undefined {
  return token === undefined ? undefined : make({ username, token });
}

type Hash = "SHA-256" | "SHA-1";

function bound(hash: Hash, credentials: ClientCredentials, { channelBindings: [binding] }: ClientConnection) {
  return binding && scram(hash, credentials, binding);
}

/** A client that could bind says so: a server that listed -PLUS then sees that somebody took it off the list. */
function unbound(hash: Hash, credentials: ClientCredentials, { connection, plusOffered }: Circumstances) {
  const canBind = connection.channelBindings.length > 0 && !plusOffered;
  return scram(hash, credentials, canBind ? "not-offered" : undefined);
}

function scram(hash: Hash, credentials: ClientCredentials, channelBinding: ChannelBinding | "not-offered" | undefined) {
  return withPassword(credentials, (named) => scramClient({ ...named, hash, channelBinding }));
}

/** Windows' own clients part the domain from the name: servers look accounts up by both. */
function ntlm(credentials: ClientCredentials, connection: ClientConnection): ClientExchange | undefined {
  const { password, workstation, targetName } = credentials;
  if (password === undefined) return undefined;
  const { ntlmChannelBinding: channelBinding } = connection;
  return ntlmClient({
    ...namesOf(credentials),
    password,
    ...(workstation !== undefined && { workstation }),
    ...(targetName !== undefined && { targetName }),
    ...(channelBinding && { channelBinding }),
  });
}

/** An address stays whole: its domain is a DNS name, and the server knows which account it means. */
function namesOf({ username, domain }: ClientCredentials) {
  const split = splitName(username);
  if (domain !== undefined || split.domain === undefined || username.includes("@")) return { username, domain };
  return { username: split.user, domain: split.domain };
}

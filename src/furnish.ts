/** From the configuration's words to the rooms' own: one listener's front, its certificates, the backends. */
import { createSecureContext, type SecureVersion } from "node:tls";
import type { Backend, BackendServer } from "./backends/backend.ts";
import type { RoutedBackends } from "./backends/backends.ts";
import type { BackendConfig, Config, ListenerConfig, BackendServer as ServerConfig } from "./config/config.ts";
import type { ProtocolName } from "./core/visit.ts";
import { compileAccess } from "./access/authorize.ts";
import { can, type Validator } from "./core/validator.ts";
import { channelBindingHash, tlsServerEndPoint } from "./ntlm/channel-binding.ts";
import type { Front } from "./protocols/front.ts";
import { makeOffers, type OfferSources } from "./offers.ts";
import { protocols } from "./protocols/protocol.ts";
import { judgePassword } from "./sasl/password.ts";
import type { Stay } from "./visit.ts";
import { Certificates, makeCertificate, type Certificate } from "./wire/certificates.ts";
import { secureServer } from "./wire/tls-server.ts";

export interface Furniture extends OfferSources {
  readonly config: Config;
  readonly listener: ListenerConfig;
  readonly validator: Validator;
  readonly backends: RoutedBackends;
  readonly certificates: Certificates | undefined;
}

export function makeFront({
  config,
  listener,
  validator,
  backends,
  certificates,
  nonce,
  clock,
}: Furniture): Omit<Front, "attempted"> {
  const takesPasswords = listener.mechanisms.some((name) => name === "PLAIN" || name === "LOGIN");
  return {
    serverName: config.server.name,
    greeting: listener.greeting,
    dialect: listener.dialect,
    limits: config.limits,
    offers: makeOffers(config, listener, validator, { nonce, clock }),
    reveal: listener.reveal,
    plaintextAllowed: listener.plaintext === "allowed",
    starttls: listener.tls === "starttls" && certificates !== undefined,
    ...(takesPasswords &&
      can(validator, "password") && { judgePassword: (evidence, visit) => judgePassword(evidence, validator, visit) }),
    secure: async (client, visit) => {
      const { certificate, exporter, clientCertificate } = await secureServer(
        client,
        certificates!,
        listener.tls === "implicit",
      );
      const { serverEndPoint, hash } = bindingsOf(certificate);
      (visit as Stay).beginTls({ serverEndPoint, exporter, clientCertificate }, hash);
    },
    authorize: compileAccess(config.access),
    enter: (guest, visit) => backends.enter(guest, visit),
    extensions: () => backends.extensionsFor(listener.name),
  };
}

interface Bindings {
  /** RFC 5929 section 4: the certificate's hash. */
  readonly serverEndPoint: Uint8Array | undefined;
  /** MsvAvChannelBindings. */
  readonly hash: Uint8Array | undefined;
}

const known = new WeakMap<Certificate, Bindings>();

/** Of the certificate that this connection shows; undefined where RFC 5929 defines none. */
function bindingsOf(certificate: Certificate): Bindings {
  const made = known.get(certificate);
  if (made) return made;
  const prefixed = tlsServerEndPoint(certificate.der);
  const serverEndPoint = prefixed?.subarray("tls-server-end-point:".length);
  const bindings = { serverEndPoint, hash: prefixed && channelBindingHash(prefixed) };
  known.set(certificate, bindings);
  return bindings;
}

/** `modern`: TLS 1.3 only; `intermediate`: 1.2 and newer; `legacy`: 1.0 and newer, for old Outlook and printers. */
const MIN_VERSION: Readonly<Record<Config["tlsPolicy"], SecureVersion>> = {
  modern: "TLSv1.3",
  intermediate: "TLSv1.2",
  legacy: "TLSv1",
};

/** undefined where the listener speaks no TLS. Throws what OpenSSL says of a certificate that does not fit its key. */
export function makeCertificates(
  config: Config,
  { tls, protocol, clientCa }: ListenerConfig,
): Certificates | undefined {
  if (tls === "off") return undefined;
  const limits = { minVersion: MIN_VERSION[config.tlsPolicy], alpn: protocols[protocol].alpn, clientCa };
  const [first, ...others] = config.tls.map(({ names, cert, key }) =>
    makeCertificate(names, cert, key.reveal(), limits),
  );
  return first && new Certificates([first, ...others], limits);
}

export function makeBackends(config: Config): Backend[] {
  return config.backends.map((backend) => ({
    name: backend.name,
    servers: makeServers(backend),
    logon: backend.logon,
    times: config.limits.backend,
    serverName: config.server.name,
  }));
}

function makeServers(backend: BackendConfig): Backend["servers"] {
  const names: ProtocolName[] = ["pop3", "imap", "smtp"];
  return Object.fromEntries(names.flatMap((name) => (backend[name] ? [[name, makeServer(backend[name])]] : [])));
}

function makeServer(server: ServerConfig): BackendServer {
  const { host, port, tls, xclient, serverName, verify } = server;
  const context = createSecureContext({ minVersion: "TLSv1.2", ...(server.ca !== undefined && { ca: server.ca }) });
  return { host, port, tls, xclient, clientTls: { serverName, verify, context } };
}

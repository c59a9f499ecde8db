/** From a document that is right in every key to the finished Config: defaults that follow from other keys, files read. */
import type { LogonMethod, Route } from "../core/backend.ts";
import { hostname } from "node:os";
import { isIP } from "node:net";
import { resolve } from "node:path";
import type { ProtocolName } from "../core/visit.ts";
import { readAuthorities, readCertificate, type Surroundings } from "./certificates.ts";
import { completeValidator } from "./validators.ts";
import type { BackendConfig, BackendServer, Config, ListenerConfig, MechanismName, ServerConfig } from "./config.ts";
import type { Path } from "./problem.ts";
import type { ParsedConfig } from "./schema.ts";
import { completeGuard } from "./schema/guard.ts";

export function complete(parsed: ParsedConfig, surroundings: Surroundings): Config {
  const backends = Object.entries(parsed.backends).map(([name, backend]) =>
    completeBackend(name, backend, surroundings),
  );
  const validators = Object.entries(parsed.validators).map(([name, validator]) =>
    completeValidator(name, validator, surroundings),
  );
  return {
    server: completeServer(parsed.server),
    tls: parsed.tls.flatMap((entry, index) => readCertificate(entry, ["tls", index], surroundings) ?? []),
    tlsPolicy: parsed.tlsPolicy,
    listeners: parsed.listeners.map((listener, index) => completeListener(listener, index, parsed, surroundings)),
    validators,
    backends,
    routes: completeRoutes(parsed),
    policy: parsed.policy,
    identity: parsed.identity,
    access: parsed.access,
    guard: completeGuard(parsed.guard, validators, surroundings.folder),
    radar: parsed.radar && { ...parsed.radar, state: resolve(surroundings.folder, parsed.radar.state) },
    limits: parsed.limits,
    logging: parsed.logging,
  };
}

const NETBIOS_LENGTH = 15;

/** `mail.example.com` gives the computer MAIL, the domain EXAMPLE and the DNS domain example.com. */
function completeServer(server: ParsedConfig["server"]): ServerConfig {
  const name = (server.name ?? hostname()).replace(/\.$/, "");
  const [first = "", second, ...rest] = isIP(name) === 0 ? name.split(".") : ["postern"];
  const dnsDomain = server.dns.domain ?? (second === undefined ? undefined : [second, ...rest].join("."));
  return {
    name,
    target: {
      netbiosComputer: server.netbios.computer ?? netbios(first),
      netbiosDomain: server.netbios.domain ?? netbios(second ?? "WORKGROUP"),
      dnsComputer: server.dns.computer ?? name,
      ...(dnsDomain === undefined ? {} : { dnsDomain }),
      ...(server.dns.forest === undefined ? {} : { dnsForest: server.dns.forest }),
      domainJoined: server.domainJoined,
    },
  };
}

function netbios(label: string): string {
  return label.slice(0, NETBIOS_LENGTH).toUpperCase();
}

function completeListener(
  listener: ParsedConfig["listeners"][number],
  index: number,
  parsed: ParsedConfig,
  surroundings: Surroundings,
): ListenerConfig {
  const path = ["listeners", index];
  const validators = Object.keys(parsed.validators);
  if (listener.validator === undefined && validators.length > 1) {
    const remedy = `add "validator:" with one of ${validators.join(", ")}`;
    surroundings.complain({ path, message: `${listener.name} does not say who judges logons`, remedy });
  }
  const { clientCertificates, ...rest } = listener;
  const { reveal, codePages, ...ntlm } = listener.ntlm;
  const validator = listener.validator ?? validators[0] ?? "";
  const mechanisms = listener.mechanisms ?? defaultMechanisms(parsed.validators[validator]?.type, clientCertificates);
  return {
    ...rest,
    ntlm,
    challenge: { reveal, codePages },
    tls: listener.tls ?? (parsed.tls.length > 0 ? "starttls" : "off"),
    mechanisms: [...new Set(mechanisms)],
    clientCa:
      clientCertificates && readAuthorities(clientCertificates.ca, [...path, "clientCertificates", "ca"], surroundings),
    validator,
    proxyProtocol: listener.proxyProtocol,
    greeting: listener.greeting,
  };
}

/** What accounts of any age can do; SCRAM wants keys that old accounts lack, so it is offered where it is listed. */
function defaultMechanisms(validator: string | undefined, clientCertificates: object | undefined): MechanismName[] {
  const usual: MechanismName[] = validator === "oauth" ? ["OAUTHBEARER", "XOAUTH2"] : ["NTLM", "PLAIN", "LOGIN"];
  return clientCertificates ? [...usual, "EXTERNAL"] : usual;
}

type ParsedBackend = ParsedConfig["backends"][string];
type ParsedServer = NonNullable<ParsedBackend[ProtocolName]>;

function completeBackend(name: string, backend: ParsedBackend, surroundings: Surroundings): BackendConfig {
  const path = ["backends", name];
  const server = (protocol: ProtocolName): BackendServer | undefined => {
    const entry = backend[protocol];
    return entry && completeBackendServer(entry, [...path, protocol], surroundings);
  };
  return {
    name,
    pop3: server("pop3"),
    imap: server("imap"),
    smtp: server("smtp"),
    logon: completeLogon(backend.logon, [...path, "logon"], surroundings),
  };
}

function completeBackendServer(server: ParsedServer, path: Path, surroundings: Surroundings): BackendServer {
  if (server.tls === undefined && !isLoopback(server.host)) {
    const remedy = 'add "tls: implicit" or "tls: starttls", or "tls: off" where nobody can listen';
    surroundings.complain({
      path: [...path, "tls"],
      message: `${server.host} is another machine: TLS must be chosen`,
      remedy,
    });
  }
  return {
    host: server.host,
    port: server.port,
    tls: server.tls ?? "off",
    ca: server.ca === undefined ? undefined : readAuthorities(server.ca, [...path, "ca"], surroundings),
    verify: server.verify,
    serverName: server.serverName ?? server.host,
    xclient: "xclient" in server && server.xclient === true,
  };
}

function isLoopback(host: string): boolean {
  return host === "localhost" || host === "::1" || (isIP(host) === 4 && host.startsWith("127."));
}

function completeLogon(logon: ParsedBackend["logon"], path: Path, { complain }: Surroundings): LogonMethod {
  if (logon.method !== "account") return logon;
  const { method, user, password, passwordAttribute } = logon;
  if (passwordAttribute !== undefined && password === undefined) return { method, user, passwordAttribute };
  if (password !== undefined && passwordAttribute === undefined) return { method, user, password };
  const message =
    password === undefined ? "no password for the account" : "password and passwordAttribute exclude each other";
  complain({
    path,
    message,
    remedy: 'give either "password:" for all or "passwordAttribute:" for each account\'s own',
  });
  return { method: "password" };
}

function completeRoutes(parsed: ParsedConfig): Route[] {
  const backends = Object.keys(parsed.backends);
  const only = backends.length === 1 ? backends[0] : undefined;
  if (parsed.routes.length === 0 && only !== undefined)
    return [{ user: undefined, domain: undefined, listeners: undefined, backend: only }];
  return parsed.routes.map(({ when, backend }) => ({
    user: when.user,
    domain: when.domain,
    groups: when.groups,
    listeners: typeof when.listener === "string" ? [when.listener] : when.listener,
    backend,
  }));
}

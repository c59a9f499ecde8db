/** What a configuration would serve: as data, and in words. */
import { isInClear, reachable } from "../../config/checks.ts";
import type { BackendConfig, BackendServer, Config, ListenerConfig } from "../../config/config.ts";
import type { FileValidatorConfig } from "../../config/validators/file.ts";
import { inspectStore } from "../../validators/file/inspect.ts";
import { whereItIs } from "./where.ts";
import { hostPort } from "../../wire/networks.ts";

export function fileValidators({ validators }: Config): FileValidatorConfig[] {
  return validators.filter((each) => each.type === "file");
}

export interface Summary {
  readonly server: string;
  readonly ntlm: string;
  readonly tlsPolicy: string;
  readonly certificates: readonly string[];
  readonly listeners: readonly ListenerSummary[];
  readonly accounts: readonly {
    readonly validator: string;
    readonly path: string;
    readonly accounts: number;
    readonly ntlm: number;
  }[];
  /** Those that are no files, in words. */
  readonly sources: readonly { readonly validator: string; readonly type: string; readonly where: string }[];
  /** Validators whose source locks accounts; undefined: there is no guard. */
  readonly guard: { readonly domains: readonly string[]; readonly state: string | undefined } | undefined;
  readonly access: readonly string[];
  readonly backends: readonly { readonly name: string; readonly servers: readonly string[]; readonly logon: string }[];
}

interface ListenerSummary {
  readonly name: string;
  readonly protocol: string;
  readonly bind: string;
  readonly tls: string;
  /** What clients can use before and after TLS; before is empty where TLS comes first. */
  readonly beforeTls: readonly string[];
  readonly underTls: readonly string[];
  readonly ntlm: ListenerConfig["ntlm"] | undefined;
  readonly validator: string;
  readonly backends: readonly string[];
}

export function summarise(config: Config): Summary {
  const { netbiosDomain, netbiosComputer } = config.server.target;
  return {
    server: config.server.name,
    ntlm: `${netbiosDomain}\\${netbiosComputer}`,
    tlsPolicy: config.tlsPolicy,
    certificates: config.tls.map(({ names }) => names.join(" ")),
    listeners: config.listeners.map((listener) => summariseListener(listener, config)),
    accounts: fileValidators(config).map(({ name, path }) => {
      const { accounts } = inspectStore(path);
      return { validator: name, path, accounts: accounts.length, ntlm: accounts.filter(({ nt }) => nt).length };
    }),
    sources: config.validators.flatMap((each) =>
      each.type === "file" ? [] : [{ validator: each.name, type: each.type, where: whereItIs(each) }],
    ),
    guard: config.guard.enabled ? { domains: config.guard.domains, state: config.guard.state } : undefined,
    access: config.access.map(({ name }) => name),
    backends: config.backends.map(summariseBackend),
  };
}

function summariseListener(listener: ListenerConfig, config: Config): ListenerSummary {
  const { name, protocol, bind, tls, mechanisms, plaintext, ntlm, validator } = listener;
  const inClear = mechanisms.filter((mechanism) => isInClear(mechanism, plaintext));
  return {
    ...{ name, protocol, tls, validator },
    bind: hostPort({ host: bind.host ?? "*", port: bind.port }),
    beforeTls: tls === "implicit" ? [] : inClear,
    underTls: tls === "off" ? [] : mechanisms,
    ntlm: mechanisms.includes("NTLM") ? ntlm : undefined,
    backends: reachable(listener, config).map((backend) => backend.name),
  };
}

function summariseBackend({ name, pop3, imap, smtp, logon }: BackendConfig): Summary["backends"][number] {
  const server = (protocol: string, entry: BackendServer | undefined) =>
    entry ? [`${protocol} ${hostPort(entry)} ${tlsInWords(entry)}`] : [];
  return {
    name,
    servers: [...server("pop3", pop3), ...server("imap", imap), ...server("smtp", smtp)],
    logon: logon.method,
  };
}

function tlsInWords({ tls, verify }: BackendServer): string {
  if (tls === "off") return "without TLS";
  return verify ? tls : `${tls}, certificate not verified`;
}

export function inWords(summary: Summary): string[] {
  return [
    `server    ${summary.server}, NTLM clients see ${summary.ntlm}, TLS ${summary.tlsPolicy}`,
    ...summary.certificates.map((names) => `tls       ${names}`),
    ...summary.listeners.map(listenerInWords),
    ...summary.accounts.map(
      ({ validator, path, accounts, ntlm }) =>
        `validator ${validator}: ${accounts} ${accounts === 1 ? "account" : "accounts"} in ${path}, ${ntlm} of them for NTLM`,
    ),
    ...summary.sources.map(({ validator, type, where }) => `validator ${validator}: ${type}, ${where}`),
    guardInWords(summary.guard),
    ...(summary.access.length === 0 ? [] : [`access    rules ${summary.access.join(", ")}`]),
    ...summary.backends.map(
      ({ name, servers, logon }) => `backend   ${name}: ${servers.join("; ")}; logon by ${logon}`,
    ),
  ];
}

function listenerInWords({
  name,
  protocol,
  bind,
  tls,
  beforeTls,
  underTls,
  ntlm,
  validator,
  backends,
}: ListenerSummary): string {
  const offers = [
    ...(tls === "implicit"
      ? []
      : [`${beforeTls.join(" ") || "nothing"} ${tls === "off" ? "without TLS" : "before STARTTLS"}`]),
    ...(tls === "off" ? [] : [`${underTls.join(" ")} under TLS`]),
  ];
  const policy = ntlm && `NTLM from ${ntlm.minimum}, MIC ${ntlm.mic}, channel binding ${ntlm.channelBinding}`;
  const parts = [`${protocol} on ${bind}`, ...offers, ...(policy === undefined ? [] : [policy])];
  return `listener  ${name}: ${parts.join("; ")}; ${validator} -> ${backends.join(", ")}`;
}

function guardInWords(guard: Summary["guard"]): string {
  if (!guard) return "guard     off";
  const kept = guard.state === undefined ? "in memory" : `kept in ${guard.state}`;
  return `guard     on, ${kept}${guard.domains.length === 0 ? "" : `; below the lockout of ${guard.domains.join(", ")}`}`;
}

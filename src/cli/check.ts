/** `postern check`: every problem of a configuration with its line and column, or what it would serve. */
import type { Command } from "commander";
import { jsonSchemaText } from "../config/json-schema.ts";
import { reachable } from "../config/checks.ts";
import { formatProblem, readConfig, type Config, type Problem } from "../config/read.ts";
import type { BackendConfig, BackendServer, ListenerConfig } from "../config/config.ts";
import type { FileValidatorConfig } from "../config/validators/file.ts";
import { inspectStore } from "../validators/file/inspect.ts";

export function registerCheck(program: Command): void {
  program
    .command("check")
    .description("check a configuration and its account files, and say what would be served")
    .argument("[config]", "the configuration file", "config.yaml")
    .option("--json", "problems and summary as JSON")
    .option("--schema", "print the JSON Schema of config.yaml instead")
    .action(check);
}

function check(path: string, { json, schema }: { readonly json?: true; readonly schema?: true }): void {
  if (schema) return void process.stdout.write(jsonSchemaText());
  const { config, problems: found } = readConfig(path, process.env);
  const problems = [...found, ...(config ? accountProblems(config) : [])];
  const isRight = problems.every(({ severity }) => severity === "warning");
  process.exitCode = isRight ? 0 : 1;
  const summary = config && summarise(config);
  if (json) return console.log(JSON.stringify({ ok: isRight, problems, ...(summary && { summary }) }, undefined, 2));
  for (const problem of problems) console.error(formatProblem(problem));
  if (isRight && summary) console.log([`${path} is right.`, ...inWords(summary)].join("\n"));
}

function fileValidators({ validators }: Config): FileValidatorConfig[] {
  return validators.filter((each) => each.type === "file");
}

function accountProblems(config: Config): Problem[] {
  return fileValidators(config).flatMap(({ path }) =>
    inspectStore(path).problems.map(({ line, message, severity }) => ({
      ...{ file: path, line: Math.max(line, 1), column: 1, path: "" },
      ...{ message, remedy: "", severity },
    })),
  );
}

interface Summary {
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

function summarise(config: Config): Summary {
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
    backends: config.backends.map(summariseBackend),
  };
}

function summariseListener(listener: ListenerConfig, config: Config): ListenerSummary {
  const { name, protocol, bind, tls, mechanisms, plaintext, ntlm, validator } = listener;
  const inClear = mechanisms.filter((mechanism) => mechanism === "NTLM" || plaintext === "allowed");
  return {
    ...{ name, protocol, tls, validator },
    bind: `${bind.host === undefined ? "*" : bind.host.includes(":") ? `[${bind.host}]` : bind.host}:${bind.port}`,
    beforeTls: tls === "implicit" ? [] : inClear,
    underTls: tls === "off" ? [] : mechanisms,
    ntlm: mechanisms.includes("NTLM") ? ntlm : undefined,
    backends: reachable(listener, config).map((backend) => backend.name),
  };
}

function summariseBackend({ name, pop3, imap, smtp, logon }: BackendConfig): Summary["backends"][number] {
  const server = (protocol: string, entry: BackendServer | undefined) =>
    entry ? [`${protocol} ${entry.host}:${entry.port} ${tlsInWords(entry)}`] : [];
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

function inWords(summary: Summary): string[] {
  return [
    `server    ${summary.server}, NTLM clients see ${summary.ntlm}, TLS ${summary.tlsPolicy}`,
    ...summary.certificates.map((names) => `tls       ${names}`),
    ...summary.listeners.map(listenerInWords),
    ...summary.accounts.map(
      ({ validator, path, accounts, ntlm }) =>
        `validator ${validator}: ${accounts} ${accounts === 1 ? "account" : "accounts"} in ${path}, ${ntlm} of them for NTLM`,
    ),
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

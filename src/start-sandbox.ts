/**
 * A whole mail world in one process, for trying a client, a test, a demonstration: the gateway, mailboxes behind it, a
 * certificate of its own and demo accounts, all on loopback and nothing kept.
 */
import { randomBytes } from "node:crypto";
import type { Config, Dialect, ListenerConfig } from "./config/config.ts";
import { completeGuard, guardSchema } from "./config/schema/guard.ts";
import type { BearerEvidence, NtlmMinimum } from "./core/evidence.ts";
import { Secret } from "./core/secret.ts";
import type { TargetNames, Validator } from "./core/validator.ts";
import type { Verdict } from "./core/verdict.ts";
import type { ProtocolName } from "./core/visit.ts";
import { Gateway } from "./gateway.ts";
import { silentLog, type Log } from "./observe/log.ts";
import type { Watcher } from "./observe/watcher.ts";
import { selfSigned } from "./sandbox/certificate.ts";
import { startMailboxes, type Mailboxes } from "./sandbox/mailboxes.ts";
import { isSameKey } from "./scram/keys.ts";
import { accountsValidator } from "./validators/file/file.ts";
import { storedInClear } from "./accounts/hashes/hashes.ts";

export interface SandboxAccount {
  readonly user: string;
  /** The NetBIOS domain. */
  readonly domain: string;
  readonly password: string;
  /** What OAUTHBEARER and XOAUTH2 take for this account; a random one unless given. */
  readonly token?: string;
}

export type PortName = "pop3" | "imap" | "smtp" | "pop3s" | "imaps" | "smtps";

export interface SandboxOptions {
  readonly host: string;
  /** 0 takes any free port. */
  readonly ports: Readonly<Record<PortName, number>>;
  /** At least one; the domain of the first is the sandbox's. */
  readonly accounts: readonly SandboxAccount[];
  /** The weakest NTLM response that is accepted. */
  readonly policy: NtlmMinimum;
  readonly dialect: Dialect;
  readonly watcher?: Watcher;
  readonly log?: Log;
}

export interface Sandbox {
  /** Where each protocol can be reached. */
  readonly ports: Readonly<Record<PortName, number>>;
  readonly accounts: readonly Required<SandboxAccount>[];
  /** The certificate that all TLS ports show, PEM. */
  readonly certificate: string;
  /** Ends everything at once; mail is gone. */
  close(): Promise<void>;
}

const PORTS: Readonly<Record<PortName, { protocol: ProtocolName; tls: "starttls" | "implicit" }>> = {
  pop3: { protocol: "pop3", tls: "starttls" },
  imap: { protocol: "imap", tls: "starttls" },
  smtp: { protocol: "smtp", tls: "starttls" },
  pop3s: { protocol: "pop3", tls: "implicit" },
  imaps: { protocol: "imap", tls: "implicit" },
  smtps: { protocol: "smtp", tls: "implicit" },
};

/** Rejects with the system's error when a port is taken. */
export async function startSandbox(options: SandboxOptions): Promise<Sandbox> {
  const { watcher, log = silentLog } = options;
  const accounts = options.accounts.map((each) => ({ token: randomBytes(18).toString("base64url"), ...each }));
  const master = new Secret(randomBytes(24).toString("base64url"));
  const mailboxes = await startMailboxes({ users: accounts.map(({ user }) => user), password: master.reveal() });
  const certificate = selfSigned(["localhost"], ["127.0.0.1"]);
  const config = sandboxConfig(options, mailboxes, master, certificate);
  const validator = sandboxValidator(accounts, config.server.target);
  try {
    const validators = async (): Promise<Map<string, Validator>> => new Map([["accounts", validator]]);
    const gateway = await Gateway.start(config, { log, validators, ...(watcher && { watcher }) });
    const close = async (): Promise<void> => {
      await gateway.stop();
      await mailboxes.close();
    };
    return {
      ports: Object.fromEntries(gateway.ports) as Sandbox["ports"],
      accounts,
      certificate: certificate.cert,
      close,
    };
  } catch (error) {
    await mailboxes.close();
    throw error;
  }
}

/** Passwords are kept in clear, so that every mechanism can be tried; an account's token is good for nothing else. */
function sandboxValidator(accounts: readonly Required<SandboxAccount>[], names: TargetNames): Validator {
  const lines = accounts.map(
    ({ user, domain, password }) => `${user}:${storedInClear(password)}::::::domain=${domain}\n`,
  );
  const verify = ({ token }: BearerEvidence): Promise<Verdict> => {
    const account = accounts.find((each) => isSameKey(Buffer.from(each.token), Buffer.from(token.reveal())));
    if (!account)
      return Promise.resolve({ kind: "denied", reason: "bad-credentials", why: "no account has this token" });
    const { user, domain } = account;
    return Promise.resolve({ kind: "accepted", identity: { user, domain, mailbox: user, groups: [], attributes: {} } });
  };
  return { ...accountsValidator({ name: "accounts", text: lines.join(""), names }), bearer: { verify } };
}

function sandboxConfig(
  options: SandboxOptions,
  mailboxes: Mailboxes,
  master: Secret,
  own: { cert: string; key: string },
): Config {
  const domain = options.accounts[0]?.domain ?? "EXAMPLE";
  const server = (port: number): object => ({
    host: "127.0.0.1",
    port,
    tls: "off",
    ca: undefined,
    verify: true,
    serverName: "localhost",
    xclient: false,
  });
  return {
    server: { name: "localhost", target: targetNames(domain) },
    tls: [{ names: [], cert: own.cert, key: new Secret(own.key), certPath: undefined, keyPath: undefined }],
    tlsPolicy: "legacy",
    listeners: (Object.keys(PORTS) as PortName[]).map((name) => sandboxListener(name, options)),
    validators: [],
    backends: [
      {
        name: "mailboxes",
        pop3: server(mailboxes.pop3),
        imap: server(mailboxes.imap),
        smtp: server(mailboxes.smtp),
        logon: { method: "account", user: "{mailbox}", password: master },
      },
    ] as unknown as Config["backends"],
    routes: [{ user: undefined, domain: undefined, listeners: undefined, backend: "mailboxes" }],
    policy: { rules: [], exceptions: [] },
    identity: { domains: [], aliases: [], listeners: {} },
    access: [],
    guard: completeGuard(guardSchema.parse({ enabled: false }), [], "/"),
    radar: undefined,
    limits: SANDBOX_LIMITS,
    logging: { format: "auto", level: "info" },
  };
}

/** As in production, but that nobody who tries things out is made to wait. */
const SANDBOX_LIMITS: Config["limits"] = {
  connections: { total: 500, perAddress: 500, waiting: 200 },
  line: 8192,
  logonTime: 60_000,
  attempts: 5,
  failureDelay: 0,
  badCommands: 5,
  idle: { pop3: 600_000, imap: 1_800_000, smtp: 300_000 },
  backend: { connect: 5_000, logon: 20_000 },
  drain: 0,
};

/** Strongest first behind NTLM, which is what the sandbox is for; EXTERNAL needs certificates, and there are none. */
const SANDBOX_MECHANISMS: ListenerConfig["mechanisms"] = [
  "NTLM",
  "SCRAM-SHA-256-PLUS",
  "SCRAM-SHA-256",
  "SCRAM-SHA-1-PLUS",
  "SCRAM-SHA-1",
  "PLAIN",
  "LOGIN",
  "CRAM-MD5",
  "OAUTHBEARER",
  "XOAUTH2",
  "GSS-SPNEGO",
];

function sandboxListener(name: PortName, { host, ports, policy, dialect }: SandboxOptions): ListenerConfig {
  return {
    name,
    protocol: PORTS[name].protocol,
    bind: { host, port: ports[name] },
    tls: PORTS[name].tls,
    dialect,
    mechanisms: SANDBOX_MECHANISMS,
    clientCa: undefined,
    plaintext: "allowed",
    ntlm: { minimum: policy, mic: "verify-if-present", channelBinding: "verify-if-present" },
    challenge: { reveal: { names: "all", version: true }, codePages: undefined },
    reveal: "state",
    proxyProtocol: undefined,
    validator: "accounts",
    greeting: undefined,
  };
}

function targetNames(domain: string): Config["server"]["target"] {
  const dnsDomain = `${domain.toLowerCase()}.test`;
  return {
    netbiosDomain: domain,
    netbiosComputer: "POSTERN",
    dnsDomain,
    dnsComputer: `postern.${dnsDomain}`,
    domainJoined: true,
  };
}

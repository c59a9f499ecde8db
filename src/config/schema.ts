/**
 * What config.yaml may say, key by key: zod schemas with the defaults that need nothing else, and the words that
 * editors show. Defaults that follow from other keys are in complete.ts; the finished shape is in config.ts.
 */
import { z } from "zod";
import {
  count,
  duration,
  endpoint,
  flag,
  host,
  name,
  netbiosName,
  network,
  pemOrPath,
  secret,
  size,
  text,
} from "./scalars.ts";

export type * from "./config.ts";

const strictness = () => z.enum(["off", "verify-if-present", "require"]).default("verify-if-present");

const path = (what: string) => pemOrPath().describe(`${what}: a path, relative to this file's folder, or the PEM text`);

export const serverSchema = z.strictObject({
  name: host().optional().describe("Fully qualified name of this machine, as clients know it. Default: its host name."),
  netbios: z
    .strictObject({ domain: netbiosName().optional(), computer: netbiosName().optional() })
    .prefault({})
    .describe("Names that NTLM clients are shown. Default: made from the second and first label of `name`."),
  dns: z
    .strictObject({ domain: host().optional(), computer: host().optional(), forest: host().optional() })
    .prefault({})
    .describe("DNS names that NTLM clients are shown. Default: made from `name`."),
  domainJoined: flag().default(true).describe("NTLM's TargetName is the domain (true) or the computer (false)."),
});

export const certificateSchema = z.strictObject({
  names: z
    .array(host())
    .default([])
    .describe("Names (SNI) that choose this certificate; the first entry is the default."),
  cert: path("Certificate with its chain"),
  key: path("Private key"),
});

export const ntlmSchema = z.strictObject({
  minimum: z
    .enum(["v2", "v1-ess", "v1", "lm"])
    .default("v2")
    .describe("Weakest NTLM response that is accepted. Anything below v2 can be cracked by whoever records it."),
  mic: strictness().describe("Message integrity code over the three NTLM messages."),
  channelBinding: strictness().describe("Ties the logon to this TLS connection (Extended Protection)."),
});

export const listenerSchema = z.strictObject({
  name: name().describe("Unique; in the log, in routes and in complaints."),
  protocol: z.enum(["pop3", "imap", "smtp"]),
  bind: endpoint().describe('"host:port", "[::]:993", or a port for all addresses.'),
  tls: z
    .enum(["off", "starttls", "implicit"])
    .optional()
    .describe("Default: starttls if there is a certificate, else off."),
  dialect: z
    .enum(["auto", "rfc", "exchange"])
    .default("auto")
    .describe("First answer to AUTH NTLM: by the client (auto), as the RFCs say, or as Exchange does."),
  mechanisms: z
    .array(z.enum(["NTLM", "PLAIN", "LOGIN"]))
    .min(1, "at least one mechanism is needed")
    .default(["NTLM", "PLAIN", "LOGIN"])
    .describe("Offered in this order."),
  plaintext: z
    .enum(["tls-only", "allowed"])
    .default("tls-only")
    .describe("Whether passwords may be sent without TLS (PLAIN, LOGIN, USER/PASS)."),
  ntlm: ntlmSchema.prefault({}),
  proxyProtocol: z
    .strictObject({ from: z.array(network()).min(1, "at least one network is needed") })
    .optional()
    .describe("Require a PROXY header (version 1 or 2) from these networks, and refuse it from all others."),
  validator: name().optional().describe("Who judges logons here. Default: the only validator."),
  greeting: text().optional().describe("Words after the protocol's own greeting."),
});

const fileValidatorSchema = z.strictObject({
  type: z.literal("file").describe("Accounts in a text file, see `postern user`."),
  path: text().describe("The file, relative to this file's folder. It is read again when it changes."),
  worker: z
    .strictObject({ concurrency: count(1, 16).default(1), queue: count(1, 100_000).default(256) })
    .prefault({})
    .describe("Threads that check slow password hashes, and how many checks may wait for them."),
});

export const validatorSchema = z.discriminatedUnion("type", [fileValidatorSchema]);

const serverKeys = {
  host: host(),
  port: count(1, 65_535),
  tls: z.enum(["off", "starttls", "implicit"]).optional().describe("Must be chosen unless the host is loopback (off)."),
  ca: path("Authorities to trust instead of the system's").optional(),
  verify: flag().default(true).describe("Check the server's certificate."),
  serverName: host().optional().describe("Name expected in the certificate. Default: host."),
};

export const backendServerSchema = z.strictObject(serverKeys);
export const smtpBackendServerSchema = z.strictObject({
  ...serverKeys,
  xclient: flag().default(false).describe("Tell the server the client's address with XCLIENT (Postfix)."),
});

const template = () => text().describe('Name with {user}, {domain}, {mailbox} or {attr.x}, for example "{mailbox}".');

export const logonSchema = z.discriminatedUnion("method", [
  z.strictObject({ method: z.literal("password").describe("The client's own name and password.") }),
  z.strictObject({
    method: z.literal("master").describe("A master user who may open all mailboxes (Dovecot)."),
    user: text(),
    separator: text().default("*"),
    password: secret(),
  }),
  z.strictObject({
    method: z.literal("authzid").describe("SASL PLAIN: this user, acting for the client's mailbox (RFC 4616)."),
    user: text(),
    password: secret(),
  }),
  z.strictObject({
    method: z.literal("account").describe("An account made from a template, with a password we know."),
    user: template(),
    password: secret().optional(),
    passwordAttribute: name().optional().describe("Attribute of the account that holds its password at the backend."),
  }),
]);

export const backendSchema = z.strictObject({
  pop3: backendServerSchema.optional(),
  imap: backendServerSchema.optional(),
  smtp: smtpBackendServerSchema.optional(),
  logon: logonSchema.prefault({ method: "password" }).describe("How Postern logs on there in the user's name."),
});

export const routeSchema = z.strictObject({
  when: z
    .strictObject({
      user: text().optional().describe("Glob: * any text, ? one character."),
      domain: text().optional().describe("Glob: * any text, ? one character."),
      listener: z
        .union([name(), z.array(name()).min(1)], { error: "expected a listener's name or a list of them" })
        .optional(),
    })
    .prefault({}),
  backend: name(),
});

export const limitsSchema = z.strictObject({
  connections: z
    .strictObject({
      total: count(1, 1_000_000).default(10_000),
      perAddress: count(1, 1_000_000).default(100),
      waiting: count(1, 1_000_000).default(2000).describe("Connections that have not logged on yet."),
    })
    .prefault({}),
  line: size(512, 65_536).default(8192).describe("Longest command line in bytes."),
  logonTime: duration().default(60_000).describe("From connecting to being logged on, however busy the client is."),
  attempts: count(1, 100).default(5).describe("Failed logons until the connection is closed."),
  failureDelay: duration(0).default(1000).describe("Before the first refusal; doubles with each, up to 15s."),
  badCommands: count(1, 1000).default(5),
  idle: z
    .strictObject({
      pop3: duration().default(600_000),
      imap: duration().default(1_800_000),
      smtp: duration().default(300_000),
    })
    .prefault({})
    .describe("Silence after which a session is closed."),
  backend: z.strictObject({ connect: duration().default(5000), logon: duration().default(20_000) }).prefault({}),
  drain: duration(0).default(30_000).describe("Time that sessions get to end when Postern stops."),
});

export const loggingSchema = z.strictObject({
  format: z
    .enum(["auto", "json", "text"])
    .default("auto")
    .describe("auto: text on a terminal or in the journal, else JSON."),
  level: z.enum(["error", "warn", "info", "debug"]).default("info"),
});

export const configSchema = z.strictObject({
  server: serverSchema.prefault({}).describe("Who we say we are."),
  tls: z.array(certificateSchema).default([]).describe("Certificates."),
  tlsPolicy: z
    .enum(["modern", "intermediate", "legacy"])
    .default("intermediate")
    .describe("modern: TLS 1.3; intermediate: TLS 1.2 and newer; legacy: TLS 1.0 and newer, for old Outlook."),
  listeners: z.array(listenerSchema).min(1, "at least one listener is needed").describe("Where clients connect."),
  validators: z.record(name(), validatorSchema).describe("Who judges logons."),
  backends: z.record(name(), backendSchema).describe("Where the mail is."),
  routes: z.array(routeSchema).default([]).describe("Who goes where; the first match wins. Default: the only backend."),
  limits: limitsSchema.prefault({}),
  logging: loggingSchema.prefault({}),
});

/** What zod makes of a document: right in every key, not yet completed. */
export type ParsedConfig = z.output<typeof configSchema>;

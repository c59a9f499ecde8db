/** What concerns Postern as a whole: its name and certificates, limits and log. */
import { z } from "zod";
import { count, duration, flag, host, netbiosName, pemFile, size, text as filePath } from "../scalars.ts";

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
  cert: pemFile("Certificate with its chain"),
  key: pemFile("Private key"),
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

export const radarSchema = z.strictObject({
  state: filePath().describe("Where sightings of NTLM are kept over restarts, relative to this file's folder."),
  limit: count(100, 1_000_000).default(10_000).describe("Sightings kept; those not seen for longest go first."),
  interval: duration().default(60_000).describe("Between two writes."),
});

export const loggingSchema = z.strictObject({
  format: z
    .enum(["auto", "json", "text"])
    .default("auto")
    .describe("auto: text on a terminal or in the journal, else JSON."),
  level: z.enum(["error", "warn", "info", "debug"]).default("info"),
});

/** Validator `sql` in config.yaml: which database, how to get there, and the query that gives an account. */
import { isIP } from "node:net";
import { resolve } from "node:path";
import { z } from "zod";
import type { Secret } from "../../core/secret.ts";
import { readAuthorities, type Surroundings } from "../certificates.ts";
import type { Path } from "../problem.ts";
import { count, duration, flag, host, pemFile, secret, text } from "../scalars.ts";

const MECHANISMS = ["PLAIN", "NTLM", "SCRAM-SHA-256", "SCRAM-SHA-1", "CRAM-MD5"] as const;
const PORTS = { postgres: 5432, mysql: 3306 } as const;

const server = z.strictObject({
  host: host().default("127.0.0.1"),
  port: count(1, 65_535).optional().describe("Default: 5432 for PostgreSQL, 3306 for MySQL and MariaDB."),
  socket: text().optional().describe("Unix socket instead: for PostgreSQL its folder, such as /run/postgresql."),
  database: text(),
  user: text(),
  password: secret().optional(),
  tls: z.enum(["require", "off"]).optional().describe("Default: require, but off on this machine."),
  ca: pemFile("Authorities to trust instead of the system's").optional(),
  verify: flag().default(true).describe("false: any certificate will do, and anybody in between."),
});

/** Several lines, unlike text(). */
const query = z
  .string({ error: "expected a query" })
  .refine((value) => /^[\P{Cc}\t\r\n]{1,16384}$/u.test(value), "expected a query of at most 16384 characters");

export const sqlSchema = z.strictObject({
  type: z.literal("sql").describe("Accounts in PostgreSQL, MySQL, MariaDB or SQLite, by one query."),
  postgres: server.optional(),
  mysql: server.optional().describe("MySQL or MariaDB."),
  sqlite: z
    .strictObject({ path: text().describe("The file, relative to this file's folder.") })
    .optional()
    .describe("Needs Node 22.13 or newer."),
  query: query.describe("One SELECT; :user, :domain, :name, :listener and :protocol stand for what the client sent."),
  mechanisms: z
    .array(z.enum(MECHANISMS))
    .min(1, "at least one is needed")
    .default(["PLAIN"])
    .describe("What every account has a column for. PLAIN stands for LOGIN and USER too."),
  timeout: duration().default(5000).describe("The longest that a client waits for the database."),
  connections: count(1, 100).default(4).describe("At most so many connections; SQLite has one."),
  worker: z
    .strictObject({ concurrency: count(1, 16).default(1), queue: count(1, 100_000).default(256) })
    .prefault({})
    .describe("Threads that check slow password hashes, and how many checks may wait for them."),
});

type Parsed = z.output<typeof sqlSchema>;

export interface SqlServerConfig {
  readonly kind: "postgres" | "mysql";
  readonly host: string;
  readonly port: number;
  readonly socket: string | undefined;
  readonly database: string;
  readonly user: string;
  readonly password: Secret | undefined;
  /** PEM text of the authorities to trust instead of the system's. undefined: no TLS. */
  readonly tls: { readonly ca: string | undefined; readonly verify: boolean } | undefined;
}

export interface SqlValidatorConfig {
  readonly name: string;
  readonly type: "sql";
  readonly database: SqlServerConfig | { readonly kind: "sqlite"; readonly path: string };
  readonly query: string;
  readonly mechanisms: readonly (typeof MECHANISMS)[number][];
  readonly timeout: number;
  readonly connections: number;
  readonly worker: { readonly concurrency: number; readonly queue: number };
}

export function completeSql(name: string, parsed: Parsed, surroundings: Surroundings): SqlValidatorConfig {
  const { type, query: text, mechanisms, timeout, connections, worker } = parsed;
  const database = databaseOf(parsed, ["validators", name], surroundings);
  return { name, type, database, query: text, mechanisms, timeout, connections, worker };
}

function databaseOf(parsed: Parsed, path: Path, surroundings: Surroundings): SqlValidatorConfig["database"] {
  const { postgres, mysql, sqlite } = parsed;
  if ([postgres, mysql, sqlite].filter((each) => each !== undefined).length !== 1) {
    const message = "a validator asks one database";
    surroundings.complain({ path, message, remedy: 'give one of "postgres:", "mysql:" and "sqlite:"' });
  }
  if (postgres) return serverOf("postgres", postgres, [...path, "postgres"], surroundings);
  if (mysql) return serverOf("mysql", mysql, [...path, "mysql"], surroundings);
  return { kind: "sqlite", path: resolve(surroundings.folder, sqlite?.path ?? "") };
}

function serverOf(
  kind: SqlServerConfig["kind"],
  given: z.output<typeof server>,
  path: Path,
  surroundings: Surroundings,
): SqlServerConfig {
  const { host: address, port = PORTS[kind], socket, database, user, password, ca: authorities, verify } = given;
  const isHere = socket !== undefined || isLoopback(address);
  const { tls = isHere ? "off" : "require" } = given;
  const ca = authorities === undefined ? undefined : readAuthorities(authorities, [...path, "ca"], surroundings);
  if (tls === "off" && !isHere) {
    const message = `hashes of passwords come from ${address} in clear`;
    surroundings.complain({ path: [...path, "tls"], message, remedy: 'say "tls: require"', severity: "warning" });
  }
  if (tls === "off" && authorities !== undefined) {
    const message = "authorities are only of use with TLS";
    surroundings.complain({ path: [...path, "ca"], message, remedy: 'say "tls: require", or leave it out' });
  }
  const secured = tls === "require" ? { ca, verify } : undefined;
  return { kind, host: address, port, socket, database, user, password, tls: secured };
}

function isLoopback(address: string): boolean {
  return address === "localhost" || address === "::1" || (isIP(address) === 4 && address.startsWith("127."));
}

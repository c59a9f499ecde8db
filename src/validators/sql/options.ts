/** What an operator says about the database with the accounts. */
import type { AccountMechanism } from "../../accounts/by-mechanism.ts";
import type { Secret } from "../../core/secret.ts";
import type { TargetNames } from "../../core/validator.ts";

export interface ServerAddress {
  readonly kind: "postgres" | "mysql";
  readonly host: string;
  readonly port: number;
  /** Absolute path of a Unix socket (PostgreSQL: of its folder), which is used instead of host and port's network. */
  readonly socket?: string | undefined;
  readonly database: string;
  readonly user: string;
  readonly password?: Secret | undefined;
  /** undefined: in clear. `ca`: PEM, instead of the system's authorities. */
  readonly tls?: { readonly ca?: string | undefined; readonly verify: boolean } | undefined;
}

export interface DatabaseFile {
  readonly kind: "sqlite";
  /** Absolute. */
  readonly path: string;
}

export type Database = ServerAddress | DatabaseFile;

export interface SqlOptions {
  readonly name: string;
  readonly database: Database;
  /** One SELECT with `:user`, `:domain`, `:name`, `:listener` and `:protocol` in it. */
  readonly query: string;
  readonly mechanisms: readonly AccountMechanism[];
  /** What the CHALLENGE_MESSAGE carries. */
  readonly names: TargetNames;
  /** The longest that a client waits for the database, in milliseconds. Default 5 s. */
  readonly timeout?: number | undefined;
  /** Connections at most. Default 4. */
  readonly connections?: number | undefined;
  /** Threads for slow password hashes. */
  readonly worker?: { readonly concurrency: number; readonly queue: number } | undefined;
  /** 32 bytes from which decoys follow; default: new ones for each process. */
  readonly secret?: Uint8Array | undefined;
}

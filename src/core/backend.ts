/** Where the mail is, and whether it let us in. */
import type { Wire } from "../wire/wire.ts";
import type { Identity } from "./identity.ts";
import type { Secret } from "./secret.ts";
import type { Visit } from "./visit.ts";

/** What was learned at the front door that a backend logon may use. */
export interface Guest {
  readonly identity: Identity;
  /** The client's own password, where it sent one in clear; NTLM proves a password without showing it. */
  readonly password: Secret | undefined;
  /** SMTP: the name the client gave in EHLO, for XCLIENT. */
  readonly helo: string | undefined;
}

export type Entry =
  | {
      readonly kind: "entered";
      readonly backend: string;
      /** The backend's connection, logged on, nothing read beyond its answer. */
      readonly wire: Wire;
      /** IMAP: the CAPABILITY list that came with the logon. */
      readonly capabilities: string | undefined;
    }
  /** The backend said no to our own logon: our configuration or its accounts are wrong, not the client's password. */
  | { readonly kind: "refused"; readonly backend: string; readonly why: string }
  /** POP3 [IN-USE]: the logon is right, the mailbox is locked by another session. */
  | { readonly kind: "in-use"; readonly backend: string; readonly why: string }
  | { readonly kind: "unavailable"; readonly backend: string; readonly why: string };

export interface Backends {
  /** Chooses the backend by the routes and logs on there in its own way. */
  enter(guest: Guest, visit: Visit): Promise<Entry>;
}

/** How Postern logs on at a backend. */
export type LogonMethod =
  /** The client's own name and password. */
  | { readonly method: "password" }
  /** Dovecot's master user: `mailbox` + separator + `user`, with the master's password. */
  | { readonly method: "master"; readonly user: string; readonly separator: string; readonly password: Secret }
  /** SASL PLAIN with the mailbox as authorization identity (RFC 4616). */
  | { readonly method: "authzid"; readonly user: string; readonly password: Secret }
  /** An account of the template's name, with one password for all or each its own from an attribute. */
  | { readonly method: "account"; readonly user: string; readonly password: Secret }
  | { readonly method: "account"; readonly user: string; readonly passwordAttribute: string };

/** Who is served by which backend; the first route whose conditions all hold. */
export interface Route {
  /** Globs with `*` and `?`, compared without regard to case; undefined: anyone. */
  readonly user: string | undefined;
  readonly domain: string | undefined;
  /** Names or SIDs of groups, one of which is enough; undefined: anyone. */
  readonly groups?: readonly string[] | undefined;
  readonly listeners: readonly string[] | undefined;
  readonly backend: string;
}

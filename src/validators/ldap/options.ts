/** What an operator says about a directory: its servers, how passwords are judged by it, and what its entries mean. */
import type { Secret } from "../../core/secret.ts";
import type { TargetNames } from "../../core/validator.ts";
import type { Log } from "../file/log.ts";

/** `ldaps`: TLS from the first byte; `starttls`: before anything is said; `none`: in clear. */
export type LdapSecurity = "ldaps" | "starttls" | "none";

export interface LdapServer {
  readonly host: string;
  readonly port: number;
  readonly security: LdapSecurity;
}

/** Whose attributes and habits: Active Directory's (Samba's too), or those of RFC 2307, Samba 3 and ppolicy. */
export type LdapSchema = "active-directory" | "posix";

/**
 * `search`: the entry is looked for, then its DN is bound with the user's password. `bind`: the name is made by a template
 * and bound. `compare`: the entry's hashes are read and Postern judges, so that NTLM and SCRAM work as well.
 */
export type LdapMode = "search" | "bind" | "compare";

export interface LdapOptions {
  readonly name: string;
  readonly log: Log;
  /** What a CHALLENGE carries; accounts without a domain are in this one. */
  readonly names: TargetNames;
  /** At least one, the preferred first. */
  readonly servers: readonly LdapServer[];
  /** PEM: the authorities to trust instead of the system's. */
  readonly ca?: string | undefined;
  readonly mode: LdapMode;
  readonly schema: LdapSchema;
  /** Who looks users up; undefined: nobody, anonymously. */
  readonly account?: { readonly user: string; readonly password: Secret } | undefined;
  /** Where users are; undefined in mode `bind`: a right password is all that is asked. */
  readonly users?: LdapUsers | undefined;
  /** Mode `bind`: a DN or a name with `{user}` and `{domain}`: `uid={user},ou=people,dc=example,dc=com`, `{user}@{domain}`. */
  readonly bindName?: string | undefined;
  /** What `{domain}` is where the client names none of its own; default: the DNS name of `names`. */
  readonly domain?: string | undefined;
  readonly groups?: LdapGroups | undefined;
  readonly attributes?: LdapAttributes | undefined;
  /** Mode `compare`: what every account has, so that it is offered. Default: neither. */
  readonly offers?:
    { readonly ntlm?: boolean; readonly scram?: readonly ("SCRAM-SHA-256" | "SCRAM-SHA-1")[] } | undefined;
  /** Longest for a connection, a bind or a search, in milliseconds. Default 5 s. */
  readonly timeout?: number | undefined;
  /** Connections for look-ups, and as many for users' binds. Default 4. */
  readonly connections?: number | undefined;
  /** How many may wait for a connection, of each kind. Default 200. */
  readonly queue?: number | undefined;
  /** 32 bytes from which decoys follow; default: new ones for each process. */
  readonly secret?: Uint8Array | undefined;
  readonly worker?: { readonly concurrency: number; readonly queue: number } | undefined;
}

export interface LdapUsers {
  readonly base: string;
  /** With `{user}`, the name without its domain. Default by the schema. */
  readonly filter?: string | undefined;
  /** With `{name}`, the name with its domain as `user@domain`; asked first for such names. Default by the schema. */
  readonly principalFilter?: string | undefined;
  readonly scope?: "sub" | "one" | undefined;
}

export interface LdapGroups {
  /** Where group entries are looked for; undefined: the user's `memberOf` names its groups. */
  readonly base?: string | undefined;
  /** With `{dn}` and `{user}`. Default by the schema. */
  readonly filter?: string | undefined;
  /** The attribute of a group's name. Default `cn`. */
  readonly name?: string | undefined;
  /** Active Directory: groups of groups by its own matching rule. Default: no. */
  readonly nested?: boolean | undefined;
  /** Active Directory: SIDs from `tokenGroups`. Default: yes, where groups are asked for. */
  readonly tokens?: boolean | undefined;
}

/** Names of attributes. */
export interface LdapAttributes {
  /** The account's own name; default `sAMAccountName` or `uid`. */
  readonly user?: string | undefined;
  readonly domain?: string | undefined;
  /** Default: the user's name is the mailbox. */
  readonly mailbox?: string | undefined;
  /** Mode `compare`; default `userPassword`. */
  readonly password?: string | undefined;
  /** Mode `compare`; default `sambaNTPassword`. */
  readonly nt?: string | undefined;
  /** Mode `compare`: keys in the form of RFC 5803; default `authPassword`. */
  readonly scram?: string | undefined;
  /** Under the names that Postern's own rules use: `{attr.room}`. */
  readonly others?: Readonly<Record<string, string>> | undefined;
}

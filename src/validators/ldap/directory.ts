/** Questions to a directory: whose entry a name is, which groups it is in, and whether a password is its own. */
import type { Filter } from "ldapts";
import { isSameName, splitName } from "../../core/identity.ts";
import { oursAmong } from "../../accounts/names.ts";
import type { Connection, SearchRequest } from "./connection.ts";
import { entryFrom, type Entry } from "./entry.ts";
import { DirectoryFailure, failureOf } from "./failure.ts";
import type { LdapOptions } from "./options.ts";
import { Pool } from "./pool.ts";
import { SCHEMAS, type Schema } from "./schema.ts";
import { Servers } from "./servers.ts";
import { filterTemplate, type Words } from "./template.ts";

const TIMEOUT = 5000;
const CONNECTIONS = 4;
const QUEUE = 200;
/** Accounts of one user name, in several domains. */
const ENTRIES = 8;

export interface Directory {
  readonly schema: Schema;
  /** The connection that look-ups share among them, one at a time; rejects as Pool.use does. */
  readonly lookups: Pool;
  /** Never a look-up's: a bind changes who a connection is. */
  readonly binds: Pool;
  /**
   * Everybody whom the name could mean, each in the domain that it is in. `on`: a connection that is bound already; `at`:
   * the DN of the only entry that counts. Rejects with DirectoryFailure.
   */
  find(
    name: string,
    where?: { readonly on?: Connection | undefined; readonly at?: string | undefined },
  ): Promise<readonly Found[]>;
  search(request: SearchRequest, on?: Connection): Promise<readonly Entry[]>;
  isOurs(domain: string): boolean;
  close(): void;
}

export interface Found {
  readonly entry: Entry;
  readonly user: string;
  /** As the entry says it; undefined: the server's own. */
  readonly domain: string | undefined;
  /** Found by the whole name, `alice.doe@example.org`, so that its domain needs no other proof. */
  readonly isPrincipal: boolean;
}

/** Throws Error with a sentence for the administrator. */
export function openDirectory(options: LdapOptions): Directory {
  const { ca, timeout = TIMEOUT, connections: size = CONNECTIONS, queue = QUEUE, account } = options;
  if (options.servers.length === 0) throw new Error("ldap wants at least one server");
  const servers = new Servers(options.servers, options.name, options.log);
  const common = { servers, ca, timeout, size, queue };
  const prepare = account && ((connection: Connection) => connection.bind(account.user, account.password.reveal()));
  const lookups = new Pool({ ...common, prepare });
  const binds = new Pool(common);
  const ours = oursAmong(options.names);
  const schema = SCHEMAS[options.schema];
  const search = async (request: SearchRequest, on?: Connection): Promise<readonly Entry[]> => {
    try {
      const found = on ? await on.search(request) : await lookups.use((connection) => connection.search(request));
      return found.map(entryFrom);
    } catch (error) {
      throw failureOf(error, `the search below ${request.base}`);
    }
  };
  return {
    ...{ schema, lookups, binds, search },
    find: finder(options, schema, search),
    isOurs: (domain) => ours(domain.toLowerCase()),
    close: () => {
      lookups.close();
      binds.close();
    },
  };
}

type Search = Directory["search"];
type Where = NonNullable<Parameters<Directory["find"]>[1]>;

function finder({ users, attributes = {}, groups }: LdapOptions, schema: Schema, search: Search): Directory["find"] {
  if (users === undefined) return () => Promise.resolve([]);
  const { base, scope = "sub", filter = schema.filter, principalFilter = schema.principalFilter } = users;
  const byUser = filterTemplate(filter, ["user"]);
  const byName = principalFilter === undefined ? undefined : filterTemplate(principalFilter, ["name"]);
  const user = attributes.user ?? schema.user;
  const wanted = [
    ...[user, attributes.domain, attributes.mailbox, attributes.password ?? "userPassword"],
    ...[
      attributes.nt ?? "sambaNTPassword",
      attributes.scram ?? "authPassword",
      ...Object.values(attributes.others ?? {}),
    ],
    ...schema.stateAttributes,
    ...(groups && groups.base === undefined ? ["memberOf"] : []),
    ...(schema.hasTokens ? ["objectSid"] : []),
  ].filter((each) => each !== undefined);
  const ask = async (filter: Filter, isPrincipal: boolean, { on, at }: Where): Promise<Found[]> => {
    const place = at === undefined ? { base, scope } : ({ base: at, scope: "base" } as const);
    const entries = await search({ ...place, filter, attributes: [...new Set(wanted)], limit: ENTRIES }, on);
    return entries.map((entry) => readFound(entry, user, attributes.domain, isPrincipal));
  };
  return async (name, where = {}) => {
    const words: Words = wordsOf(name);
    if (words["user"] === "") return [];
    if (byName !== undefined && words["name"] !== undefined) {
      const found = await ask(byName(words), true, where);
      if (found.length > 0) return found;
    }
    return ask(byUser(words), false, where);
  };
}

/** `name` only where there is a domain: `alice@example.com` for `example.com\alice` too. */
function wordsOf(name: string): Words {
  const { user, domain } = splitName(name);
  return { user, ...(domain !== undefined && { name: `${user}@${domain}` }) };
}

function readFound(entry: Entry, attribute: string, domainAttribute: string | undefined, isPrincipal: boolean): Found {
  const user = entry.text(attribute);
  if (user === undefined) throw new DirectoryFailure(`${entry.dn} has no ${attribute} that can be read`, false);
  const domain = domainAttribute === undefined ? undefined : entry.text(domainAttribute);
  return { entry, user, domain, isPrincipal };
}

/** Of those whom the name could mean, the one that it does mean. Throws DirectoryFailure where that cannot be said. */
export function meant(name: string, found: readonly Found[], isOurs: Directory["isOurs"]): Found | undefined {
  const { domain } = splitName(name);
  const fitting = found.filter((each) => each.isPrincipal || isInDomain(domain, each.domain, isOurs));
  const [only, another] = fitting;
  if (another !== undefined) throw new DirectoryFailure(`${fitting.length} entries are called the same`, false);
  return only;
}

/** An account without a domain of its own is in the server's. */
function isInDomain(given: string | undefined, own: string | undefined, isOurs: Directory["isOurs"]): boolean {
  if (given === undefined) return true;
  if (own === undefined) return isOurs(given);
  return isSameName(given, own) || (isOurs(own) && isOurs(given));
}

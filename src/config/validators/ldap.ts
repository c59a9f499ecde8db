/** Validator `ldap` in config.yaml: a directory, its servers, how it judges and what its entries mean. */
import { z } from "zod";
import type { Secret } from "../../core/secret.ts";
import { readAuthorities, type Surroundings } from "../certificates.ts";
import type { Path } from "../problem.ts";
import { count, duration, flag, host, parseEndpoint, pemFile, secret, text } from "../scalars.ts";

const SERVER = "an address such as ldaps://dc1.example.com or ldap://10.0.0.5:1389";
const PORTS: Readonly<Record<string, number>> = { ldap: 389, ldaps: 636 };

function parseServer(url: string): { scheme: string; host: string; port: number } | undefined {
  const [, scheme = "", place = "", port] = /^(ldaps?):\/\/(.+?)(?::(\d{1,5}))?\/?$/.exec(url) ?? [];
  const parsed = parseEndpoint(`${place}:${port ?? PORTS[scheme] ?? ""}`);
  return parsed?.host === undefined || parsed.port === 0 ? undefined : { scheme, host: parsed.host, port: parsed.port };
}

const server = () =>
  z
    .string({ error: `expected ${SERVER}` })
    .transform((url, context) => {
      const parsed = parseServer(url);
      if (parsed === undefined) context.addIssue({ code: "custom", message: `expected ${SERVER}` });
      return parsed ?? z.NEVER;
    })
    .meta({ pattern: "^(ldaps?://\\S+|\\$\\{.+\\})$" });

export const ldapSchema = z.strictObject({
  type: z.literal("ldap").describe("A directory: OpenLDAP, 389 Directory Server, Active Directory, Samba."),
  servers: z
    .array(server())
    .min(1, "at least one is needed")
    .describe("The preferred one first. ldap:// uses StartTLS."),
  plaintext: flag()
    .default(false)
    .describe("Talk to ldap:// servers in clear. Every password can then be read on the way."),
  ca: pemFile("Authorities to trust instead of the system's").optional(),
  schema: z.enum(["active-directory", "posix"]).describe("Which attributes accounts have."),
  mode: z
    .enum(["search", "bind", "compare"])
    .default("search")
    .describe("search: find the entry, bind as it. bind: bind a name made by bindName. compare: read its hashes."),
  account: z
    .strictObject({ user: text(), password: secret() })
    .optional()
    .describe("Who looks users up. Default: anonymous."),
  users: z
    .strictObject({
      base: text().describe("The entry below which users are."),
      filter: text().optional().describe("With {user}. Default by the schema."),
      principalFilter: text().optional().describe("With {name}, for names with a domain. Default by the schema."),
      scope: z.enum(["sub", "one"]).default("sub"),
    })
    .optional()
    .describe("Where users are."),
  bindName: text().optional().describe("Mode bind: a DN or a name with {user} and {domain}."),
  domain: host().optional().describe("What {domain} is. Default: the server's DNS domain."),
  groups: z
    .strictObject({
      base: text().optional().describe("Where groups are. Default: memberOf names them."),
      filter: text().optional().describe("With {dn} and {user}. Default by the schema."),
      name: text().default("cn").describe("The attribute of a group's name."),
      nested: flag().default(false).describe("Groups of groups too, in Active Directory."),
      tokens: flag().default(true).describe("SIDs from tokenGroups, in Active Directory."),
    })
    .optional()
    .describe("Whether and how groups are asked for."),
  attributes: z
    .strictObject({
      user: text().optional().describe("The account's own name. Default: sAMAccountName or uid."),
      domain: text().optional(),
      mailbox: text().optional().describe("Default: the account's name."),
      password: text().optional().describe("Mode compare. Default: userPassword."),
      nt: text().optional().describe("Mode compare. Default: sambaNTPassword."),
      scram: text().optional().describe("Mode compare. Default: authPassword."),
      others: z.record(text(), text()).default({}).describe("For rules and templates: {attr.room}."),
    })
    .prefault({})
    .describe("Which attributes say what."),
  offers: z
    .strictObject({
      ntlm: flag().default(true),
      scram: z.array(z.enum(["SCRAM-SHA-256", "SCRAM-SHA-1"])).default([]),
    })
    .optional()
    .describe("Mode compare: what every account has. Default: NT hashes."),
  timeout: duration().default(5000).describe("The longest for a connection, a bind or a search."),
  connections: count(1, 100).default(4).describe("For look-ups, and as many for binds."),
  queue: count(1, 100_000).default(200).describe("How many may wait for a connection, of each kind."),
  worker: z
    .strictObject({ concurrency: count(1, 16).default(1), queue: count(1, 100_000).default(256) })
    .prefault({})
    .describe("Mode compare: threads that check slow password hashes, and how many checks may wait for them."),
});

type Parsed = z.output<typeof ldapSchema>;

export interface LdapValidatorConfig extends Omit<Parsed, "servers" | "plaintext" | "ca" | "account"> {
  readonly name: string;
  readonly servers: readonly LdapServerConfig[];
  /** PEM text of the authorities to trust instead of the system's. */
  readonly ca: string | undefined;
  readonly account: { readonly user: string; readonly password: Secret } | undefined;
}

export interface LdapServerConfig {
  readonly host: string;
  readonly port: number;
  readonly security: "ldaps" | "starttls" | "none";
}

export function completeLdap(name: string, parsed: Parsed, surroundings: Surroundings): LdapValidatorConfig {
  const path = ["validators", name];
  complainAbout(parsed, path, surroundings);
  const { plaintext, servers, account, ...others } = parsed;
  const ca = parsed.ca === undefined ? undefined : readAuthorities(parsed.ca, [...path, "ca"], surroundings);
  const inClear = plaintext ? "none" : "starttls";
  return {
    ...others,
    name,
    account,
    ca,
    servers: servers.map(({ scheme, ...place }) => ({ ...place, security: scheme === "ldaps" ? "ldaps" : inClear })),
  };
}

function complainAbout(
  { mode, users, bindName, offers, account }: Parsed,
  path: Path,
  { complain }: Surroundings,
): void {
  if (mode === "bind" && bindName === undefined)
    complain({
      path,
      message: "it is not said which name is bound",
      remedy: 'add "bindName:", such as "{user}@{domain}"',
    });
  if (mode !== "bind" && users === undefined)
    complain({ path, message: "it is not said where users are", remedy: 'add "users:" with its base' });
  if (mode === "compare" && account === undefined)
    complain({ path, message: "nobody gives hashes to anonymous connections", remedy: 'add "account:"' });
  if (mode !== "compare" && offers !== undefined)
    complain({
      path: [...path, "offers"],
      message: "only mode compare offers more than passwords",
      remedy: "leave it out",
    });
}

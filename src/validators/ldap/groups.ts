/** Which groups an entry is in: by name from memberOf or a search, by SID from tokenGroups (MS-ADTS 3.1.1.4.5.19). */
import { PresenceFilter } from "ldapts";
import { makeToken, type AccessToken } from "../../core/access-token.ts";
import type { Connection } from "./connection.ts";
import type { Directory, Found } from "./directory.ts";
import type { Entry } from "./entry.ts";
import { DirectoryFailure } from "./failure.ts";
import type { LdapGroups } from "./options.ts";
import { sidText } from "./sid.ts";
import { filterTemplate } from "./template.ts";

export interface Membership {
  readonly groups: readonly string[];
  readonly token: AccessToken | undefined;
}

/** More are no membership but a mistake in the filter. A token in Windows has 1024 SIDs at most. */
const GROUP_LIMIT = 2048;

export type AskGroups = (found: Found, on?: Connection) => Promise<Membership>;

/** Throws Error with a sentence for the administrator. What it gives rejects with DirectoryFailure. */
export function groupsAsker(options: LdapGroups | undefined, directory: Directory): AskGroups {
  if (options === undefined) return () => Promise.resolve({ groups: [], token: undefined });
  const { schema } = directory;
  if (options.nested === true && schema.nestedGroupFilter === undefined)
    throw new Error("nested groups are asked for in Active Directory only");
  const names = namesAsker(options, directory);
  const hasTokens = schema.hasTokens && (options.tokens ?? true);
  const token = hasTokens ? askToken : () => Promise.resolve(undefined);
  return async (found, on) => {
    const asked = [() => names(found, on), () => token(found.entry, directory, on)] as const;
    // One connection answers one thing at a time.
    const [groups, sids] = on ? [await asked[0](), await asked[1]()] : await Promise.all([asked[0](), asked[1]()]);
    return { groups, token: sids };
  };
}

function namesAsker(
  options: LdapGroups,
  { schema, search }: Directory,
): (found: Found, on?: Connection) => Promise<string[]> {
  const { base, name = "cn", nested = false } = options;
  if (base === undefined) return async ({ entry }) => memberOf(entry);
  const usual = (nested ? schema.nestedGroupFilter : undefined) ?? schema.groupFilter;
  const filter = filterTemplate(options.filter ?? usual, ["dn", "user"]);
  return async ({ entry, user }, on) => {
    const asked = { base, scope: "sub", filter: filter({ dn: entry.dn, user }), attributes: [name] } as const;
    const groups = await search({ ...asked, limit: GROUP_LIMIT }, on);
    if (groups.length >= GROUP_LIMIT)
      throw new DirectoryFailure(`${entry.dn} is in ${GROUP_LIMIT} groups or more`, false);
    return [...new Set(groups.flatMap((group) => group.text(name) ?? []))];
  };
}

/** Throws DirectoryFailure: half a list would let somebody pass a rule that denies. */
function memberOf(entry: Entry): string[] {
  if (entry.isPartial("memberOf")) throw new DirectoryFailure(`${entry.dn}: its groups need groups.base`, false);
  return entry.texts("memberOf").flatMap(firstName);
}

/** The value of the first RDN: `CN=Sales\, EMEA,OU=...` is "Sales, EMEA". */
function firstName(dn: string): string[] {
  const [, value] = /^[^=]+=((?:[^\\,+]|\\.)*)/s.exec(dn) ?? [];
  if (value === undefined) return [];
  const bytes = value.replace(/(?:\\[0-9a-f]{2})+/gi, (hex) =>
    Buffer.from(hex.replaceAll("\\", ""), "hex").toString("utf8"),
  );
  return [bytes.replace(/\\(.)/gs, "$1")];
}

async function askToken(entry: Entry, { search }: Directory, on?: Connection): Promise<AccessToken> {
  const [own] = entry.bytes("objectSid");
  const filter = new PresenceFilter({ attribute: "objectClass" });
  const asked = { base: entry.dn, scope: "base", filter, attributes: ["tokenGroups"], limit: 1 } as const;
  const [found] = await search(asked, on);
  const sids = [...(own ? [own] : []), ...(found?.bytes("tokenGroups") ?? [])].map(sidText);
  const known = sids.filter((sid) => sid !== undefined);
  // Half a list would let somebody pass a rule that denies.
  if (known.length !== sids.length || own === undefined || known.length < 2)
    throw new DirectoryFailure(`the SIDs of ${entry.dn} cannot be read`, false);
  const [user, ...rest] = known;
  return makeToken({ user, groups: rest });
}

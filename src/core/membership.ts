/** Whether somebody is in a group, by its name or by its SID (MS-DTYP 2.4.2): one answer for routes and for access rules. */
import { isSid } from "./access-token.ts";
import type { Identity } from "./identity.ts";

/** Everybody who logged on is in these, whatever the source says (MS-DTYP 2.4.2.4). */
export const EVERYONE = "S-1-1-0";
export const AUTHENTICATED_USERS = "S-1-5-11";

/** The first of the groups that somebody is in, as it was given; undefined: none. */
export type FindGroup = (identity: Pick<Identity, "groups" | "token">) => string | undefined;

/** Compiles names and SIDs. What looks like a SID is one; names are compared without case. */
export function groupFinder(names: readonly string[]): FindGroup {
  const bySid = new Map<string, string>();
  const byName = new Map<string, string>();
  for (const name of names) {
    const sid = canonicalSid(name);
    if (sid === undefined) byName.set(name.toLowerCase(), name);
    else bySid.set(sid, name);
  }
  const ofAll = bySid.get(EVERYONE) ?? bySid.get(AUTHENTICATED_USERS);
  return ({ groups, token }) => ofAll ?? firstIn(byName, groups, lower) ?? firstIn(bySid, token?.sids, canonicalSid);
}

function firstIn(
  wanted: ReadonlyMap<string, string>,
  had: readonly string[] = [],
  spell: (text: string) => string | undefined,
): string | undefined {
  if (wanted.size === 0) return undefined;
  for (const each of had) {
    const found = wanted.get(spell(each) ?? "");
    if (found !== undefined) return found;
  }
  return undefined;
}

function lower(text: string): string {
  return text.toLowerCase();
}

/** Above this the identifier authority is written in hexadecimal (MS-DTYP 2.4.2.1). */
const DECIMAL_LIMIT = 2n ** 32n;

/** One spelling for each SID: "S-1-5-11" for "s-1-0x000000000005-011"; undefined for what is none. */
export function canonicalSid(text: string): string | undefined {
  if (!isSid(text)) return undefined;
  const [authority = "", ...parts] = text.slice("S-1-".length).split("-");
  const subauthorities = parts.map(Number);
  if (subauthorities.some((part) => part > 0xffff_ffff)) return undefined;
  const value = BigInt(authority);
  const shown = value < DECIMAL_LIMIT ? String(value) : `0x${value.toString(16).toUpperCase().padStart(12, "0")}`;
  return ["S-1", shown, ...subauthorities].join("-");
}

/** Those that are SIDs, each in its one spelling. */
export function canonicalSids(texts: readonly string[]): readonly string[] {
  return texts.flatMap((text) => canonicalSid(text) ?? []);
}

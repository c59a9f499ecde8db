/** Which account a client means by a name, and which spellings of a name and a password are one (RFC 4013). */
import { whenKnown, type Answer } from "../core/answer.ts";
import { isPlausibleName, splitName, type AccountName } from "../core/identity.ts";
import type { NtlmNames } from "../core/evidence.ts";
import type { TargetNames } from "../core/validator.ts";
import type { Unavailable } from "../core/verdict.ts";
import type { Visit } from "../core/visit.ts";
import { saslprep } from "../scram/saslprep.ts";
import type { Account } from "./account.ts";
import { isUnavailable, type AccountSource } from "./source.ts";

/** Whether a lower-cased domain is a name of this server. */
export type IsOurs = (domain: string) => boolean;

export function oursAmong(names: TargetNames): IsOurs {
  const { netbiosDomain, netbiosComputer, dnsDomain, dnsComputer } = names;
  const ours = new Set([netbiosDomain, netbiosComputer, dnsDomain, dnsComputer].map((name) => name?.toLowerCase()));
  return (domain) => ours.has(domain);
}

/** As the client wrote it, else as SASLprep does: decomposed letters, no-break spaces and the like. */
export function spellingsOf(text: string): readonly string[] {
  const prepared = saslprep(text, "query") ?? text;
  return prepared === text ? [text] : [text, prepared];
}

export type Lookup = (username: string, visit: Visit) => Answer<Account | Unavailable | undefined>;

/** Finds who is meant by a name that stands alone, as in PLAIN and SCRAM: a domain in it must be right. */
export function lookup(source: AccountSource, isOurs: IsOurs): Lookup {
  const find = (name: string, visit: Visit): Answer<Account | Unavailable | undefined> => {
    const split = splitName(name);
    return whenKnown(source.find({ name, user: split.user, domain: split.domain }, visit), (found) =>
      isUnavailable(found) ? found : (named(name, found) ?? chooseAccount(found, split, isOurs)),
    );
  };
  return (username, visit) => {
    if (!isPlausibleName(username)) return undefined;
    const [written, prepared] = spellingsOf(username);
    return whenKnown(find(written!, visit), (found) =>
      found === undefined && prepared !== undefined ? find(prepared, visit) : found,
    );
  };
}

export type NtlmLookup = (reading: NtlmNames, visit: Visit) => Promise<Account | Unavailable | undefined>;

/** Finds who is meant by the names of an NTLM message: whether the domain is right can be said once the response is. */
export function ntlmLookup(source: AccountSource, isOurs: IsOurs): NtlmLookup {
  return async ({ user, domain }, visit) => {
    const split = splitName(user);
    const fieldDomain = domain === "" ? undefined : domain;
    const found = await source.find({ name: user, user: split.user, domain: split.domain ?? fieldDomain }, visit);
    if (isUnavailable(found)) return found;
    return (
      (split.domain === undefined ? chooseAccount(found, { user, domain: fieldDomain }, isOurs) : undefined) ??
      named(user, found) ??
      chooseAccount(found, split, isOurs) ??
      chooseAccount(found, { user: split.user, domain: undefined }, isOurs)
    );
  };
}

function named(name: string, candidates: readonly Account[]): Account | undefined {
  const key = name.toLowerCase();
  return candidates.find((account) => account.name.toLowerCase() === key);
}

/**
 * The account that a client means. Without a domain: the account of just that name, else the one in the server's own
 * domain, else the only one with that user name.
 */
export function chooseAccount(candidates: readonly Account[], name: AccountName, isOurs: IsOurs): Account | undefined {
  const domain = name.domain?.toLowerCase();
  if (domain !== undefined && domain !== "") {
    return (
      candidates.find(({ domains }) => domains.includes(domain)) ??
      candidates.find((account) => isOurs(domain) && isInDomain(account, isOurs))
    );
  }
  return (
    named(name.user, candidates) ??
    candidates.find(({ domains }) => domains.some(isOurs)) ??
    (candidates.length === 1 ? candidates[0] : undefined)
  );
}

/** Accounts without a domain are in the server's. */
function isInDomain({ domains }: Account, isOurs: IsOurs): boolean {
  return domains.length === 0 || domains.some(isOurs);
}

/** All forms of a name that lead to one account are one name; accounts without a domain are in ours. */
export function canonicalName(username: string, isOurs: IsOurs): string {
  const { user, domain = "" } = splitName(username.toLowerCase());
  return domain === "" || isOurs(domain) ? user : `${user}@${domain}`;
}

/** Who logged on, in the words of the validator that knows them, and how names arrive from clients. */
import type { AccessToken } from "./access-token.ts";
import { isPrintableAscii } from "./ascii.ts";

export interface Identity {
  /** The account's canonical name, without a domain: "alice". Logs, limits and backends use this one. */
  readonly user: string;
  /** The account's domain, as the validator writes it ("EXAMPLE" or "example.com"); absent where accounts have none. */
  readonly domain?: string;
  /** All names of that domain, where identity rules know them; `domain` is one of these. */
  readonly domainNames?: readonly string[] | undefined;
  /** The mailbox to open at the backend; the user's name unless the validator says otherwise. */
  readonly mailbox: string;
  /** By name, nested ones included where the source tells them. */
  readonly groups: readonly string[];
  /** SIDs, where the source has them. */
  readonly token?: AccessToken | undefined;
  /** Whatever else the account's record says, for name templates such as `{attr.backendUser}`. */
  readonly attributes: Readonly<Record<string, string>>;
}

export interface AccountName {
  readonly user: string;
  /** undefined when the client named no domain. */
  readonly domain: string | undefined;
}

/**
 * Splits `DOMAIN\user` and `user@domain`, the two forms in which clients put both names into one field
 * (Thunderbird and nodemailer send `EXAMPLE\alice` whole in the NTLM user field).
 */
export function splitName(name: string): AccountName {
  const backslash = name.indexOf("\\");
  if (backslash > 0) return { user: name.slice(backslash + 1), domain: name.slice(0, backslash) };
  // Nearly no name has one: `lastIndexOf` is dearer than looking from the front.
  const at = name.includes("@") ? name.lastIndexOf("@") : -1;
  if (at > 0 && at < name.length - 1) return { user: name.slice(0, at), domain: name.slice(at + 1) };
  return { user: name, domain: undefined };
}

/** Longest user name that any validator is asked about, in UTF-16 units (MS-NLMP caps names at 256 octets of text). */
export const NAME_LIMIT = 256;

/** Names with control characters, or none at all, are refused before any validator, log or backend sees them. */
export function isPlausibleName(name: string): boolean {
  if (name.length === 0 || name.length > NAME_LIMIT) return false;
  return isPrintableAscii(name) || (name.isWellFormed() && !/[\u0000-\u001f\u007f-\u009f]/.test(name));
}

/**
 * Whether a client that gave this name can mean this account: its name, with or without the domain, or its mailbox. Clients
 * send `alice` for `alice@example.com` and the reverse; only a domain that contradicts the account's is wrong. Case counts
 * for nobody's mail.
 */
export function isNameOf(name: string, identity: Identity): boolean {
  if (isSameName(name, identity.mailbox)) return true;
  const { user, domain } = splitName(name);
  const domains = domainsOf(identity);
  const fits = domain === undefined || domains.length === 0 || domains.some((each) => isSameName(each, domain));
  return isSameName(user, identity.user) && fits;
}

/** The account's domain under every name that is known; none where accounts have no domain. */
export function domainsOf({ domain, domainNames }: Identity): readonly string[] {
  return domainNames ?? (domain === undefined ? [] : [domain]);
}

export function isSameName(one: string, other: string): boolean {
  return one.toLowerCase() === other.toLowerCase();
}

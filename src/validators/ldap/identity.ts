/** Who an entry is, in the words of Postern's own rules. */
import { isPlausibleName, type Identity } from "../../core/identity.ts";
import type { Found } from "./directory.ts";
import type { Entry } from "./entry.ts";
import { DirectoryFailure } from "./failure.ts";
import type { Membership } from "./groups.ts";
import type { LdapOptions } from "./options.ts";

/** Throws DirectoryFailure for an entry whose names no account can have. */
export function identityOf(found: Found, { groups, token }: Membership, options: LdapOptions): Identity {
  const { entry, user } = found;
  const domain = domainOf(found, options);
  const mailbox = mailboxOf(found, options);
  if (!isPlausibleName(user) || !isPlausibleName(mailbox))
    throw new DirectoryFailure(`${entry.dn} has a name or a mailbox that nobody can have`, false);
  const attributes = attributesOf(entry, options);
  return { user, ...(domain !== undefined && { domain }), mailbox, groups, token, attributes };
}

/** The accounts of Active Directory are in its domain; other directories have domains only where an attribute says so. */
export function domainOf({ domain }: Found, { schema, names }: LdapOptions): string | undefined {
  return domain ?? (schema === "active-directory" ? names.netbiosDomain : undefined);
}

export function mailboxOf({ entry, user }: Found, { attributes }: LdapOptions): string {
  return (attributes?.mailbox === undefined ? undefined : entry.text(attributes.mailbox)) ?? user;
}

export function attributesOf(entry: Entry, { attributes }: LdapOptions): Readonly<Record<string, string>> {
  const texts = Object.entries(attributes?.others ?? {}).map(([name, attribute]) => [name, entry.text(attribute)]);
  return Object.fromEntries(texts.filter(([, text]) => text !== undefined)) as Record<string, string>;
}

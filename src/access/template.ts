/** Names of mailboxes made from an identity: `{user}`, `{domain}`, `{dnsDomain}`, `{mailbox}` and `{attr.NAME}`. */
import { isPlausibleName, type Identity } from "../core/identity.ts";

const PIECE = /\{([^{}]*)\}/g;

/** The mailbox's name, or which piece is missing: half a name would be somebody else's. */
export function fillMailbox(
  template: string,
  identity: Identity,
  dnsDomain: string | undefined,
): { readonly mailbox: string } | { readonly why: string } {
  const missing = new Set<string>();
  const mailbox = template.replace(PIECE, (_whole, key: string) => {
    const value = pieceOf(key, identity, dnsDomain) ?? "";
    if (value === "") missing.add(`{${key}}`);
    return value;
  });
  const [first] = missing;
  if (first !== undefined) return { why: `the mailbox is ${template}, and the account has no ${first}` };
  return isPlausibleName(mailbox) ? { mailbox } : { why: `the mailbox ${template} becomes no name for this account` };
}

/** Its own attributes only: every object has something called `constructor`. */
function pieceOf(key: string, identity: Identity, dnsDomain: string | undefined): string | undefined {
  if (key === "dnsDomain") return dnsDomain;
  if (key === "user" || key === "domain" || key === "mailbox") return identity[key];
  const name = key.slice("attr.".length);
  return Object.hasOwn(identity.attributes, name) ? identity.attributes[name] : undefined;
}

/** The two kinds of directories that Postern knows by heart: which attributes and filters they have. */
import type { AccountState } from "../../accounts/state.ts";
import * as activeDirectory from "./active-directory.ts";
import type { Entry } from "./entry.ts";
import type { LdapSchema } from "./options.ts";
import * as posix from "./posix.ts";

export interface Schema {
  /** The attribute of the account's own name. */
  readonly user: string;
  /** With `{user}`. */
  readonly filter: string;
  /** With `{name}`; undefined: names with a domain lead to nobody but by `{user}`. */
  readonly principalFilter: string | undefined;
  /** With `{dn}` and `{user}`. */
  readonly groupFilter: string;
  readonly nestedGroupFilter: string | undefined;
  readonly hasTokens: boolean;
  readonly stateAttributes: readonly string[];
  /** Throws DirectoryFailure when what decides cannot be read. */
  stateOf(entry: Entry, isBound: boolean): AccountState;
}

export const SCHEMAS: Readonly<Record<LdapSchema, Schema>> = {
  "active-directory": {
    user: "sAMAccountName",
    filter: "(&(objectCategory=person)(objectClass=user)(sAMAccountName={user}))",
    principalFilter: "(&(objectCategory=person)(objectClass=user)(userPrincipalName={name}))",
    groupFilter: "(&(objectClass=group)(member={dn}))",
    // LDAP_MATCHING_RULE_IN_CHAIN, MS-ADTS 3.1.1.3.4.4.3.
    nestedGroupFilter: "(&(objectClass=group)(member:1.2.840.113556.1.4.1941:={dn}))",
    hasTokens: true,
    stateAttributes: activeDirectory.STATE_ATTRIBUTES,
    // Members of Protected Users are refused by the domain itself; a bind is no NTLM, and this reads no NT hashes.
    stateOf: (entry) => activeDirectory.stateOf(entry, undefined),
  },
  posix: {
    user: "uid",
    filter: "(uid={user})",
    principalFilter: undefined,
    groupFilter: "(|(member={dn})(uniqueMember={dn})(memberUid={user}))",
    nestedGroupFilter: undefined,
    hasTokens: false,
    stateAttributes: posix.STATE_ATTRIBUTES,
    stateOf: posix.stateOf,
  },
};

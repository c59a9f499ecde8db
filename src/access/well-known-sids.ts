/** What well-known SIDs are called. */
import { AUTHENTICATED_USERS, canonicalSid, EVERYONE } from "../core/membership.ts";

/** MS-DTYP 2.4.2.4: the SIDs that an access rule for mail may name. */
const WELL_KNOWN: ReadonlyMap<string, string> = new Map([
  [EVERYONE, "Everyone"],
  ["S-1-5-2", "Network"],
  ["S-1-5-7", "Anonymous"],
  [AUTHENTICATED_USERS, "Authenticated Users"],
  ["S-1-5-15", "This Organization"],
  ["S-1-5-18", "Local System"],
  ["S-1-5-32-544", "Administrators"],
  ["S-1-5-32-545", "Users"],
  ["S-1-5-32-546", "Guests"],
  ["S-1-5-32-555", "Remote Desktop Users"],
  ["S-1-5-64-10", "NTLM Authentication"],
  ["S-1-5-1000", "Other Organization"],
  ["S-1-18-1", "Authentication Authority Asserted Identity"],
  ["S-1-18-2", "Service Asserted Identity"],
]);

/** The last part of SIDs that every domain has (S-1-5-21-…), MS-DTYP 2.4.2.4. */
const IN_EVERY_DOMAIN: ReadonlyMap<string, string> = new Map([
  ["500", "Administrator"],
  ["501", "Guest"],
  ["502", "krbtgt"],
  ["512", "Domain Admins"],
  ["513", "Domain Users"],
  ["514", "Domain Guests"],
  ["515", "Domain Computers"],
  ["516", "Domain Controllers"],
  ["518", "Schema Admins"],
  ["519", "Enterprise Admins"],
  ["520", "Group Policy Creator Owners"],
  ["521", "Read-only Domain Controllers"],
  ["525", "Protected Users"],
]);

/** undefined: the SID is none of those, or no SID. */
export function wellKnownName(sid: string): string | undefined {
  const canonical = canonicalSid(sid);
  if (canonical === undefined) return undefined;
  const [, rid] = /^S-1-5-21-\d+-\d+-\d+-(\d+)$/.exec(canonical) ?? [];
  return rid === undefined ? WELL_KNOWN.get(canonical) : IN_EVERY_DOMAIN.get(rid);
}

/** What a domain controller says about a user who logged on: NETLOGON_VALIDATION_SAM_INFO4 and its elder forms, MS-NRPC 2.2.1.4.11 to 13. */
import type { AccessToken } from "../core/access-token.ts";

/** GROUP_MEMBERSHIP, MS-PAC 2.2.2. */
export interface GroupMembership {
  readonly rid: number;
  readonly attributes: number;
}

/** Times are FILETIME, 100 ns since 1601; NEVER for those that do not come. */
export interface SamInfo {
  /** EffectiveName, the sAMAccountName. */
  readonly user: string;
  readonly fullName: string;
  /** LogonDomainName: NetBIOS. */
  readonly domain: string;
  /** Name of the domain controller that judged. */
  readonly logonServer: string;
  /** Empty where the reply's form has none. */
  readonly dnsDomain: string;
  readonly upn: string;
  readonly rid: number;
  readonly primaryGroupRid: number;
  readonly groups: readonly GroupMembership[];
  readonly domainSid: string | undefined;
  readonly extraSids: readonly string[];
  /** As MS-APDS 3.1.5 fills it: the user, the primary group, the groups, extra SIDs; none twice. */
  readonly token: AccessToken;
  /** USER_ACCOUNT codes of MS-SAMR 2.2.1.12, not the LDAP attribute's. */
  readonly userAccountControl: number;
  readonly userFlags: number;
  /** UserSessionKey in the clear: the SessionBaseKey of MS-NLMP 3.3, 16 bytes. */
  readonly sessionBaseKey: Uint8Array;
  readonly logonTime: bigint;
  readonly logoffTime: bigint;
  readonly kickOffTime: bigint;
  readonly passwordLastSet: bigint;
  readonly passwordCanChange: bigint;
  readonly passwordMustChange: bigint;
  readonly logonCount: number;
  readonly badPasswordCount: number;
}

export const NEVER = 0x7fffffffffffffffn;

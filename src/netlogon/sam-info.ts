/**
 * What a domain controller says about a user who has logged on: NETLOGON_VALIDATION_SAM_INFO4 and its elder forms
 * (MS-NRPC 2.2.1.4.11 to 2.2.1.4.13).
 */
import type { AccessToken } from "../core/access-token.ts";
import { decrypt } from "./credentials.ts";
import { malformed } from "./error.ts";
import type { DeferredText, NdrReader } from "./ndr-reader.ts";
import { accessToken, readSid } from "./sid.ts";

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

/** NETLOGON_VALIDATION_INFO_CLASS: SamInfo, SamInfo2, SamInfo4. */
export type ValidationLevel = 2 | 3 | 6;

export function isValidationLevel(level: number): level is ValidationLevel {
  return level === 2 || level === 3 || level === 6;
}

const EXPANSION_STRINGS = 10;

/** `sessionKey` opens the UserSessionKey of levels 2 and 3. Throws NetlogonError. */
export function readSamInfo(reader: NdrReader, level: ValidationLevel, sessionKey: Buffer): SamInfo {
  const fixed = readFixed(reader);
  const extra = level === 2 ? NO_EXTRA : readExtra(reader);
  const names = level === 6 ? readNames(reader) : [];
  // From here on what the pointers point to, in their order.
  const [user = "", fullName = ""] = fixed.strings.map((each) => reader.text(each));
  const groups = fixed.hasGroups ? readGroups(reader, fixed.groupCount) : [];
  const [logonServer = "", domain = ""] = fixed.domainStrings.map((each) => reader.text(each));
  const domainSid = fixed.hasDomainId ? readSid(reader) : undefined;
  const extraSids = extra.hasSids ? readExtraSids(reader, extra.sidCount) : [];
  const [dnsDomain = "", upn = ""] = names.map((each) => reader.text(each));
  const { rid, primaryGroupRid } = fixed;
  const membership = { domainSid, rid, primaryGroupRid, groups, extraSids };
  return {
    ...{ user, fullName, domain, logonServer, dnsDomain, upn },
    ...membership,
    token: accessToken(membership),
    userAccountControl: fixed.userAccountControl,
    userFlags: fixed.userFlags,
    sessionBaseKey: level === 6 ? fixed.userSessionKey : openSessionKey(fixed.userSessionKey, sessionKey),
    ...fixed.times,
    logonCount: fixed.logonCount,
    badPasswordCount: fixed.badPasswordCount,
  };
}

/** The part that all forms begin with. */
interface Fixed {
  readonly times: Times;
  /** EffectiveName, FullName, LogonScript, ProfilePath, HomeDirectory, HomeDirectoryDrive. */
  readonly strings: readonly DeferredText[];
  readonly logonCount: number;
  readonly badPasswordCount: number;
  readonly rid: number;
  readonly primaryGroupRid: number;
  readonly groupCount: number;
  readonly hasGroups: boolean;
  readonly userFlags: number;
  readonly userSessionKey: Buffer;
  /** LogonServer, LogonDomainName. */
  readonly domainStrings: readonly DeferredText[];
  readonly hasDomainId: boolean;
  readonly userAccountControl: number;
}

type Times = Pick<
  SamInfo,
  "logonTime" | "logoffTime" | "kickOffTime" | "passwordLastSet" | "passwordCanChange" | "passwordMustChange"
>;

function readFixed(reader: NdrReader): Fixed {
  // Properties are evaluated in the order in which they are written, which is the order on the wire.
  const fixed: Fixed = {
    times: readTimes(reader),
    strings: readStrings(reader, 6),
    logonCount: reader.u16(),
    badPasswordCount: reader.u16(),
    rid: reader.u32(),
    primaryGroupRid: reader.u32(),
    groupCount: reader.u32(),
    hasGroups: reader.pointer(),
    userFlags: reader.u32(),
    userSessionKey: Buffer.from(reader.bytes(16)),
    domainStrings: readStrings(reader, 2),
    hasDomainId: reader.pointer(),
    userAccountControl: (reader.bytes(LM_KEY), reader.u32()),
  };
  reader.bytes(SUB_AUTH);
  return fixed;
}

/** LMKey of SAM_INFO4, ExpansionRoom of the elder forms. */
const LM_KEY = 8;
/** SubAuthStatus, LastSuccessfulILogon, LastFailedILogon, FailedILogonCount, Reserved4. */
const SUB_AUTH = 28;

function readTimes(reader: NdrReader): Times {
  return {
    logonTime: reader.u64(),
    logoffTime: reader.u64(),
    kickOffTime: reader.u64(),
    passwordLastSet: reader.u64(),
    passwordCanChange: reader.u64(),
    passwordMustChange: reader.u64(),
  };
}

function readStrings(reader: NdrReader, count: number): DeferredText[] {
  return Array.from({ length: count }, () => reader.deferredText());
}

interface Extra {
  readonly sidCount: number;
  readonly hasSids: boolean;
}

const NO_EXTRA: Extra = { sidCount: 0, hasSids: false };

function readExtra(reader: NdrReader): Extra {
  return { sidCount: reader.u32(), hasSids: reader.pointer() };
}

/** DnsLogonDomainName, Upn and room for more. */
function readNames(reader: NdrReader): DeferredText[] {
  return readStrings(reader, 2 + EXPANSION_STRINGS);
}

function readGroups(reader: NdrReader, expected: number): GroupMembership[] {
  const count = reader.count(8);
  if (count !== expected) throw malformed(`${count} groups instead of ${expected}`);
  return Array.from({ length: count }, () => ({ rid: reader.u32(), attributes: reader.u32() }));
}

/** NETLOGON_SID_AND_ATTRIBUTES: all pointers first, then the SIDs. */
function readExtraSids(reader: NdrReader, expected: number): string[] {
  const count = reader.count(8);
  if (count !== expected) throw malformed(`${count} extra SIDs instead of ${expected}`);
  const present = Array.from({ length: count }, () => {
    const isPresent = reader.pointer();
    reader.u32();
    return isPresent;
  });
  return present.filter(Boolean).map(() => readSid(reader));
}

/** Levels 2 and 3 hide the key, unless there is none. */
function openSessionKey(hidden: Buffer, sessionKey: Buffer): Buffer {
  return hidden.every((byte) => byte === 0) ? hidden : decrypt(sessionKey, hidden);
}

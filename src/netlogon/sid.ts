/** SIDs on the wire (RPC_SID of MS-DTYP 2.4.2.3) and what an access token is made of. */
import { makeToken, type AccessToken } from "../core/access-token.ts";
import { malformed } from "./error.ts";
import type { NdrReader } from "./ndr-reader.ts";

/** MS-DTYP 2.4.2.3. */
const SUB_AUTHORITY_LIMIT = 15;

/** As text, MS-DTYP 2.4.2.1. Throws NetlogonError. */
export function readSid(reader: NdrReader): string {
  const conformance = reader.count(4);
  const revision = reader.u8();
  const count = reader.u8();
  if (revision !== 1 || count > SUB_AUTHORITY_LIMIT || count !== conformance) {
    throw malformed(`a SID of revision ${revision} with ${count} of ${conformance} subauthorities`);
  }
  const authority = reader.bytes(6).readUIntBE(0, 6);
  const subAuthorities = Array.from({ length: count }, () => reader.u32());
  return ["S", revision, authorityText(authority), ...subAuthorities].join("-");
}

function authorityText(authority: number): string {
  return authority < 2 ** 32 ? String(authority) : `0x${authority.toString(16).padStart(12, "0").toUpperCase()}`;
}

export interface Membership {
  readonly domainSid: string | undefined;
  /** 0: the first of the extra SIDs is the account (MS-NRPC 2.2.1.4.13, ExtraSids). */
  readonly rid: number;
  readonly primaryGroupRid: number;
  readonly groups: readonly { readonly rid: number }[];
  readonly extraSids: readonly string[];
}

/** The ImpersonationAccessToken of MS-APDS 3.1.5: the user, its primary group, its groups, extra SIDs; none twice. */
export function accessToken({ domainSid, rid, primaryGroupRid, groups, extraSids }: Membership): AccessToken {
  const inDomain = (each: number): string | undefined => (domainSid === undefined ? undefined : `${domainSid}-${each}`);
  const user = rid === 0 ? extraSids[0] : inDomain(rid);
  const groupSids = groups.map((group) => inDomain(group.rid));
  return makeToken({ user, primaryGroup: inDomain(primaryGroupRid), groups: groupSids, extra: extraSids });
}

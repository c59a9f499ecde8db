/** What a domain controller's answer means: NTSTATUS and NETLOGON_VALIDATION_SAM_INFO4 (MS-APDS 3.1.5, MS-NRPC 2.2.1.4.13). */
import { isSameName, type Identity } from "../../core/identity.ts";
import { denialBy, NtStatus, ntStatusName } from "../../core/nt-status.ts";
import type { Denied, DenyReason, Verdict } from "../../core/verdict.ts";
import type { NetworkLogonReply } from "../../netlogon/netlogon.ts";
import type { SamInfo } from "../../netlogon/sam-info.ts";
import type { MailboxForm } from "./options.ts";

/** USER_ACCOUNT codes, MS-SAMR 2.2.1.12. */
const Uac = { interdomainTrust: 0x40, workstationTrust: 0x80, serverTrust: 0x100, smartcardRequired: 0x1000 } as const;
/** LOGON_GUEST: the name was wrong, and somebody else was let in. */
const GUEST = 0x1;

/** Samba lets them in over Netlogon and leaves it to the server to look (MS-APDS 3.1.5 refuses them). */
const REFUSED: readonly (readonly [bit: number, reason: DenyReason, status: number, why: string])[] = [
  [
    Uac.smartcardRequired,
    "smartcard-required",
    NtStatus.SMARTCARD_LOGON_REQUIRED,
    "the account logs on by smart card only",
  ],
  [
    Uac.interdomainTrust,
    "trust-account",
    NtStatus.NOLOGON_INTERDOMAIN_TRUST_ACCOUNT,
    "it is the account of another domain",
  ],
  [
    Uac.workstationTrust,
    "trust-account",
    NtStatus.NOLOGON_WORKSTATION_TRUST_ACCOUNT,
    "it is the account of a computer",
  ],
  [Uac.serverTrust, "trust-account", NtStatus.NOLOGON_SERVER_TRUST_ACCOUNT, "it is the account of a domain controller"],
];

export interface Reading {
  /** Lower case: our own domain and the trusted ones whose users count. */
  readonly domains: ReadonlySet<string>;
  readonly mailbox: MailboxForm;
}

export type Judged = Exclude<Verdict, { kind: "accepted" }> | { readonly kind: "accepted"; readonly info: SamInfo };

/** `user`: the name that was asked about. */
export function judge({ status, info }: NetworkLogonReply, user: string, reading: Reading): Judged {
  if (status === NtStatus.SUCCESS && info) return refusalOf(info, reading) ?? { kind: "accepted", info };
  const why = `the domain answers ${ntStatusName(status)}`;
  if (status === NtStatus.NO_SUCH_USER) return { kind: "unknown", why, status };
  const reason = denialBy(status);
  if (reason === undefined) return { kind: "unavailable", why };
  return { kind: "denied", reason, why, status, ...(status !== NtStatus.LOGON_FAILURE && { user }) };
}

function refusalOf(info: SamInfo, { domains }: Reading): Denied | undefined {
  const { user, domain, dnsDomain, userAccountControl, userFlags } = info;
  const found = REFUSED.find(([bit]) => (userAccountControl & bit) !== 0);
  if (found) {
    const [, reason, status, why] = found;
    return { kind: "denied", reason, why, status, user };
  }
  if ((userFlags & GUEST) !== 0)
    return { kind: "denied", reason: "bad-credentials", why: "the domain would take anybody for a guest" };
  if ([domain, dnsDomain].some((name) => domains.has(name.toLowerCase()))) return undefined;
  const why = `the account is of domain ${domain}, whose users are not among those that may log on`;
  return { kind: "denied", reason: "not-authorized", why, user };
}

export function isOfDomain({ domain, dnsDomain }: SamInfo, names: readonly string[]): boolean {
  return names.some((name) => isSameName(name, domain) || isSameName(name, dnsDomain));
}

/** Names as the domain writes them, whatever the client typed. */
export function identityOf(info: SamInfo, mailbox: MailboxForm, ownDnsDomain: string): Identity {
  const { user, domain, dnsDomain, upn, fullName, token } = info;
  const address = `${user}@${dnsDomain === "" ? ownDnsDomain : dnsDomain}`.toLowerCase();
  const mailboxes: Readonly<Record<MailboxForm, string>> = { user, upn: upn === "" ? address : upn, address };
  return {
    user,
    domain,
    mailbox: mailboxes[mailbox],
    // The domain tells numbers: rules name these accounts' groups by SID.
    groups: [],
    token,
    attributes: { address, upn: mailboxes.upn, fullName, dnsDomain },
  };
}

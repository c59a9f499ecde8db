/** NTSTATUS values that a logon can end with, MS-ERREF 2.3.1: names for log and audit, and what class of answer each is. */
import type { DenyReason } from "./verdict.ts";

/** By the specification's names, without STATUS_. */
export const NtStatus = {
  SUCCESS: 0,
  NO_SUCH_USER: 0xc0000064,
  WRONG_PASSWORD: 0xc000006a,
  ILL_FORMED_PASSWORD: 0xc000006b,
  INVALID_ACCOUNT_NAME: 0xc0000062,
  LOGON_FAILURE: 0xc000006d,
  ACCOUNT_RESTRICTION: 0xc000006e,
  INVALID_LOGON_HOURS: 0xc000006f,
  INVALID_WORKSTATION: 0xc0000070,
  PASSWORD_EXPIRED: 0xc0000071,
  ACCOUNT_DISABLED: 0xc0000072,
  LOGON_NOT_GRANTED: 0xc0000155,
  LOGON_TYPE_NOT_GRANTED: 0xc000015b,
  ACCOUNT_EXPIRED: 0xc0000193,
  NOLOGON_INTERDOMAIN_TRUST_ACCOUNT: 0xc0000198,
  NOLOGON_WORKSTATION_TRUST_ACCOUNT: 0xc0000199,
  NOLOGON_SERVER_TRUST_ACCOUNT: 0xc000019a,
  PASSWORD_MUST_CHANGE: 0xc0000224,
  ACCOUNT_LOCKED_OUT: 0xc0000234,
  SMARTCARD_LOGON_REQUIRED: 0xc00002fa,
  DOWNGRADE_DETECTED: 0xc0000388,
  AUTHENTICATION_FIREWALL_FAILED: 0xc0000413,
  NTLM_BLOCKED: 0xc0000418,
  ACCESS_DENIED: 0xc0000022,
  NO_LOGON_SERVERS: 0xc000005e,
  INSUFFICIENT_RESOURCES: 0xc000009a,
  IO_TIMEOUT: 0xc00000b5,
  NOT_SUPPORTED: 0xc00000bb,
  NO_SUCH_DOMAIN: 0xc00000df,
  INVALID_COMPUTER_NAME: 0xc0000122,
  TIME_DIFFERENCE_AT_DC: 0xc0000133,
  NO_TRUST_LSA_SECRET: 0xc000018a,
  NO_TRUST_SAM_ACCOUNT: 0xc000018b,
  TRUSTED_DOMAIN_FAILURE: 0xc000018c,
  TRUSTED_RELATIONSHIP_FAILURE: 0xc000018d,
  TRUST_FAILURE: 0xc0000190,
  NETLOGON_NOT_STARTED: 0xc0000192,
  DOMAIN_CONTROLLER_NOT_FOUND: 0xc0000233,
  NOT_IMPLEMENTED: 0xc0000002,
  INVALID_INFO_CLASS: 0xc0000003,
  INVALID_PARAMETER: 0xc000000d,
  NO_MEMORY: 0xc0000017,
} as const;

export type NtStatusName = keyof typeof NtStatus;

/**
 * The statuses that speak about the user, with the reason they are to a validator. Any other error speaks about us, the way
 * or the domain: the judge could not judge.
 */
const ABOUT_THE_USER: Readonly<Partial<Record<NtStatusName, DenyReason>>> = {
  NO_SUCH_USER: "bad-credentials",
  WRONG_PASSWORD: "bad-credentials",
  ILL_FORMED_PASSWORD: "bad-credentials",
  INVALID_ACCOUNT_NAME: "bad-credentials",
  LOGON_FAILURE: "bad-credentials",
  ACCOUNT_RESTRICTION: "restricted",
  INVALID_LOGON_HOURS: "logon-hours",
  INVALID_WORKSTATION: "workstation",
  PASSWORD_EXPIRED: "password-expired",
  PASSWORD_MUST_CHANGE: "must-change-password",
  ACCOUNT_DISABLED: "disabled",
  ACCOUNT_EXPIRED: "expired",
  ACCOUNT_LOCKED_OUT: "locked-out",
  LOGON_NOT_GRANTED: "not-authorized",
  LOGON_TYPE_NOT_GRANTED: "not-authorized",
  SMARTCARD_LOGON_REQUIRED: "smartcard-required",
  NOLOGON_INTERDOMAIN_TRUST_ACCOUNT: "trust-account",
  NOLOGON_WORKSTATION_TRUST_ACCOUNT: "trust-account",
  NOLOGON_SERVER_TRUST_ACCOUNT: "trust-account",
  AUTHENTICATION_FIREWALL_FAILED: "not-authorized",
  NTLM_BLOCKED: "ntlm-blocked",
  DOWNGRADE_DETECTED: "policy",
};

const NAMES: ReadonlyMap<number, NtStatusName> = new Map(
  Object.entries(NtStatus).map(([name, value]) => [value, name as NtStatusName]),
);

/** "STATUS_ACCOUNT_DISABLED"; the number in hex where we have no name for it. */
export function ntStatusName(status: number): string {
  const name = NAMES.get(status);
  return name === undefined ? `0x${status.toString(16).padStart(8, "0")}` : `STATUS_${name}`;
}

/** Why a logon with this status is refused; undefined where the status is no word about the user. */
export function denialBy(status: number): DenyReason | undefined {
  const name = NAMES.get(status);
  return name && ABOUT_THE_USER[name];
}

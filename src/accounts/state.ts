/** Whether an account may log on now: the checks of MS-APDS 3.1.5, in its order, each with its NTSTATUS. */
import type { Denied, DenyReason } from "../core/verdict.ts";
import { NtStatus } from "../core/nt-status.ts";
import { isLogonHour } from "./logon-hours.ts";

/** What a store knows of an account beside its secrets. Left out: nothing that would stop a logon. */
export interface AccountState {
  readonly disabled?: boolean | undefined;
  readonly expires?: Date | undefined;
  readonly lockedOut?: boolean | undefined;
  /** 21 bytes, a bit for each hour of the week in UTC; bit 0 of byte 0 is Sunday 0:00 to 1:00 (MS-ADA1 2.376). */
  readonly logonHours?: Uint8Array | undefined;
  /** PasswordMustChange, MS-SAMR 3.1.5.14.4. */
  readonly passwordExpires?: Date | "at-next-logon" | undefined;
  readonly smartcardRequired?: boolean | undefined;
  /** A computer's or a domain's account, which no person logs on with. */
  readonly trust?: "interdomain" | "workstation" | "server" | undefined;
  readonly workstations?: readonly string[] | undefined;
  /** Names of listeners; any other refuses. */
  readonly listeners?: readonly string[] | undefined;
  /** Of Protected Users: no NTLM, MS-APDS 3.1.5. */
  readonly protectedUser?: boolean | undefined;
}

/** What the logon is that the state is held against. */
export interface LogonCircumstances {
  readonly now: Date;
  readonly listener: string;
  /** As the client named it; undefined where the mechanism names none, which a list of workstations does not allow. */
  readonly workstation: string | undefined;
  readonly byNtlm: boolean;
  /** What proved it. An app password and a certificate outlive the password; only a certificate is a smart card. */
  readonly by: "password" | "app-password" | "certificate";
}

type Check = readonly [
  status: number,
  reason: DenyReason,
  why: string,
  refuses: (state: AccountState, logon: LogonCircumstances) => boolean,
];

const CHECKS: readonly Check[] = [
  [NtStatus.ACCOUNT_DISABLED, "disabled", "the account is disabled", ({ disabled }) => disabled === true],
  [NtStatus.ACCOUNT_EXPIRED, "expired", "the account has expired", ({ expires }, { now }) => isPast(expires, now)],
  [NtStatus.ACCOUNT_LOCKED_OUT, "locked-out", "the account is locked out", ({ lockedOut }) => lockedOut === true],
  [NtStatus.INVALID_LOGON_HOURS, "logon-hours", "outside of the account's logon hours", isOutsideHours],
  // Before "expired": a password that must be changed has an expiry of zero, which is past too.
  [
    NtStatus.PASSWORD_MUST_CHANGE,
    "must-change-password",
    "the password must be changed first",
    ({ passwordExpires }, { by }) => by === "password" && passwordExpires === "at-next-logon",
  ],
  [
    NtStatus.PASSWORD_EXPIRED,
    "password-expired",
    "the password has expired",
    ({ passwordExpires: end }, { now, by }) => by === "password" && end instanceof Date && isPast(end, now),
  ],
  [
    NtStatus.SMARTCARD_LOGON_REQUIRED,
    "smartcard-required",
    "the account logs on by smart card only",
    ({ smartcardRequired }, { by }) => smartcardRequired === true && by !== "certificate",
  ],
  [
    NtStatus.NOLOGON_INTERDOMAIN_TRUST_ACCOUNT,
    "trust-account",
    "it is the account of another domain",
    ({ trust }) => trust === "interdomain",
  ],
  [
    NtStatus.NOLOGON_WORKSTATION_TRUST_ACCOUNT,
    "trust-account",
    "it is the account of a computer",
    ({ trust }) => trust === "workstation",
  ],
  [
    NtStatus.NOLOGON_SERVER_TRUST_ACCOUNT,
    "trust-account",
    "it is the account of a domain controller",
    ({ trust }) => trust === "server",
  ],
  [NtStatus.INVALID_WORKSTATION, "workstation", "the account may not log on from this workstation", isElsewhere],
  [
    NtStatus.ACCOUNT_RESTRICTION,
    "restricted",
    "a member of Protected Users may not use NTLM",
    ({ protectedUser }, { byNtlm }) => protectedUser === true && byNtlm,
  ],
  [
    NtStatus.LOGON_TYPE_NOT_GRANTED,
    "not-authorized",
    "the account may not use this listener",
    ({ listeners }, { listener }) => listeners !== undefined && !listeners.includes(listener),
  ],
];

/**
 * The first check that refuses; undefined: the account may log on. To be asked after the proof was found right, so that
 * nobody learns an account's state without its password.
 */
export function denialByState(state: AccountState, logon: LogonCircumstances, user: string): Denied | undefined {
  const found = CHECKS.find((check) => check[3](state, logon)); // taken apart, each would cost more than it checks
  if (found === undefined) return undefined;
  const [status, reason, why] = found;
  return { kind: "denied", reason, why, user, status };
}

function isPast(time: Date | undefined, now: Date): boolean {
  return time !== undefined && time.getTime() <= now.getTime();
}

/** Attribute missing: always. */
function isOutsideHours({ logonHours }: AccountState, { now }: LogonCircumstances): boolean {
  return logonHours !== undefined && !isLogonHour(logonHours, now.getUTCDay() * 24 + now.getUTCHours());
}

function isElsewhere({ workstations }: AccountState, { workstation = "" }: LogonCircumstances): boolean {
  return workstations !== undefined && !workstations.some((each) => each.toLowerCase() === workstation.toLowerCase());
}

/** What can go wrong between us and a directory, and what of it speaks about a user: result codes of RFC 4511 appendix A. */
import { denialBy, NtStatus, ntStatusName } from "../../core/nt-status.ts";
import type { Denied, Unavailable, Unknown } from "../../core/verdict.ts";

/** The directory could not say. The message is for the log and holds no password. */
export class DirectoryFailure extends Error {
  override readonly name = "DirectoryFailure";
  /** Whether another connection or server may do better. */
  readonly isPassing: boolean;

  constructor(message: string, isPassing = true) {
    super(message);
    this.isPassing = isPassing;
  }
}

export const ResultCode = {
  operationsError: 1,
  protocolError: 2,
  timeLimitExceeded: 3,
  constraintViolation: 19,
  noSuchObject: 32,
  invalidDNSyntax: 34,
  inappropriateAuthentication: 48,
  invalidCredentials: 49,
  busy: 51,
  unavailable: 52,
  unwillingToPerform: 53,
  other: 80,
} as const;

/** Those after which another server is worth a question. */
const PASSING: ReadonlySet<number> = new Set([
  ...[ResultCode.operationsError, ResultCode.timeLimitExceeded, ResultCode.busy, ResultCode.unavailable],
  ResultCode.other,
]);

/** The result code in an error of the driver's; undefined: there was no result at all. */
export function resultCode(error: unknown): number | undefined {
  if (!(error instanceof Error) || !("code" in error)) return undefined;
  return typeof error.code === "number" && error.code > 0 ? error.code : undefined;
}

/** Whatever happened, as a failure of the directory. */
export function failureOf(error: unknown, doing: string): DirectoryFailure {
  if (error instanceof DirectoryFailure) return error;
  const code = resultCode(error);
  const text = error instanceof Error ? printable(error.message) : "an unknown fault";
  return new DirectoryFailure(`${doing}: ${text}`, code === undefined || PASSING.has(code));
}

function printable(text: string): string {
  return text.replace(/[^\x20-\x7e]+/g, " ").slice(0, 300);
}

/** A server's refusal of a user's bind; undefined where it is no word about the user. */
export function refusedBind(error: unknown, user: string): Denied | Unknown | Unavailable | undefined {
  const code = resultCode(error);
  const text = error instanceof Error ? error.message : "";
  switch (code) {
    case ResultCode.invalidCredentials:
      return refusedCredentials(text, user);
    case ResultCode.noSuchObject:
    case ResultCode.invalidDNSyntax:
    case ResultCode.inappropriateAuthentication:
      return deny(NtStatus.LOGON_FAILURE, user);
    // 389 Directory Server: too many wrong passwords.
    case ResultCode.constraintViolation:
      return deny(NtStatus.ACCOUNT_LOCKED_OUT, user);
    // 389 Directory Server and FreeIPA: "Account inactivated. Contact system administrator."
    case ResultCode.unwillingToPerform:
      return /inactivated|disabled/i.test(text) ? deny(NtStatus.ACCOUNT_DISABLED, user) : undefined;
    default:
      return undefined;
  }
}

/**
 * Active Directory and Samba say more in the diagnostic message: `80090308: LdapErr: ..., data 533, v4563`, which is a
 * Windows error in hexadecimal. But for the lock-out it is said only to who has the right password.
 */
function refusedCredentials(text: string, user: string): Denied | Unknown | Unavailable {
  const [, data] = /\bdata ([0-9a-f]{1,8})\b/i.exec(text) ?? [];
  const status =
    data === undefined ? NtStatus.LOGON_FAILURE : (WINDOWS_ERRORS[parseInt(data, 16)] ?? NtStatus.LOGON_FAILURE);
  if (status === NtStatus.NO_SUCH_USER) return { kind: "unknown", why: "no account of this name", status };
  return deny(status, user);
}

const WINDOWS_ERRORS: Readonly<Record<number, number>> = {
  0x51f: NtStatus.NO_LOGON_SERVERS,
  0x525: NtStatus.NO_SUCH_USER,
  0x52e: NtStatus.LOGON_FAILURE,
  0x52f: NtStatus.ACCOUNT_RESTRICTION,
  0x530: NtStatus.INVALID_LOGON_HOURS,
  0x531: NtStatus.INVALID_WORKSTATION,
  0x532: NtStatus.PASSWORD_EXPIRED,
  0x533: NtStatus.ACCOUNT_DISABLED,
  0x569: NtStatus.LOGON_TYPE_NOT_GRANTED,
  0x701: NtStatus.ACCOUNT_EXPIRED,
  0x70f: NtStatus.NOLOGON_INTERDOMAIN_TRUST_ACCOUNT,
  0x710: NtStatus.NOLOGON_WORKSTATION_TRUST_ACCOUNT,
  0x711: NtStatus.NOLOGON_SERVER_TRUST_ACCOUNT,
  0x773: NtStatus.PASSWORD_MUST_CHANGE,
  0x775: NtStatus.ACCOUNT_LOCKED_OUT,
};

function deny(status: number, user: string): Denied | Unavailable {
  const reason = denialBy(status);
  const name = ntStatusName(status);
  if (reason === undefined) return { kind: "unavailable", why: `the directory says ${name}` };
  const why = reason === "bad-credentials" ? "wrong password" : `the directory refuses the account: ${name}`;
  return { kind: "denied", reason, why, user, status };
}

/**
 * What other directories say of an account's state: shadowAccount (RFC 2307), OpenLDAP's ppolicy, 389 Directory Server's
 * lock and Samba 3's sambaSamAccount, as far as an entry has them.
 */
import type { AccountState } from "../../accounts/state.ts";
import type { Entry } from "./entry.ts";

export const STATE_ATTRIBUTES: readonly string[] = [
  ...["shadowExpire", "pwdAccountLockedTime", "pwdReset", "nsAccountLock"],
  ...["sambaAcctFlags", "sambaKickoffTime", "sambaLogonHours", "sambaUserWorkstations"],
];

const DAY = 86_400_000;
/** For ever, until an administrator says otherwise: draft-behera-ldap-password-policy section 5.3.3. */
const LOCKED_FOR_EVER = "000001010000Z";

/**
 * `isBound`: the server itself has just accepted the password, so that a lock that ends by itself has ended. Without that
 * any lock counts, since its end is in a policy that we do not read.
 */
export function stateOf(entry: Entry, isBound: boolean): AccountState {
  const flags = entry.text("sambaAcctFlags") ?? "";
  const locked = entry.text("pwdAccountLockedTime");
  const isLocked = locked !== undefined && (!isBound || locked === LOCKED_FOR_EVER);
  const workstations = entry
    .text("sambaUserWorkstations")
    ?.split(",")
    .filter((name) => name.trim() !== "");
  return {
    disabled: flags.includes("D") || isTrue(entry.text("nsAccountLock")),
    expires: earlier(days(entry.text("shadowExpire")), seconds(entry.text("sambaKickoffTime"))),
    lockedOut: isLocked || flags.includes("L"),
    logonHours: hours(entry.text("sambaLogonHours")),
    passwordExpires: isTrue(entry.text("pwdReset")) ? "at-next-logon" : undefined,
    trust: flags.includes("I")
      ? "interdomain"
      : flags.includes("S")
        ? "server"
        : flags.includes("W")
          ? "workstation"
          : undefined,
    workstations: workstations?.length === 0 ? undefined : workstations?.map((name) => name.trim()),
  };
}

function isTrue(text: string | undefined): boolean {
  return text?.toLowerCase() === "true";
}

/** Days since 1970; -1 means never. */
function days(text: string | undefined): Date | undefined {
  return text !== undefined && /^\d{1,7}$/.test(text) ? new Date(Number(text) * DAY) : undefined;
}

/** Seconds since 1970; Samba writes the end of its time for never. */
function seconds(text: string | undefined): Date | undefined {
  if (text === undefined || !/^\d{1,10}$/.test(text)) return undefined;
  const value = Number(text);
  return value === 0 || value >= 0x7fff_ffff ? undefined : new Date(value * 1000);
}

function earlier(one: Date | undefined, other: Date | undefined): Date | undefined {
  if (one === undefined || other === undefined) return one ?? other;
  return one < other ? one : other;
}

/** 42 hexadecimal digits. */
function hours(text: string | undefined): Uint8Array | undefined {
  return text !== undefined && /^[0-9a-f]{42}$/i.test(text) ? Buffer.from(text, "hex") : undefined;
}

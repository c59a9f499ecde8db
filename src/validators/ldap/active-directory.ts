/** What Active Directory and Samba say of an account's state: MS-ADTS, MS-ADA1 to 3 and MS-SAMR 3.1.5.14.4 in AccountState. */
import type { AccountState } from "../../accounts/state.ts";
import type { Entry } from "./entry.ts";
import { DirectoryFailure } from "./failure.ts";

export const STATE_ATTRIBUTES: readonly string[] = [
  "userAccountControl",
  "msDS-User-Account-Control-Computed",
  "accountExpires",
  "lockoutTime",
  "logonHours",
  "pwdLastSet",
  "msDS-UserPasswordExpiryTimeComputed",
  "userWorkstations",
  "objectClass",
];

/** userAccountControl, MS-ADTS 2.2.16. */
const Flag = {
  accountDisable: 0x2,
  lockout: 0x10,
  interdomainTrust: 0x800,
  workstationTrust: 0x1000,
  serverTrust: 0x2000,
  dontExpirePassword: 0x10000,
  smartcardRequired: 0x40000,
  passwordExpired: 0x800000,
} as const;

const NEVER_MUST_CHANGE =
  Flag.dontExpirePassword | Flag.smartcardRequired | Flag.interdomainTrust | Flag.workstationTrust | Flag.serverTrust;

/** Throws DirectoryFailure when the service account may not read what decides. */
export function stateOf(entry: Entry, protectedUser: boolean | undefined): AccountState {
  const control = flags(entry, "userAccountControl");
  if (control === undefined)
    throw new DirectoryFailure(`the service account cannot read userAccountControl of ${entry.dn}`, false);
  const computed = flags(entry, "msDS-User-Account-Control-Computed");
  const [hours] = entry.bytes("logonHours");
  const workstations = entry
    .text("userWorkstations")
    ?.split(",")
    .filter((name) => name.trim() !== "");
  return {
    disabled: has(control, Flag.accountDisable),
    expires: fileTime(entry.text("accountExpires")),
    lockedOut: computed === undefined ? isLockedBy(entry) : has(computed, Flag.lockout),
    logonHours: hours,
    passwordExpires: passwordExpires(entry, control, computed ?? 0),
    smartcardRequired: has(control, Flag.smartcardRequired),
    trust: trustOf(entry, control),
    workstations: workstations?.length === 0 ? undefined : workstations?.map((name) => name.trim()),
    protectedUser,
  };
}

function has(flags: number, flag: number): boolean {
  return (flags & flag) !== 0;
}

function flags(entry: Entry, attribute: string): number | undefined {
  const text = entry.text(attribute);
  return text !== undefined && /^-?\d{1,10}$/.test(text) ? Number(text) >>> 0 : undefined;
}

/** Without the computed flags an old lock-out looks like a new one: the domain itself ends it at the next right logon. */
function isLockedBy(entry: Entry): boolean {
  return /^[1-9]\d*$/.test(entry.text("lockoutTime") ?? "");
}

function passwordExpires(entry: Entry, control: number, computed: number): AccountState["passwordExpires"] {
  if (has(control, NEVER_MUST_CHANGE)) return undefined;
  if (entry.text("pwdLastSet") === "0") return "at-next-logon";
  if (has(computed, Flag.passwordExpired)) return new Date(0);
  return fileTime(entry.text("msDS-UserPasswordExpiryTimeComputed"));
}

function trustOf(entry: Entry, control: number): AccountState["trust"] {
  if (has(control, Flag.interdomainTrust)) return "interdomain";
  if (has(control, Flag.serverTrust)) return "server";
  const isComputer = entry.texts("objectClass").some((each) => each.toLowerCase() === "computer");
  return has(control, Flag.workstationTrust) || isComputer ? "workstation" : undefined;
}

const NEVER = 0x7fff_ffff_ffff_ffffn;
/** 100 ns units from 1601 to 1970. */
const EPOCH = 116_444_736_000_000_000n;
/** The furthest that a Date reaches, in milliseconds. */
const LAST = 8_640_000_000_000_000n;

/** 0 and the greatest number mean never. */
function fileTime(text: string | undefined): Date | undefined {
  if (text === undefined || !/^\d{1,19}$/.test(text)) return undefined;
  const value = BigInt(text);
  if (value === 0n || value >= NEVER) return undefined;
  const milliseconds = (value - EPOCH) / 10_000n;
  return new Date(Number(milliseconds > LAST ? LAST : milliseconds));
}

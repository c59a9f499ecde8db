/** Account state: each check with its NTSTATUS, their order as MS-APDS 3.1.5 has it, and the edges of times. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { parseLogonHours } from "../../src/accounts/logon-hours.ts";
import { denialByState, type AccountState, type LogonCircumstances } from "../../src/accounts/state.ts";

/** A Thursday. */
const NOW = new Date("2026-10-01T12:30:00Z");
const LOGON: LogonCircumstances = {
  now: NOW,
  listener: "imaps",
  workstation: "PC-7",
  byNtlm: true,
  by: "password",
};

function answer(state: AccountState, change: Partial<LogonCircumstances> = {}): string {
  const denial = denialByState(state, { ...LOGON, ...change }, "alice");
  assert.equal(denial?.user ?? "alice", "alice");
  return denial === undefined ? "may log on" : `${denial.reason} ${denial.status?.toString(16)}`;
}

/** In the order of MS-APDS 3.1.5, with the values of MS-ERREF 2.3.1. */
const REFUSING: readonly (readonly [AccountState, string])[] = [
  [{ disabled: true }, "disabled c0000072"],
  [{ expires: NOW }, "expired c0000193"],
  [{ lockedOut: true }, "locked-out c0000234"],
  [{ logonHours: new Uint8Array(21) }, "logon-hours c000006f"],
  [{ passwordExpires: "at-next-logon" }, "must-change-password c0000224"],
  [{ passwordExpires: NOW }, "password-expired c0000071"],
  [{ smartcardRequired: true }, "smartcard-required c00002fa"],
  [{ trust: "interdomain" }, "trust-account c0000198"],
  [{ trust: "workstation" }, "trust-account c0000199"],
  [{ trust: "server" }, "trust-account c000019a"],
  [{ workstations: ["PC-8"] }, "workstation c0000070"],
  [{ protectedUser: true }, "restricted c000006e"],
  [{ listeners: ["pop3s", "submission"] }, "not-authorized c000015b"],
];

test("each state refuses with its own reason and NTSTATUS, and says whose account it is", () => {
  for (const [state, expected] of REFUSING) assert.equal(answer(state), expected);
});

test("of several the first in the specification's order refuses", () => {
  let rest: AccountState = {};
  for (const [state, expected] of REFUSING.toReversed()) {
    rest = { ...rest, ...state };
    assert.equal(answer(rest), expected);
  }
});

test("an account of which nothing is known may log on, and so may one that nothing holds back", () => {
  assert.equal(answer({}), "may log on");
  const free: AccountState = {
    disabled: false,
    expires: new Date("2027-01-01T00:00:00Z"),
    lockedOut: false,
    logonHours: new Uint8Array(21).fill(255),
    passwordExpires: new Date("2027-01-01T00:00:00Z"),
    smartcardRequired: false,
    trust: undefined,
    workstations: ["PC-8", "pc-7"],
    listeners: ["imaps"],
    protectedUser: false,
  };
  assert.equal(answer(free), "may log on");
});

test("at the moment itself account and password have expired, a millisecond before not", () => {
  const later = new Date(NOW.getTime() + 1);
  assert.deepEqual([answer({ expires: NOW }), answer({ expires: later })], ["expired c0000193", "may log on"]);
  assert.deepEqual(
    [answer({ passwordExpires: NOW }), answer({ passwordExpires: later })],
    ["password-expired c0000071", "may log on"],
  );
});

test("logon hours count in UTC, from the full hour to before the next one", () => {
  const logonHours = parseLogonHours("thu/12-13")!;
  const at = (time: string) => answer({ logonHours }, { now: new Date(time) });
  assert.equal(at("2026-10-01T12:00:00Z"), "may log on");
  assert.equal(at("2026-10-01T12:59:59.999Z"), "may log on");
  assert.equal(at("2026-10-01T11:59:59.999Z"), "logon-hours c000006f");
  assert.equal(at("2026-10-01T13:00:00Z"), "logon-hours c000006f");
  assert.equal(at("2026-10-02T12:30:00Z"), "logon-hours c000006f");
  const sunday = { logonHours: Uint8Array.of(1, ...new Uint8Array(20)) };
  assert.equal(answer(sunday, { now: new Date("2026-10-04T00:30:00Z") }), "may log on");
  const saturday = { logonHours: Uint8Array.of(...new Uint8Array(20), 128) };
  assert.equal(answer(saturday, { now: new Date("2026-10-03T23:30:00Z") }), "may log on");
  assert.equal(answer({ logonHours: new Uint8Array(20).fill(255) }), "logon-hours c000006f", "no such attribute");
});

test("a list of workstations refuses a client that names none", () => {
  assert.equal(answer({ workstations: ["PC-7"] }, { workstation: undefined }), "workstation c0000070");
  assert.equal(answer({ workstations: ["PC-7"] }, { workstation: "" }), "workstation c0000070");
});

test("Protected Users are kept from NTLM only", () => {
  assert.equal(answer({ protectedUser: true }, { byNtlm: false }), "may log on");
});

test("a password's age does not concern app passwords and certificates, a smart card only certificates", () => {
  const by = (state: AccountState) =>
    (["password", "app-password", "certificate"] as const).map((each) => answer(state, { by: each }).split(" ")[0]);
  assert.deepEqual(by({ passwordExpires: "at-next-logon" }), ["must-change-password", "may", "may"]);
  assert.deepEqual(by({ passwordExpires: NOW }), ["password-expired", "may", "may"]);
  assert.deepEqual(by({ smartcardRequired: true }), ["smartcard-required", "smartcard-required", "may"]);
  assert.deepEqual(by({ disabled: true }), ["disabled", "disabled", "disabled"]);
});

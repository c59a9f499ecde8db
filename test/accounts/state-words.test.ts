/** State in words: read, written again, and what is said of words that mean nothing. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { formatInstant, parseInstant } from "../../src/accounts/instant.ts";
import { formatLogonHours, parseLogonHours } from "../../src/accounts/logon-hours.ts";
import { parseState, stateWords } from "../../src/accounts/state-words.ts";

const words = (text: string) => new Map(text.split(" ").map((word) => word.split(/=(.*)/s, 2) as [string, string]));

test("every word is read, and written as it was", () => {
  const text =
    "disabled=yes expires=2026-12-31T18:00Z locked=yes logon-hours=mon-fri/08-18 password-expires=2027-01-01 smartcard=yes trust=server workstations=A,B listeners=imaps,submission protected=yes";
  const state = parseState(words(text));
  assert.ok(typeof state !== "string");
  const { logonHours, ...rest } = state;
  assert.equal(formatLogonHours(logonHours ?? new Uint8Array()), "mon-fri/08-18");
  assert.deepEqual(rest, {
    disabled: true,
    expires: new Date("2026-12-31T18:00:00Z"),
    lockedOut: true,
    passwordExpires: new Date("2027-01-01T00:00:00Z"),
    smartcardRequired: true,
    trust: "server",
    workstations: ["A", "B"],
    listeners: ["imaps", "submission"],
    protectedUser: true,
  });
  assert.equal([...stateWords(state)].map(([key, word]) => `${key}=${word}`).join(" "), text);
});

test("that a password must be changed overrules its date, in whatever order", () => {
  for (const text of ["must-change=yes password-expires=2030-01-01", "password-expires=2030-01-01 must-change=yes"])
    assert.deepEqual(parseState(words(text)), { passwordExpires: "at-next-logon" });
  assert.deepEqual(parseState(words("must-change=no password-expires=2030-01-01")), {
    passwordExpires: new Date("2030-01-01T00:00:00Z"),
  });
});

test("flags are taken as files and databases write them; what is not so is not said", () => {
  for (const yes of ["yes", "Yes", "true", "t", "1"])
    assert.deepEqual(parseState(words(`locked=${yes}`)), { lockedOut: true });
  for (const no of ["no", "NO", "false", "f", "0"]) assert.deepEqual(parseState(words(`locked=${no}`)), {});
  assert.deepEqual([...stateWords({ disabled: false })], []);
});

test("a word that means nothing is named", () => {
  const wrong = {
    "disabled=maybe": "disabled= is neither yes nor no",
    "locked=": "locked= is neither yes nor no",
    "expires=tomorrow": "expires= is neither a day such as 2026-12-31 nor a time such as 2026-12-31T18:00Z",
    "password-expires=1": "password-expires= is neither a day",
    "logon-hours=always": "logon-hours= is neither days and hours such as mon-fri/08-18,sat nor 42 hexadecimal digits",
    "trust=yes": "trust= is neither interdomain, workstation nor server",
    "workstations=A,,B": "workstations= is a list with an empty name in it",
    "listeners=": "listeners= is a list with an empty name in it",
  };
  for (const [text, message] of Object.entries(wrong)) {
    const state = parseState(words(text));
    assert.ok(typeof state === "string" && state.startsWith(message), `${text}: ${JSON.stringify(state)}`);
  }
});

test("a day begins at midnight UTC; times need a zone, and days must exist", () => {
  const iso = (text: string) => parseInstant(text)?.toISOString();
  assert.equal(iso("2026-12-31"), "2026-12-31T00:00:00.000Z");
  assert.equal(iso("2026-12-31T18:00+02:00"), "2026-12-31T16:00:00.000Z");
  assert.equal(iso("2024-02-29T23:59:59.999Z"), "2024-02-29T23:59:59.999Z");
  for (const text of [
    ...["", "2026-02-29", "2026-13-01", "2026-12-31T18:00", "2026-12-31 18:00Z", "20261231", "2026-12-31T25:00Z"],
    ...["1e3", "2026-12-31T18:00:00Z ", "+012026-12-31"],
  ])
    assert.equal(parseInstant(text), undefined, text);
});

test("moments are written as short as they are read", () => {
  for (const text of ["2026-12-31", "2026-12-31T18:00Z", "2026-12-31T18:00:05Z", "2026-12-31T18:00:05.250Z"])
    assert.equal(formatInstant(parseInstant(text)!), text);
});

test("logon hours in words are the bits that MS-ADA1 has for them", () => {
  const hex = (text: string) => Buffer.from(parseLogonHours(text) ?? []).toString("hex");
  assert.equal(hex("sun/00-01"), `01${"00".repeat(20)}`);
  assert.equal(hex("sat/23-24"), `${"00".repeat(20)}80`);
  assert.equal(hex("mon/08-16"), `${"00".repeat(4)}ff${"00".repeat(16)}`);
  assert.equal(hex("sun-sat"), "ff".repeat(21));
  assert.equal(hex("mon-sun"), "ff".repeat(21));
  assert.equal(hex("never"), "00".repeat(21));
  assert.equal(hex("AB".repeat(21)), "ab".repeat(21));
  assert.equal(hex("sat/22-02"), `03${"00".repeat(19)}c0`, "over midnight, into the next week");
  assert.equal(hex("fri-mon/00-08"), `ff0000ff${"00".repeat(11)}ff0000ff0000`, "over Sunday");
});

test("logon hours that nobody can read are refused", () => {
  for (const text of [
    ...["", "always", "mon/8-18", "mon/08-25", "mon/24-08", "mon/08-08", "mon-", "Mon", "mon/08-18,", "mon 08-18"],
    ...["ab".repeat(20), "ab".repeat(22), "xy".repeat(21), "mon/00-00"],
  ])
    assert.equal(parseLogonHours(text), undefined, text);
});

test("any bits become words that are read as the same bits", () => {
  let seed = 1;
  const random = () => (seed = (seed * 48271) % 0x7fffffff);
  for (let round = 0; round < 300; round++) {
    const often = round % 3;
    const bits = Uint8Array.from({ length: 21 }, () => (often === 0 ? random() : random() & random()) & 255);
    const text = formatLogonHours(bits);
    assert.deepEqual(parseLogonHours(text), bits, text);
  }
  assert.equal(
    formatLogonHours(parseLogonHours("mon-fri/08-12,mon-fri/13-18,sat")!),
    "mon-fri/08-12,mon-fri/13-18,sat",
  );
  assert.equal(formatLogonHours(new Uint8Array(21)), "never");
  assert.equal(formatLogonHours(new Uint8Array(21).fill(255)), "mon-sun");
  assert.equal(formatLogonHours(new Uint8Array(3).fill(255)), "never", "which is how it is judged");
});

/** One row, one account: columns of every type that the drivers give, and rows that are none. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { accountOfRow, type Row } from "../../../src/validators/sql/row.ts";

const NT = "64f12cddaa88057e06a81b54e73b949b";

function account(row: Row) {
  const made = accountOfRow({ name: "alice", nt: NT, ...row });
  assert.ok(typeof made === "object", String(made));
  return made;
}

test("NULL and empty columns say nothing", () => {
  const { identity, state } = account({
    domain: null,
    mailbox: "",
    groups: null,
    expires: "",
    room: null,
    disabled: null,
  });
  assert.deepEqual(identity, { user: "alice", mailbox: "alice", groups: [], attributes: {} });
  assert.deepEqual(state, {});
});

test("flags are what databases have for them", () => {
  for (const yes of [true, 1, 1n, "1", "t", "true", "yes", "YES"])
    assert.equal(account({ disabled: yes }).state.disabled, true, String(yes));
  for (const no of [false, 0, 0n, "0", "f", "no"])
    assert.equal(account({ disabled: no }).state.disabled, undefined, String(no));
});

test("times are UTC where nothing else is said", () => {
  const expected = "2026-12-31T18:00:00.000Z";
  const same = [
    "2026-12-31 18:00",
    "2026-12-31 18:00:00",
    "2026-12-31 18:00:00.000",
    "2026-12-31T19:00:00+01:00",
    new Date(expected),
  ];
  for (const time of same)
    assert.equal(account({ expires: time }).state.expires?.toISOString(), expected, String(time));
});

test("lists are arrays, JSON or names with commas", () => {
  for (const groups of [["a", "b c"], '["a", "b c"]', "a,b c", "a, b c,", Buffer.from("a,b c")])
    assert.deepEqual(account({ groups }).identity.groups, ["a", "b c"], String(groups));
  assert.deepEqual(account({ workstations: ["PC1", "PC2"] }).state.workstations, ["PC1", "PC2"]);
  assert.deepEqual(account({ listeners: '["imaps"]' }).state.listeners, ["imaps"]);
});

test("columns are words of the account file in any case, with an underscore where those have a hyphen", () => {
  assert.equal(account({ MUST_CHANGE: true }).state.passwordExpires, "at-next-logon");
  assert.equal(account({ Must_Change: 0, Quota: 7 }).identity.attributes["Quota"], "7");
  assert.deepEqual(Buffer.from(account({ nt: Buffer.from(NT, "hex") }).nt ?? []).toString("hex"), NT);
  assert.equal(account({ logon_hours: new Uint8Array(21).fill(255) }).state.logonHours?.length, 21);
});

test("SIDs make the token, none of them twice", () => {
  const [sid, primary, other] = ["S-1-5-21-1-2-3-1001", "S-1-5-21-1-2-3-513", "S-1-5-32-545"];
  const { token } = account({ sid, primary_group_sid: primary, group_sids: [primary, other] }).identity;
  assert.deepEqual(token, { sids: [sid, primary, other], userIndex: 0, primaryGroup: 1 });
});

test("an attribute is nothing but an attribute, whatever it is called", () => {
  assert.deepEqual(account({ ["__proto__x"]: "1", constructor: "2" }).identity.attributes, {
    ["__proto__x"]: "1",
    constructor: "2",
  });
});

test("what cannot be read is said by its column, never by its value", () => {
  const wrong: readonly (readonly [Row, RegExp])[] = [
    [{ name: null }, /no column name/],
    [{ name: "a:b" }, /the name is empty, too long or has characters/],
    [{ password: "{NOPE}hunter2" }, /column password: /],
    [{ nt: "hunter2" }, /column nt: an NT hash/],
    [{ nt: Buffer.from("hunter2") }, /column nt: an NT hash/],
    [{ scram_sha_256: "hunter2" }, /scram-sha-256= is not/],
    [{ expires: "hunter2" }, /expires= is neither/],
    [{ disabled: "hunter2" }, /disabled= is neither/],
    [{ disabled: 2 }, /disabled= is neither/],
    [{ expires: new Date(NaN) }, /column expires is not of a type/],
    [{ groups: '["hunter2' }, /column groups begins as a JSON array/],
    [{ groups: [1] }, /column groups is not a list of names/],
    [{ groups: ["hunter2\n"].map((each) => `a${each}b`) }, /column groups has control characters/],
    [{ room: { hunter2: 1 } }, /column room is not of a type/],
    [{ room: "hunter2\0" }, /column room has control characters/],
    [{ room: "hunter2".repeat(20_000) }, /column room is too long/],
    [{ room: Buffer.from([255]) }, /column room is not text in UTF-8/],
    [{ Nt: NT }, /column nt is there twice/],
    [{ sid: "hunter2" }, /holds no SID/],
  ];
  for (const [row, expected] of wrong) {
    const said = accountOfRow({ name: "alice", nt: NT, ...row });
    assert.ok(typeof said === "string", JSON.stringify(Object.keys(row)));
    assert.match(said, expected);
    assert.doesNotMatch(said, /hunter2/);
  }
});

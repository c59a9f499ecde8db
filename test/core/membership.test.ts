/** Groups by name and SID: spellings, and what looks like one and is none. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { canonicalSid, groupFinder } from "../../src/core/membership.ts";

const WHO = {
  groups: ["Staff", "cn=mail,dc=example,dc=com"],
  token: { sids: ["S-1-5-21-1-2-3-1104", "S-1-5-21-1-2-3-513"], userIndex: 0, primaryGroup: 1 },
};

test("each SID has one spelling", () => {
  assert.equal(canonicalSid("s-1-5-21-001-2-3-513"), "S-1-5-21-1-2-3-513");
  assert.equal(canonicalSid("S-1-0x000000000005-11"), "S-1-5-11");
  assert.equal(canonicalSid("S-1-0x0000ffffffff-1"), "S-1-4294967295-1");
  assert.equal(canonicalSid("S-1-0xabcdef012345-1"), "S-1-0xABCDEF012345-1");
  assert.equal(canonicalSid("S-1-5-4294967295"), "S-1-5-4294967295");
  for (const text of [
    "",
    "S-1",
    "S-1-",
    "S-1-5-4294967296",
    "S-2-5-11",
    "staff",
    "S-1-5-11 ",
    `S-1-5${"-1".repeat(16)}`,
  ])
    assert.equal(canonicalSid(text), undefined, text);
});

test("groups are found by name or SID without case, and the answer is the name that was asked for", () => {
  assert.equal(groupFinder(["guests", "STAFF"])(WHO), "STAFF");
  assert.equal(groupFinder(["CN=mail,DC=example,DC=com"])(WHO), "CN=mail,DC=example,DC=com");
  assert.equal(groupFinder(["s-1-5-21-1-2-3-513"])(WHO), "s-1-5-21-1-2-3-513");
  assert.equal(groupFinder(["sta*", "S-1-5-21-1-2-3-51"])(WHO), undefined);
  assert.equal(groupFinder([])(WHO), undefined);
});

test("a group whose name looks like a SID is not that SID", () => {
  const impostor = { groups: ["S-1-5-21-1-2-3-512"] };
  assert.equal(groupFinder(["S-1-5-21-1-2-3-512"])(impostor), undefined);
});

test("everybody who logged on is in Everyone and Authenticated Users", () => {
  assert.equal(groupFinder(["S-1-1-0"])({ groups: [] }), "S-1-1-0");
  assert.equal(groupFinder(["staff", "S-1-5-11"])({ groups: [] }), "S-1-5-11");
});

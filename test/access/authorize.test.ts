/** Access rules: deny first, allow lists together, and whom a rule can mean. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { compileAccess, judgeAccess, opinionsOf } from "../../src/access/authorize.ts";
import type { Identity } from "../../src/core/identity.ts";
import type { AccessRule, People } from "../../src/access/rules.ts";
import { wellKnownName } from "../../src/access/well-known-sids.ts";
import { makeToken } from "../../src/core/access-token.ts";
import { canonicalSids } from "../../src/core/membership.ts";
import { NtStatus } from "../../src/core/nt-status.ts";
import { VISIT } from "../support/visit.ts";

const ALICE: Identity = {
  ...{ user: "Alice", domain: "EXAMPLE", domainNames: ["EXAMPLE", "example.com"], mailbox: "a.smith@example.org" },
  ...{ groups: ["Staff"], attributes: {} },
  token: makeToken({ user: "S-1-5-21-1-2-3-1104", primaryGroup: "S-1-5-21-1-2-3-513" }),
};

function rule(name: string, more: Partial<AccessRule>): AccessRule {
  return { name, ...more };
}

function why(rules: readonly AccessRule[], visit: Partial<typeof VISIT> = {}): string {
  return judgeAccess(ALICE, { ...VISIT, ...visit }, rules)?.why ?? "in";
}

test("without rules everybody may", () => {
  assert.equal(compileAccess([])(ALICE, VISIT), undefined);
});

test("deny goes first, whatever the order and whoever allows", () => {
  const allow = rule("staff", { allow: { groups: ["staff"] } });
  const deny = rule("suspended", { deny: { users: ["alice"] } });
  assert.equal(why([allow, deny]), "access rule suspended denies user alice");
  assert.equal(why([deny, allow]), "access rule suspended denies user alice");
  const both = rule("both", { allow: { users: ["*"] }, deny: { sids: ["S-1-5-21-1-2-3-513"] } });
  assert.equal(why([both]), "access rule both denies SID S-1-5-21-1-2-3-513");
});

test("one of all allow lists that apply is enough, and where there is one it is needed", () => {
  const others = rule("others", { allow: { users: ["bob"] } });
  const staff = rule("staff", { allow: { groups: ["STAFF"] } });
  assert.equal(why([others]), "access rule others does not allow the user");
  assert.equal(why([others, staff]), "in");
  assert.equal(
    why([others, rule("admins", { allow: { groups: ["admins"] } })]),
    "access rule others does not allow the user; access rule admins does not allow the user",
  );
  assert.equal(why([rule("nobody-else", { deny: { users: ["bob"] } })]), "in", "a deny list alone lets the others in");
});

test("a rule applies where listener, protocol and network all fit", () => {
  const scope = { listeners: ["front"], protocols: ["imap"], networks: ["192.0.2.0/24"] } as const;
  const deny = [rule("here", { ...scope, deny: { users: ["*"] } })];
  assert.equal(why(deny), "access rule here denies user *");
  assert.equal(why(deny, { listener: "back" }), "in");
  assert.equal(why(deny, { protocol: "smtp" }), "in");
  assert.equal(why(deny, { client: { address: "198.51.100.1", port: 1 } }), "in");
  assert.equal(why(deny, { client: { address: "", port: 0 } }), "in");
});

test("the refusal is not-authorized with the user and the status of a logon type that is not granted", () => {
  assert.deepEqual(judgeAccess(ALICE, VISIT, [rule("x", { deny: { users: ["*"] } })]), {
    kind: "denied",
    reason: "not-authorized",
    why: "access rule x denies user *",
    user: "Alice",
    status: NtStatus.LOGON_TYPE_NOT_GRANTED,
  });
});

test("opinions name each rule that applies", () => {
  const rules = [
    rule("a", { deny: { users: ["bob"] } }),
    rule("b", { allow: { users: ["alice"] } }),
    rule("c", { listeners: ["elsewhere"], deny: { users: ["*"] } }),
    rule("d", { allow: { sids: ["S-1-5-32-544"] } }),
  ];
  assert.deepEqual(
    opinionsOf(rules, ALICE, VISIT).map(({ rule, word }) => `${rule} ${word}`),
    ["a nothing", "b allowed", "d not allowed"],
  );
});

describe("who is meant", () => {
  const table: readonly (readonly [people: People, isMeant: boolean])[] = [
    [{ users: ["alice"] }, true],
    [{ users: ["ALI*"] }, true],
    [{ users: ["al?ce"] }, true],
    [{ users: ["al?e"] }, false],
    [{ users: ["malice", "lice", "alic", "a*b"] }, false],
    [{ users: ["*i*c*"] }, true],
    [{ users: ["*c*i*"] }, false],
    [{ users: ["alice*alice"] }, false],
    [{ users: ["EXAMPLE\\*"] }, true],
    [{ users: ["example.com\\alice"] }, true],
    [{ users: ["alice@example.com"] }, true],
    [{ users: ["*@example.*"] }, true],
    [{ users: ["PARTNER\\alice", "alice@partner.example"] }, false],
    [{ users: ["a.smith@example.org"] }, true],
    [{ users: ["a.smith", "EXAMPLE\\a.smith"] }, false],
    [{ groups: ["staff"] }, true],
    [{ groups: ["S-1-5-21-1-2-3-513"] }, true],
    [{ groups: ["stuff"] }, false],
    [{ sids: ["S-1-5-21-1-2-3-1104"] }, true],
    [{ sids: ["S-1-5-21-1-2-3-110"] }, false],
    [{ sids: ["S-1-5-11"] }, true],
    [{}, false],
  ];
  for (const [people, isMeant] of table)
    test(`${JSON.stringify(people)}: ${isMeant ? "yes" : "no"}`, () =>
      assert.equal(why([rule("x", { deny: people })]) !== "in", isMeant));
});

test("a user without a domain is in nobody's", () => {
  const bob = { user: "bob", mailbox: "bob", groups: [], attributes: {} };
  const isDenied = (pattern: string) =>
    judgeAccess(bob, VISIT, [rule("x", { deny: { users: [pattern] } })]) !== undefined;
  assert.deepEqual(["bob", "EXAMPLE\\bob", "*@*", "*\\*"].map(isDenied), [true, false, false, false]);
});

test("a pattern of many stars costs no more than the name times its pieces", () => {
  const started = performance.now();
  const long = { ...ALICE, user: "a".repeat(256) };
  assert.equal(judgeAccess(long, VISIT, [rule("x", { deny: { users: [`${"*a".repeat(100)}*b`] } })]), undefined);
  assert.ok(performance.now() - started < 200);
});

test("a token has the user, its primary group, groups and extra SIDs in this order, none twice", () => {
  const token = makeToken({
    user: "S-1-5-21-1-2-3-1104",
    primaryGroup: "S-1-5-21-1-2-3-513",
    groups: canonicalSids(["S-1-5-21-1-2-3-513", "S-1-5-21-1-2-3-1200", "no SID"]),
    extra: canonicalSids(["s-1-18-1", "S-1-18-1"]),
  });
  assert.deepEqual(token, {
    sids: ["S-1-5-21-1-2-3-1104", "S-1-5-21-1-2-3-513", "S-1-5-21-1-2-3-1200", "S-1-18-1"],
    userIndex: 0,
    primaryGroup: 1,
  });
  assert.deepEqual(makeToken({ groups: ["S-1-5-11"] }), {
    sids: ["S-1-5-11"],
    userIndex: undefined,
    primaryGroup: undefined,
  });
});

test("well-known SIDs have names", () => {
  assert.equal(wellKnownName("s-1-1-0"), "Everyone");
  assert.equal(wellKnownName("S-1-5-11"), "Authenticated Users");
  assert.equal(wellKnownName("S-1-5-21-1-2-3-525"), "Protected Users");
  for (const other of ["S-1-5-21-1-2-3-1104", "S-1-5-21-525", "S-1-5-32-525", "staff"])
    assert.equal(wellKnownName(other), undefined, other);
});

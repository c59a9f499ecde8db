/** The guard's parts on their own: buckets that leak, memory that is bounded, names and networks as keys. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import { splitName } from "../../src/core/identity.ts";
import { accountKey, foldName } from "../../src/guard/account-name.ts";
import { Known } from "../../src/guard/known.ts";
import { Overflow } from "../../src/guard/overflow.ts";
import { machineOf, networkOf } from "../../src/guard/places.ts";
import { Recent } from "../../src/guard/recent.ts";
import { Tallies, type Rule } from "../../src/guard/tallies.ts";

const SECOND = 1_000;
const MINUTE = 60_000;
const DAY = 86_400_000;
const RULE: Rule = { free: 4, forget: 10 * MINUTE, longest: 15 * SECOND, lock: 50, lockFor: DAY };

describe("a tally", () => {
  test("delays 2, 4, 8 and then always 15 seconds from the last attempt, once the free failures are used up", () => {
    const tallies = new Tallies(10);
    const waits: number[] = [];
    for (let failure = 0; failure < 9; failure++) {
      const { wait } = tallies.standing("a", RULE, 0);
      waits.push(wait / SECOND);
      tallies.begin("a", 0);
      tallies.fail("a", RULE, 0);
    }
    assert.deepEqual(waits, [0, 0, 0, 0, 2, 4, 8, 15, 15]);
  });

  test("locks with exactly its last failure and says once that it did", () => {
    const tallies = new Tallies(10);
    const locked = Array.from({ length: 52 }, () => tallies.fail("a", RULE, 0));
    assert.equal(locked.indexOf(true), 49);
    assert.equal(locked.filter(Boolean).length, 1);
    assert.equal(tallies.standing("a", RULE, 0).lockedFor, (3 * DAY) / 50);
    assert.equal(tallies.standing("a", RULE, (3 * DAY) / 50).lockedFor, 0);
    assert.equal(tallies.standing("b", RULE, 0).lockedFor, 0, "nobody else");
  });

  test("forgets evenly, and all of it in the end", () => {
    const tallies = new Tallies(10);
    for (let failure = 0; failure < 50; failure++) tallies.fail("a", RULE, 0);
    assert.ok(tallies.standing("a", RULE, DAY / 50 - SECOND).lockedFor > 0);
    assert.equal(tallies.standing("a", RULE, DAY / 50).lockedFor, 0, "one failure is forgotten");
    assert.deepEqual([...tallies.entries(RULE, DAY)], []);
    assert.ok(tallies.isClean("a", RULE, DAY));
  });

  test("forgives what it is told to, and never becomes negative", () => {
    const tallies = new Tallies(10);
    for (let failure = 0; failure < 6; failure++) tallies.fail("a", RULE, 0);
    tallies.forgive("a", 5, RULE, 0);
    assert.deepEqual(
      [...tallies.entries(RULE, 0)].map(([, { recent, total }]) => [recent, total]),
      [[1, 1]],
    );
    tallies.forgive("a", 9, RULE, 0);
    assert.equal(tallies.size, 0);
  });

  test("a clock that is set back forgets nothing and breaks nothing", () => {
    const tallies = new Tallies(10);
    for (let failure = 0; failure < 50; failure++) tallies.fail("a", RULE, DAY);
    assert.equal(tallies.standing("a", RULE, 0).lockedFor, DAY / 50);
    assert.equal(tallies.standing("a", RULE, DAY / 50).lockedFor, 0);
  });

  test("however attempts are spread, no more are answered in any time than the bucket holds and leaks meanwhile", () => {
    const gaps = fc.array(fc.integer({ min: 0, max: DAY / 20 }), { minLength: 1, maxLength: 300 });
    const rule = { ...RULE, lock: 10 };
    fc.assert(
      fc.property(gaps, (each) => {
        const tallies = new Tallies(10);
        const answered: number[] = [];
        let now = 0;
        for (const gap of each) {
          now += gap;
          if (tallies.standing("a", rule, now).lockedFor > 0) continue;
          tallies.fail("a", rule, now);
          answered.push(now);
        }
        return answered.every((start, first) =>
          answered
            .slice(first)
            .every((end, count) => count + 1 <= rule.lock + ((end - start) * rule.lock) / rule.lockFor + 1e-3),
        );
      }),
      { numRuns: 200 },
    );
  });

  test("no key is ever locked by another one's failures", () => {
    fc.assert(
      fc.property(fc.array(fc.constantFrom("a", "b", "c"), { maxLength: 200 }), (keys) => {
        const tallies = new Tallies(10);
        const counts = new Map<string, number>();
        for (const key of keys) {
          tallies.fail(key, RULE, 0);
          counts.set(key, (counts.get(key) ?? 0) + 1);
        }
        return ["a", "b", "c"].every((key) => {
          return tallies.standing(key, RULE, 0).lockedFor > 0 === (counts.get(key) ?? 0) >= RULE.lock;
        });
      }),
    );
  });
});

describe("what is kept", () => {
  test("is never more than there is room for, and what is used stays", () => {
    const recent = new Recent<number>(100);
    recent.set("used", 1);
    for (let each = 0; each < 10_000; each++) {
      recent.set(`key ${each}`, each);
      if (each % 40 === 0) assert.equal(recent.get("used"), 1);
      assert.ok(recent.size <= 100);
    }
    assert.equal(recent.get("key 0"), undefined);
    assert.equal(recent.get("key 9999"), 9999);
    assert.ok(recent.delete("used"));
    assert.equal(recent.get("used"), undefined);
  });

  test("stays where it says so", () => {
    const gone: string[] = [];
    const recent = new Recent<number>(4, (key, value) => value === 0 || !gone.push(key));
    for (const [value, key] of ["stays", "a", "b", "c", "d", "e"].entries()) recent.set(key, value);
    assert.equal(recent.get("stays"), 0);
    assert.deepEqual(gone, ["a", "b", "c"]);
  });

  test("of an account's addresses the latest sixteen are known", () => {
    const known = new Known(10);
    for (let at = 1; at <= 20; at++) known.add({ account: "alice", address: `192.0.2.${at}`, at });
    const addresses = [...known.entries()].map(({ address }) => address);
    assert.equal(addresses.length, 16);
    assert.ok(known.has("alice", "192.0.2.20", 0));
    assert.ok(!known.has("alice", "192.0.2.20", 20), "not since then");
    assert.ok(!known.has("alice", "192.0.2.4", 0) && !known.has("bob", "192.0.2.20", 0));
  });

  test("of budgets without room the slot keeps the largest, for as long as it counts", () => {
    const overflow = new Overflow();
    overflow.add("alice", 3, 1000, 500);
    overflow.add("alice", 1, 1400, 500);
    assert.deepEqual(overflow.get("alice"), { spent: 3, at: 1400 });
    overflow.add("alice", 1, 1900, 500);
    assert.deepEqual(overflow.get("alice"), { spent: 1, at: 1900 });
    overflow.delete("alice");
    assert.equal(overflow.get("alice").spent, 0);
  });
});

describe("a key", () => {
  test("is the same for all forms of a name that a directory finds the account by", () => {
    const forms = ["alice", "ALICE", "EXAMPLE\\alice", "alice@example.com", "EXAMPLE\\Alice@example.com", "älice", "a\u0308lice",
      "ａｌｉｃｅ", "al\u200bice", "al\u00adice", "alice ", "al\u0131ce"]; // prettier-ignore
    assert.deepEqual([...new Set(forms.map((form) => accountKey("users", splitName(form), true)))], ["users\nalice"]);
    assert.equal(foldName("STRASSE"), foldName("straße"));
    assert.equal(foldName("SØREN"), foldName("soren"));
    assert.equal(foldName("Ægir"), foldName("aegir"));
  });

  test("keeps domains apart where accounts have them", () => {
    assert.equal(accountKey("users", splitName("info@one.example"), false), "users\ninfo@one.example");
    assert.equal(accountKey("users", splitName("ONE.example\\Info"), false), "users\ninfo@one.example");
    assert.notEqual(accountKey("a", splitName("info"), false), accountKey("b", splitName("info"), false));
  });

  test("is bounded, whatever the name", () => {
    assert.ok(accountKey("users", splitName("\ufdfa".repeat(100_000)), false).length <= 300);
    assert.ok(accountKey("users", splitName("x".repeat(100_000)), true).length <= 300);
  });

  test("is one machine or its network, in every way to write it", () => {
    const rows = [
      ["192.0.2.7", "192.0.2.7", "192.0.2.0/24"],
      ["::ffff:192.0.2.7", "192.0.2.7", "192.0.2.0/24"],
      ["2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64", "2001:db8:1:0::/56"],
      ["2001:db8:1:ff02::6", "2001:db8:1:ff02::/64", "2001:db8:1:ff00::/56"],
      ["2001:db8::6", "2001:db8:0:0::/64", "2001:db8:0:0::/56"],
      ["fe80::1%eth0", "fe80:0:0:0::/64", "fe80:0:0:0::/56"],
      ["::1", "0:0:0:0::/64", "0:0:0:0::/56"],
      ["64:ff9b::192.0.2.7", "64:ff9b:0:0::/64", "64:ff9b:0:0::/56"],
    ];
    for (const [address = "", machine, network] of rows)
      assert.deepEqual([machineOf(address), networkOf(address, { ipv4: 24, ipv6: 56 })], [machine, network], address);
    assert.equal(networkOf("192.0.255.7", { ipv4: 20, ipv6: 48 }), "192.0.240.0/20");
    assert.equal(networkOf("192.0.255.7", { ipv4: 32, ipv6: 48 }), "192.0.255.7");
    assert.equal(typeof machineOf("no address"), "string");
  });
});

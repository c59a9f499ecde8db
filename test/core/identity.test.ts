/** Names as clients send them. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { isPlausibleName, NAME_LIMIT, splitName } from "../../src/core/identity.ts";

const SPLIT: readonly [string, string, string | undefined][] = [
  ["alice", "alice", undefined],
  ["EXAMPLE\\alice", "alice", "EXAMPLE"],
  ["alice@example.com", "alice", "example.com"],
  ["EXAMPLE\\alice@example.com", "alice@example.com", "EXAMPLE"],
  ["alice@home@example.com", "alice@home", "example.com"],
  ["\\alice", "\\alice", undefined],
  ["@example.com", "@example.com", undefined],
  ["alice@", "alice@", undefined],
  ["EXAMPLE\\", "", "EXAMPLE"],
  ["", "", undefined],
];

for (const [name, user, domain] of SPLIT) {
  test(`"${name}" is user "${user}" of ${domain ?? "no domain"}`, () =>
    assert.deepEqual(splitName(name), { user, domain }));
}

test("plausible names have something in them, no controls, no lone surrogates, and an end", () => {
  for (const name of ["alice", "a b", "jörg", "日本", "a".repeat(NAME_LIMIT), "x\u00a0y"])
    assert.ok(isPlausibleName(name), name);
  const bad = ["", "a\0b", "a\r\nb", "a\tb", "a\u007f", "a\u0085b", "a\u009bb", "\ud800", "a".repeat(NAME_LIMIT + 1)];
  for (const name of bad) assert.ok(!isPlausibleName(name), JSON.stringify(name));
});

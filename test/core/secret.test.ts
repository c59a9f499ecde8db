/** A secret is used on purpose, and never printed by accident. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { format, inspect } from "node:util";
import { Secret } from "../../src/core/secret.ts";

const secret = new Secret("hunter2");

test("a secret reveals itself only when asked to", () => {
  assert.equal(secret.reveal(), "hunter2");
  assert.equal(secret.isEmpty, false);
  assert.equal(new Secret("").isEmpty, true);
});

test("no usual way to print a value shows it", () => {
  const printed = [
    String(secret),
    `${secret}`,
    JSON.stringify({ secret }),
    inspect(secret),
    inspect({ deep: { secret } }, { depth: 9, showHidden: true }),
    format("%s %o %O %j", secret, secret, secret, secret),
    JSON.stringify(Object.entries(secret)),
    new Error(`why ${secret}`).stack ?? "",
  ];
  for (const text of printed) assert.doesNotMatch(text, /hunter2/);
});

/** What a validator can do is what it has methods for. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { can, type Validator } from "../../src/core/validator.ts";

test("a validator can do what it has a method for", () => {
  const verdict = () => Promise.resolve({ kind: "unknown", why: "" } as const);
  const onlyPasswords: Validator = { name: "passwords", password: verdict };
  assert.equal(can(onlyPasswords, "password"), true);
  assert.equal(can(onlyPasswords, "ntlm"), false);
  assert.equal(can({ name: "nothing" }, "password"), false);
});

/** What is ASCII, and what of it can be printed: each character on its own, in the midst of others. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { isAscii, isPrintableAscii } from "../../src/core/ascii.ts";

test("each of the first 300 characters is told as the patterns would tell it", () => {
  for (let code = 0; code < 300; code += 1) {
    const text = `a${String.fromCharCode(code)}z`;
    assert.equal(isAscii(text), /^[\u0000-\u007f]*$/.test(text), `U+${code.toString(16)}`);
    assert.equal(isPrintableAscii(text), /^[\x20-\x7e]*$/.test(text), `U+${code.toString(16)}`);
  }
});

test("nothing at all has no other characters, and neither half of a surrogate pair is ASCII", () => {
  assert.ok(isAscii("") && isPrintableAscii(""));
  for (const text of ["\ud83d", "\udc00", "😀"]) assert.ok(!isAscii(text) && !isPrintableAscii(text));
});

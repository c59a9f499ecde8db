/** SASLprep against the examples of RFC 4013 section 3, and what it refuses. */
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { saslprep } from "../../src/scram/saslprep.ts";

/** RFC 4013 section 3. */
const EXAMPLES: readonly [string, string | undefined][] = [
  ["I\u00adX", "IX"],
  ["user", "user"],
  ["USER", "USER"],
  ["\u00aa", "a"],
  ["\u2168", "IX"],
  ["\u0007", undefined],
  ["\u0627\u0031", undefined],
];

for (const [input, output] of EXAMPLES) {
  test(`RFC 4013's example ${JSON.stringify(input)} becomes ${JSON.stringify(output)}`, () => {
    assert.equal(saslprep(input, "query"), output);
    assert.equal(saslprep(input, "storage"), output);
  });
}

test("what nothing is left of, and halves of surrogate pairs, are refused", () => {
  for (const text of ["", "\u00ad", "\ud800", "a\udfffb"]) assert.equal(saslprep(text, "query"), undefined);
});

test("spaces of all kinds become ASCII's, and composed letters one code point", () => {
  assert.equal(saslprep("a\u00a0b\u3000c", "query"), "a b c");
  assert.equal(saslprep("u\u0308", "query"), "\u00fc");
});

test("code points that Unicode 3.2 does not assign may be asked for but not stored", () => {
  assert.equal(saslprep("a\u0221", "query"), "a\u0221");
  assert.equal(saslprep("a\u0221", "storage"), undefined);
});

test("any text is prepared or refused, never an exception, and preparing twice changes nothing", () => {
  fc.assert(
    fc.property(fc.string({ unit: "binary", maxLength: 300 }), (text) => {
      const once = saslprep(text, "query");
      if (once !== undefined) assert.equal(saslprep(once, "query") ?? once, once);
    }),
  );
  assert.equal(typeof saslprep("é".repeat(500_000), "query"), "undefined", "too long for the package's own call stack");
});

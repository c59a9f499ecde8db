/** SPNEGO tokens in words: recorded ones, broken ones, and any bytes. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { describe, test } from "node:test";
import fc from "fast-check";
import { formatSasl } from "../../src/observe/sasl-words.ts";
import { ntlmInside, spnegoWords } from "../../src/observe/spnego-words.ts";
import { ROOT } from "../support/root.ts";

interface Recorded {
  readonly kind: string;
  readonly tokens?: readonly (readonly [string, string])[];
}

const { vectors } = JSON.parse(readFileSync(new URL("test/vectors/vectors-public.json", ROOT), "utf8")) as {
  vectors: Recorded[];
};
const RECORDED = vectors.flatMap(({ kind, tokens }) =>
  kind === "spnego" && tokens ? [tokens.map(([, hex]) => Buffer.from(hex, "hex"))] : [],
);
const [mit = []] = RECORDED;

describe("recorded tokens", () => {
  test("are all read, with every part inside the token", () => {
    assert.ok(RECORDED.length >= 3);
    for (const token of RECORDED.flat()) {
      const words = spnegoWords(token);
      assert.equal(words.problem, undefined);
      assert.ok(words.fields.length > 0);
      for (const { offset, length } of words.fields) assert.ok(offset > 0 && offset + length <= token.length);
    }
  });

  test("of MIT name mechanism, state, the message inside and the MIC", () => {
    const [init, challenge, answer, end] = mit.map((token) => spnegoWords(token));
    assert.deepEqual(
      init?.fields.map(({ name, text, offset }) => [name, text, offset]),
      [
        ["mechType", "NTLM (1.3.6.1.4.1.311.2.2.10)", 20],
        ["mechToken", "NTLM", 34],
      ],
    );
    assert.equal(init?.ntlm?.message, "NEGOTIATE_MESSAGE");
    assert.equal(init?.ntlmOffset, 34);
    assert.equal(challenge?.fields[0]?.text, "accept-incomplete");
    assert.equal(answer?.ntlm?.message, "AUTHENTICATE_MESSAGE");
    assert.match(answer?.fields.at(-1)?.meaning ?? "", /signature/);
    assert.deepEqual([end?.fields[0]?.text, end?.ntlm], ["accept-completed", undefined]);
  });

  test("of Samba's server begin with hints", () => {
    const hinted = RECORDED.flat()
      .map((token) => spnegoWords(token))
      .find(({ message }) => message === "NegTokenInit2");
    assert.equal(hinted?.fields.at(-1)?.text, "not_defined_in_RFC4178@please_ignore");
  });
});

test("any bytes, and recorded tokens with some altered, are described without a throw", () => {
  const token = fc.constantFrom(...RECORDED.flat());
  const altered = fc.tuple(token, fc.nat(400), fc.nat(255), fc.nat(400)).map(([bytes, at, value, length]) => {
    const copy = Buffer.from(bytes.subarray(0, length + 1));
    copy[at % copy.length] = value;
    return copy;
  });
  fc.assert(
    fc.property(fc.oneof(fc.uint8Array({ maxLength: 100 }), altered), (bytes) => {
      const words = spnegoWords(bytes);
      assert.equal(words.length, bytes.length);
      for (const { offset, length } of words.fields) assert.ok(offset + length <= bytes.length);
      for (const line of formatSasl(words)) assert.doesNotMatch(line, /\p{Cc}/u);
      assert.ok((ntlmInside(bytes)?.length ?? 0) <= bytes.length);
    }),
    { numRuns: 2000 },
  );
});

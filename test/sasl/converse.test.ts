/** The one SASL loop: what is a response, what ends an exchange, and how. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { converse, SASL_LINE_LIMIT, type Framing, type Outcome } from "../../src/sasl/converse.ts";
import { MalformedResponse, type Conclusion, type Offer } from "../../src/sasl/mechanism.ts";
import { VISIT } from "../support/visit.ts";

const DENIED: Conclusion = {
  verdict: { kind: "denied", reason: "bad-credentials", why: "the test says so" },
  claimed: "alice",
  password: undefined,
};

/** Challenges with `challenges`, and notes what it was given. */
function mechanism(challenges: readonly string[], given: (string | undefined)[]): Offer {
  return {
    name: "TEST",
    plaintext: false,
    isPossible: () => true,
    async *begin(initial) {
      given.push(initial === undefined ? undefined : Buffer.from(initial).toString());
      for (const challenge of challenges) given.push(Buffer.from(yield Buffer.from(challenge)).toString());
      if (given.includes("bad")) throw new MalformedResponse("a bad response");
      if (given.includes("fault")) throw new TypeError("a fault of ours");
      return DENIED;
    },
  };
}

interface Talk {
  readonly outcome: Outcome;
  readonly said: readonly string[];
  readonly given: readonly (string | undefined)[];
}

async function talk(
  challenges: readonly string[],
  initial: string | undefined,
  answers: readonly (string | undefined)[],
): Promise<Talk> {
  const [said, given, left]: [string[], (string | undefined)[], (string | undefined)[]] = [[], [], [...answers]];
  const framing: Framing = {
    challenge: (base64, first) => void said.push(`${first ? "first " : ""}${base64}`),
    answer: () => {
      assert.ok(left.length > 0, "asked for more than there is");
      return Promise.resolve(left.shift());
    },
  };
  const outcome = await converse(mechanism(challenges, given), initial, framing, VISIT);
  return { outcome, said, given };
}

test("challenges go out and responses come in, in turn", async () => {
  const { outcome, said, given } = await talk(["", "two"], undefined, ["Zmlyc3Q=", "c2Vjb25k"]);
  assert.deepEqual(said, ["first ", "dHdv"]);
  assert.deepEqual(given, [undefined, "first", "second"]);
  assert.deepEqual(outcome, { kind: "concluded", conclusion: DENIED });
});

test("no initial response, an empty one and a full one are three things", async () => {
  assert.deepEqual((await talk([], undefined, [])).given, [undefined]);
  assert.deepEqual((await talk([], "=", [])).given, [""]);
  assert.deepEqual((await talk([], "Zm9v", [])).given, ["foo"]);
});

test("an empty line is an empty response, and `=` is none", async () => {
  assert.deepEqual((await talk(["x"], undefined, [""])).given, [undefined, ""]);
  assert.equal((await talk(["x"], undefined, ["="])).outcome.kind, "malformed");
});

test("an asterisk cancels, also with blanks behind it", async () => {
  for (const line of ["*", "* ", "*  "])
    assert.deepEqual((await talk(["x"], undefined, [line])).outcome, { kind: "cancelled" });
  assert.equal((await talk(["x"], undefined, ["**"])).outcome.kind, "malformed");
  assert.equal((await talk(["x"], "*", [])).outcome.kind, "malformed", "not as an initial response");
});

test("anything that is not base64 ends the exchange before the mechanism sees it", async () => {
  for (const line of ["STATUS", "a1 LOGIN alice secret", "Zm9v Zm9v", "Zg", "+", undefined]) {
    const { outcome, given } = await talk(["x", "y"], undefined, [line]);
    assert.equal(outcome.kind, "malformed", String(line));
    assert.deepEqual(given, [undefined]);
  }
  assert.equal((await talk(["x"], "not base64", [])).outcome.kind, "malformed");
});

test("what a mechanism cannot read is malformed; a fault of ours is not hidden", async () => {
  assert.deepEqual((await talk(["x"], undefined, ["YmFk"])).outcome, { kind: "malformed", why: "a bad response" });
  await assert.rejects(talk(["x"], undefined, ["ZmF1bHQ="]), TypeError);
});

test("a response line may be as long as the tokens of large domains", () => {
  assert.ok(SASL_LINE_LIMIT >= 12_288, "RFC 4954 section 4");
});

/** Answers that are there, and answers that come. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { answerOf, isPending, whenKnown } from "../../src/core/answer.ts";

test("an answer that is there is gone on with at once", () => {
  assert.equal(
    whenKnown(1, (one) => one + 1),
    2,
  );
  assert.equal(
    whenKnown(undefined, (nothing) => String(nothing)),
    "undefined",
  );
});

test("one that comes is waited for, and may be followed by another", async () => {
  const answer = whenKnown(Promise.resolve(1), (one) => Promise.resolve(one + 1));
  assert.ok(isPending(answer));
  assert.equal(await answer, 2);
  await assert.rejects(async () => whenKnown(Promise.reject(new Error("no")), () => 1), /^Error: no$/);
});

test("what another library promises is a promise", () => {
  assert.ok(isPending({ then: () => undefined } as never));
  for (const value of [undefined, null, 0, "then", {}, { then: 1 }]) assert.ok(!isPending(value));
});

test("what is thrown at once is a rejection, and an answer stays what it is", async () => {
  const thrown = answerOf(() => {
    throw new Error("at once");
  });
  assert.ok(isPending<unknown>(thrown));
  await assert.rejects(async () => thrown, /^Error: at once$/);
  assert.equal(
    answerOf(() => 1),
    1,
  );
  assert.equal(await answerOf(() => Promise.resolve(2)), 2);
});

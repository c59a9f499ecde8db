/** Deadlines: one timer for all of them. */
import assert from "node:assert/strict";
import { test, type TestContext } from "node:test";
import fc from "fast-check";
import { addDeadline, clearDeadline, coarseNow, startDeadline } from "../../src/wire/deadlines.ts";

/** Within a test, time passes as `tick` says. */
function clock(context: TestContext): (milliseconds: number) => void {
  context.mock.timers.enable({ apis: ["setInterval", "Date"], now: 1_000_000 });
  return (milliseconds) => context.mock.timers.tick(milliseconds);
}

test("a deadline expires once, a tick early or late at most", (context) => {
  const tick = clock(context);
  let expired = 0;
  startDeadline(1_000, () => (expired += 1));
  tick(750);
  assert.equal(expired, 0);
  tick(500);
  assert.equal(expired, 1);
  tick(5_000);
  assert.equal(expired, 1);
});

test("a deadline that is cleared does not expire", (context) => {
  const tick = clock(context);
  const deadline = startDeadline(1_000, () => assert.fail("it was cleared"));
  tick(500);
  clearDeadline(deadline);
  clearDeadline(deadline);
  tick(5_000);
});

test("a deadline that is moved expires later", (context) => {
  const tick = clock(context);
  let expired = 0;
  const deadline = startDeadline(1_000, () => (expired += 1));
  tick(750);
  deadline.at = coarseNow() + 1_000;
  tick(750);
  assert.equal(expired, 0);
  tick(500);
  assert.equal(expired, 1);
});

test("many deadlines expire each in its time, and one may clear or start others", (context) => {
  const tick = clock(context);
  const heard: string[] = [];
  const doomed = startDeadline(2_000, () => assert.fail("it was cleared by another"));
  startDeadline(1_000, () => {
    heard.push("first");
    clearDeadline(doomed);
    startDeadline(1_000, () => heard.push("third"));
  });
  addDeadline({ at: coarseNow() + 1_500, expire: () => heard.push("second") });
  tick(1_250);
  assert.deepEqual(heard, ["first"]);
  tick(500);
  assert.deepEqual(heard, ["first", "second"]);
  tick(1_000);
  assert.deepEqual(heard, ["first", "second", "third"]);
});

test("whichever are cleared, just the others expire", (context) => {
  const tick = clock(context);
  const started = fc.array(fc.boolean(), { minLength: 1, maxLength: 40 });
  fc.assert(
    fc.property(started, fc.infiniteStream(fc.nat()), (isCleared, order) => {
      const expired: number[] = [];
      const deadlines = isCleared.map((_, index) => startDeadline(1_000, () => expired.push(index)));
      const doomed = deadlines.filter((_, index) => isCleared[index]);
      while (doomed.length > 0) clearDeadline(doomed.splice(order.next().value % doomed.length, 1)[0]!);
      tick(1_500);
      const left = isCleared.flatMap((is, index) => (is ? [] : [index]));
      assert.deepEqual(
        expired.sort((one, other) => one - other),
        left,
      );
    }),
  );
});

test("without deadlines the time is the clock's, and no timer runs", (context) => {
  const tick = clock(context);
  const deadline = startDeadline(1_000, () => undefined);
  tick(100);
  assert.equal(coarseNow(), 1_000_000, "the time of the last tick");
  clearDeadline(deadline);
  tick(33);
  assert.equal(coarseNow(), Date.now());
});

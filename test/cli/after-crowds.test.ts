/** The heap is looked through when a crowd has left, once, and not while many are there. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { collectAfterCrowds, collectNow } from "../../src/cli/after-crowds.ts";

test("a crowd that has left is collected once, wherever it left between two looks", (context) => {
  context.mock.timers.enable({ apis: ["setInterval"] });
  let sessions = 0;
  let collected = 0;
  const timer = collectAfterCrowds(
    () => sessions,
    () => (collected += 1),
  );
  const after = (now: number): number => {
    sessions = now;
    context.mock.timers.tick(2_000);
    return collected;
  };
  for (const [now, times, why] of [
    [999, 0, "no crowd"],
    [0, 0, "999 are none"],
    [5_000, 0, "they have come"],
    [1_000, 0, "too many are left"],
    [900, 1, "they have left"],
    [900, 1, "once"],
    [0, 1, "the rest is no crowd"],
    [1_000, 1, "another one"],
    [0, 2, "has left, too"],
  ] as const)
    assert.equal(after(now), times, why);
  clearInterval(timer);
});

test("collecting collects", async () => {
  const left = new WeakRef({ session: "over" });
  // What was made in this turn of the event loop stays until its end.
  await new Promise((resolve) => setImmediate(resolve));
  collectNow();
  assert.equal(left.deref(), undefined);
});

test("looking on keeps no process alive", () => {
  const timer = collectAfterCrowds(() => 0);
  assert.equal(timer.hasRef(), false);
  clearInterval(timer);
});

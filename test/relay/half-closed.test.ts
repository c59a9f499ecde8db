/** Sessions of which only half is left: how long that half may go on. In a process of its own, as it turns the clock. */
import assert from "node:assert/strict";
import { test, type TestContext } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { relayed } from "../support/relayed.ts";

/** Time that passes as the test says, for connections that are real. */
function clock(context: TestContext): (milliseconds: number) => Promise<void> {
  context.mock.timers.enable({ apis: ["setInterval", "Date"] });
  return async (milliseconds) => {
    context.mock.timers.tick(milliseconds);
    // What was said at that moment arrives.
    await sleep(10);
  };
}

test("half a session has ten seconds from its last byte, not the idle time of a living one", async (context) => {
  const pass = clock(context);
  const { near, far, ended } = await relayed({ idle: 1_800_000 });
  let isOver = false;
  void ended.then(() => (isOver = true));
  near.socket.end();
  await far.end();
  for (let each = 0; each < 4; each += 1) {
    await pass(6_000);
    far.send("still sending\r\n");
    assert.equal(await near.line(), "still sending");
  }
  await pass(8_000);
  assert.equal(isOver, false);
  await pass(3_000);
  assert.equal((await ended).why, "idle");
});

test("a server that talks on to a client that is gone is not listened to for long", async (context) => {
  const pass = clock(context);
  const { near, far, ended } = await relayed({ idle: 1_800_000 });
  near.socket.resetAndDestroy();
  await far.end();
  let isOver = false;
  void ended.then(() => (isOver = true));
  for (let each = 0; each < 4 && !isOver; each += 1) {
    far.send("* OK still here\r\n");
    await pass(4_000);
  }
  assert.equal(isOver, true);
});

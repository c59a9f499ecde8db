/** One helper over streams that the test holds: when its answers are believed, and when it is killed. */
import assert from "node:assert/strict";
import { EventEmitter } from "node:events";
import { PassThrough } from "node:stream";
import { setImmediate as turn } from "node:timers/promises";
import { test } from "node:test";
import fc from "fast-check";
import { Helper, HelperFailure } from "../../../src/validators/winbind/helper.ts";

const YES = "Authenticated: Yes\nUser-Session-Key: 00112233445566778899AABBCCDDEEFF\n.\n";
const NO = "Authenticated: No\nAuthentication-Error: no\n.\n.\n";

class FakeProcess extends EventEmitter {
  readonly stdin = new PassThrough();
  readonly stdout = new PassThrough();
  readonly stderr = new PassThrough();
  isKilled = false;

  kill(): void {
    this.isKilled = true;
  }
}

function start(timeout = 1000) {
  const process = new FakeProcess();
  const ends: string[] = [];
  return { process, ends, helper: new Helper(process, timeout, (why) => ends.push(why)) };
}

async function untilAsked(process: FakeProcess): Promise<string> {
  for (;;) {
    const question = process.stdin.read() as Buffer | null;
    if (question !== null) return question.toString();
    await turn();
  }
}

test("an answer belongs to the question before it", async () => {
  const { helper, process } = start();
  for (const [reply, kind] of [
    [YES, "yes"],
    [NO, "no"],
    [YES, "yes"],
  ] as const) {
    const answer = helper.ask("question\n");
    assert.ok(!helper.isIdle);
    assert.equal(await untilAsked(process), "question\n");
    process.stdout.write(reply);
    assert.equal((await answer).kind, kind);
    assert.ok(helper.isIdle);
  }
});

test("what was printed before the question is seen before it is asked, and nothing is asked", async () => {
  const { helper, process, ends } = start();
  process.stdout.write(YES);
  await assert.rejects(helper.ask("question\n"), HelperFailure);
  assert.deepEqual([process.isKilled, ends.length, process.stdin.read()], [true, 1, null]);
});

test("a second answer right behind the first spoils both", async () => {
  for (const more of ["two chunks", "one chunk"]) {
    const { helper, process } = start();
    const answer = helper.ask("question\n");
    await untilAsked(process);
    if (more === "one chunk") process.stdout.write(YES + NO);
    else {
      process.stdout.write(YES);
      process.stdout.write(".\n");
    }
    await assert.rejects(answer, HelperFailure, more);
    assert.ok(process.isKilled);
  }
});

test("an exit, an error and a closed pipe are told to who waits, once", async () => {
  const blows: readonly ((process: FakeProcess) => void)[] = [
    (process) => process.emit("exit", 3, null),
    (process) => process.emit("error", new Error("spawn ENOENT")),
    (process) => process.stdin.destroy(new Error("EPIPE")),
    (process) => process.stdout.destroy(new Error("EIO")),
  ];
  for (const [index, blow] of blows.entries()) {
    const { helper, process, ends } = start();
    const answer = helper.ask("question\n");
    await untilAsked(process);
    blow(process);
    await assert.rejects(answer, HelperFailure, String(index));
    process.emit("exit", 0, null);
    assert.equal(ends.length, 1);
    assert.ok(!helper.isAlive);
  }
});

test("what the error output said is in the reason, without control characters", async () => {
  const { helper, process, ends } = start();
  const answer = helper.ask("question\n");
  await untilAsked(process);
  process.stderr.write("could not\u001b[31m open pipe\n".repeat(50));
  await turn();
  process.emit("exit", 1, null);
  await assert.rejects(answer, /could not \[31m open pipe/);
  assert.ok((ends[0]?.length ?? 0) < 400);
});

test("nobody is accepted unless the question was answered by exactly one well-formed Yes", async () => {
  const piece = fc.constantFrom(
    YES,
    NO,
    ".\n",
    "Authenticated: Yes\n",
    "User-Session-Key: 00\n",
    "Error: x\n",
    "\n",
    "x",
  );
  const pieces = fc.array(piece, { maxLength: 3 });
  await fc.assert(
    fc.asyncProperty(pieces, pieces, async (before, after) => {
      const { helper, process } = start(5);
      for (const text of before) process.stdout.write(text);
      const answer = helper.ask("question\n").catch(() => undefined);
      for (let wait = 0; wait < 4 && process.stdin.readableLength === 0; wait++) await turn();
      if (!process.isKilled) for (const text of after) process.stdout.write(text);
      const isAccepted = (await answer)?.kind === "yes";
      assert.equal(isAccepted, before.length === 0 && after.join("") === YES);
      assert.ok(isAccepted || process.isKilled || after.join("") === NO || after.join("") === NO.slice(0, -2));
    }),
    { numRuns: 300 },
  );
});

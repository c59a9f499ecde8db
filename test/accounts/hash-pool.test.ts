/** The worker pool: right answers, a bounded queue, crashes that cost one check, and no process kept alive. */
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { test } from "node:test";
import { HashPool } from "../../src/accounts/hash-pool.ts";
import { makeStored } from "../../src/accounts/hashes/hashes.ts";

const stored = await makeStored("sha512-crypt", "right");
const question = (password: string) => ({ scheme: "SHA512-CRYPT", text: stored.replace(/^\{.*?\}/, ""), password });

test("each question gets its own answer, and checking does not hold up the thread that asks", async () => {
  const pool = new HashPool({ concurrency: 2, queue: 10 });
  let ticks = 0;
  const timer = setInterval(() => ticks++, 5);
  const answers = await Promise.all(
    ["right", "wrong", "right", "", "right"].map((word) => pool.verify(question(word))),
  );
  clearInterval(timer);
  assert.deepEqual(answers, [true, false, true, false, true]);
  assert.ok(ticks > 10, `${ticks} ticks`);
  await pool.close();
});

test("more than the queue holds are turned away at once, without an answer", async () => {
  const pool = new HashPool({ concurrency: 1, queue: 2 });
  const answers = await Promise.all(Array.from({ length: 6 }, () => pool.verify(question("right"))));
  assert.deepEqual(answers, [true, true, true, undefined, undefined, undefined]);
  await pool.close();
});

test("a check that fails or kills its thread is unanswered, and the next one gets a new thread", async () => {
  const worker = `import { parentPort } from "node:worker_threads";
    parentPort.on("message", ({ password }) => {
      if (password === "exit") process.exit(1);
      if (password === "throw") throw new Error("crash");
      parentPort.postMessage({ isRight: password === "right" });
    });`;
  const pool = new HashPool(
    { concurrency: 1, queue: 10 },
    new URL(`data:text/javascript,${encodeURIComponent(worker)}`),
  );
  const words = ["right", "exit", "right", "throw", "wrong"];
  assert.deepEqual(await Promise.all(words.map((word) => pool.verify(question(word)))), [
    true,
    undefined,
    true,
    undefined,
    false,
  ]);
  await pool.close();
  const broken = new HashPool({ concurrency: 1, queue: 10 });
  assert.equal(await broken.verify({ scheme: "no such scheme", text: "", password: "" }), undefined);
  assert.equal(await broken.verify(question("right")), true);
  await broken.close();
});

test("closing leaves nothing unanswered", async () => {
  const pool = new HashPool({ concurrency: 1, queue: 10 });
  const answers = Promise.all([1, 2, 3].map(() => pool.verify(question("right"))));
  await pool.close();
  assert.deepEqual(await answers, [undefined, undefined, undefined]);
  assert.equal(await pool.verify(question("right")), undefined);
});

test("a process waits for an answer but not for idle threads", () => {
  const module = new URL("../../src/accounts/hash-pool.js", import.meta.url).href;
  const program = `const { HashPool } = await import(${JSON.stringify(module)});
    console.log(await new HashPool({ concurrency: 1, queue: 1 }).verify(${JSON.stringify(question("right"))}));`;
  const output = execFileSync(process.execPath, ["--input-type=module", "-e", program], {
    encoding: "utf8",
    timeout: 20_000,
  });
  assert.equal(output, "true\n");
});

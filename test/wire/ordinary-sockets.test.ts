import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { test } from "node:test";

/** Where Node offers no raw TCP everything goes through its own sockets: the same dialogues and the same relay must do. */
const FILES = ["transcripts/transcripts", "wire/wire", "wire/connect", "wire/tls-server", "relay/relay"];

test("all of it works with Node's ordinary sockets as well", { timeout: 120_000 }, () => {
  const files = FILES.map((name) => new URL(`../${name}.test.js`, import.meta.url).pathname);
  const { NODE_TEST_CONTEXT: _ours, ...environment } = process.env;
  const env = { ...environment, POSTERN_SOCKETS: "node" };
  const { status, stdout } = spawnSync(process.execPath, ["--test", "--test-reporter=tap", ...files], {
    env,
    encoding: "utf8",
  });
  assert.match(stdout, /^# pass [1-9]\d\d/m);
  assert.equal(status, 0, stdout.match(/^not ok.*/gm)?.join("\n"));
});

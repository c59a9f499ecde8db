/** V8 complains on standard error of a flag that it does not know, or no longer: an administrator must not see that. */
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { test } from "node:test";

test("this Node knows every flag that is set", () => {
  const module = new URL("../../src/cli/tune-v8.js", import.meta.url);
  const run = (code: string) => spawnSync(process.execPath, ["--input-type=module", "-e", code], { encoding: "utf8" });
  const { status, stdout, stderr } = run(`const { tuneV8 } = await import("${module}"); tuneV8(); console.log("set");`);
  assert.deepEqual({ status, stdout, stderr }, { status: 0, stdout: "set\n", stderr: "" });
  assert.match(run(`(await import("node:v8")).setFlagsFromString("--no-such-flag=1");`).stderr, /unrecognized flag/);
});

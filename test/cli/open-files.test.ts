/** A limit of open files that is too low for the sessions that are allowed is told at the start, not found out at night. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { tooFewFiles } from "../../src/cli/open-files.ts";

/** As Linux writes it. */
function limits(files: string): string {
  const line = (name: string, soft: string) => `${name.padEnd(26)}${soft.padEnd(21)}${soft.padEnd(21)}files     \n`;
  return line("Limit", "Soft Limit") + line("Max processes", "95000") + line("Max open files", files);
}

test("two files for each session, and some for everything else", () => {
  assert.equal(tooFewFiles(10_000, limits("20000")), undefined);
  assert.match(tooFewFiles(10_000, limits("19999")) ?? "", /is 10000, but 19999 .* for 9899 sessions: .* to 20200$/);
  assert.match(tooFewFiles(100, limits("64")) ?? "", / 64 open files are enough for 0 sessions/);
});

test("where the system does not say, nothing is said", () => {
  for (const said of ["", "nonsense", limits("unlimited")]) assert.equal(tooFewFiles(1_000_000, said), undefined);
});

test("this system says it", { skip: process.platform !== "linux" && "Linux has /proc/self/limits" }, () => {
  assert.equal(tooFewFiles(0), undefined);
  assert.match(tooFewFiles(Number.MAX_SAFE_INTEGER) ?? "", /raise LimitNOFILE/);
});

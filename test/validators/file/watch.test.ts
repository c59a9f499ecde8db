/** A changed account file is taken when it is whole; until then the old accounts stay. */
import assert from "node:assert/strict";
import { renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { watchStore, type WatchedStore } from "../../../src/validators/file/watch.ts";
import { accountFile, listLog, newFolder } from "./folder.ts";

const folder = newFolder();
after(() => rmSync(folder, { recursive: true }));

const names = (watched: WatchedStore) =>
  watched
    .current()
    .accounts.map(({ name }) => name)
    .join();

/** Until the accounts are `wanted`; the folder's watch takes some 50 ms, the look in use a second. */
async function becomes(watched: WatchedStore, wanted: string): Promise<void> {
  const deadline = Date.now() + 3000;
  while (names(watched) !== wanted && Date.now() < deadline) await sleep(20);
  assert.equal(names(watched), wanted);
}

test("a new file in the old one's place and a changed old one are both read again", async () => {
  const path = accountFile(folder, "alice:{PLAIN}x\n", "replaced");
  const { log, lines } = listLog();
  const watched = watchStore(path, log);
  assert.equal(names(watched), "alice");
  writeFileSync(join(folder, "new"), "bob:{PLAIN}x\n");
  renameSync(join(folder, "new"), path);
  await becomes(watched, "bob");
  writeFileSync(path, "eve:{PLAIN}x\n"); // the same size, perhaps within the same tick
  await becomes(watched, "eve");
  watched.close();
  assert.ok(
    lines.every((line) => line.startsWith("info accounts read again")),
    lines.join("\n"),
  );
});

test("without a watch on the folder the change is seen when the accounts are used", async () => {
  const path = accountFile(folder, "alice:{PLAIN}x\n", "unwatched");
  const watched = watchStore(path, listLog().log);
  watched.close(); // closes the watch; looking in use goes on
  writeFileSync(path, "bob:{PLAIN}x\n");
  assert.equal(names(watched), "alice", "looked at a moment ago");
  await becomes(watched, "bob");
});

test("half a file, duplicates, and no file at all leave the old accounts in force, and are told once", async () => {
  const path = accountFile(folder, "alice:{PLAIN}x\n", "broken");
  const { log, lines } = listLog();
  const watched = watchStore(path, log);
  const broken: readonly (readonly [string, RegExp])[] = [
    ["bob:{PLAIN}x\nca", /does not end with a line end/],
    ["bob:{PLAIN}x\nbob:{PLAIN}y\n", /:2: bob is on line 1 already/],
  ];
  for (const [text, words] of broken) {
    lines.length = 0;
    writeFileSync(path, text);
    await sleep(1300);
    assert.equal(names(watched), "alice");
    await sleep(1100);
    assert.equal(names(watched), "alice");
    assert.equal(lines.length, 1, lines.join("\n"));
    assert.match(lines[0] ?? "", words);
  }
  lines.length = 0;
  rmSync(path);
  await sleep(200);
  assert.equal(names(watched), "alice");
  assert.match(lines.join("\n"), /^error accounts not read again.*ENOENT/);
  writeFileSync(path, "bob:{PLAIN}x\n");
  await becomes(watched, "bob");
  watched.close();
});

test("ignored lines are logged with file and line, at the start and after a change", async () => {
  const path = accountFile(folder, "alice:{PLAIN}x\nbob:nonsense\n", "ignored");
  const { log, lines } = listLog();
  const watched = watchStore(path, log);
  assert.deepEqual(lines, [`error account ignored: the hash is of no known kind {"file":"${path}:2"}`]);
  writeFileSync(path, "alice:{PLAIN}x\ncarol:{PLAIN}x\ndave:{XYZ}x\n");
  await becomes(watched, "alice,carol");
  assert.match(lines.at(-1) ?? "", /scheme \{XYZ\} is not known.*:3"/);
  watched.close();
});

test("there is no beginning without a whole file", () => {
  assert.throws(() => watchStore(join(folder, "no-such-file"), listLog().log), /ENOENT/);
  assert.throws(() => watchStore(folder, listLog().log), /is not a file/);
  assert.throws(() => watchStore(accountFile(folder, "a:{PLAIN}x", "half"), listLog().log), /line end/);
});

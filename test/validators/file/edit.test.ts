/** Editing the account file: whole or not at all, one at a time, comments and mode kept. */
import assert from "node:assert/strict";
import {
  chmodSync,
  existsSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  lstatSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { after, test } from "node:test";
import { editFile } from "../../../src/validators/file/edit.ts";
import { accountFile, newFolder } from "./folder.ts";

const folder = newFolder();
after(() => rmSync(folder, { recursive: true }));

const read = (path: string) => readFileSync(path, "utf8");

test("lines change, comments, blank lines and the mode stay, and nothing is left behind", async () => {
  const path = accountFile(folder, "\n# staff\nalice:x\n\nbob:y\n", "kept");
  chmodSync(path, 0o640);
  await editFile(path, (lines) => lines.map((line) => line.replace("bob:y", "bob:z")));
  assert.equal(read(path), "\n# staff\nalice:x\n\nbob:z\n");
  assert.equal(statSync(path).mode & 0o777, 0o640);
  assert.deepEqual(
    readdirSync(folder).filter((name) => name !== "kept"),
    [],
  );
});

test("a new file is for its owner alone, and an emptied one is not empty", async () => {
  const path = join(folder, "new");
  await editFile(path, (lines) => [...lines, "alice:x"]);
  assert.match(read(path), /^# .*\nalice:x\n$/);
  assert.equal(statSync(path).mode & 0o777, 0o600);
  await editFile(path, () => []);
  assert.match(read(path), /^# .*\n$/);
});

test("a change that fails leaves the file and no lock", async () => {
  const path = accountFile(folder, "alice:x\n", "failing");
  await assert.rejects(
    editFile(path, () => {
      throw new Error("no such account");
    }),
    /no such account/,
  );
  assert.equal(read(path), "alice:x\n");
  assert.equal(existsSync(`${path}.lock`), false);
});

test("of twenty changes at once none is lost", async () => {
  const path = accountFile(folder, "# all\n", "crowded");
  await Promise.all(Array.from({ length: 20 }, (_, index) => editFile(path, (lines) => [...lines, `user${index}:x`])));
  assert.equal(read(path).split("\n").length, 22);
});

test("a lock left by a crash is taken away, a fresh one is respected", async () => {
  const path = accountFile(folder, "alice:x\n", "locked");
  writeFileSync(`${path}.lock`, "4711\n");
  utimesSync(`${path}.lock`, new Date(0), new Date(0));
  await editFile(path, (lines) => [...lines, "bob:x"]);
  assert.equal(read(path), "alice:x\nbob:x\n");
  writeFileSync(`${path}.lock`, "4711\n");
  const waiting = editFile(path, (lines) => [...lines, "carol:x"]);
  setTimeout(() => rmSync(`${path}.lock`), 200);
  await waiting;
  assert.equal(read(path), "alice:x\nbob:x\ncarol:x\n");
});

test("behind a symbolic link the file is changed, not the link", async () => {
  const path = accountFile(folder, "alice:x\n", "target");
  symlinkSync(path, join(folder, "link"));
  await editFile(join(folder, "link"), (lines) => [...lines, "bob:x"]);
  assert.equal(read(path), "alice:x\nbob:x\n");
  assert.ok(lstatSync(join(folder, "link")).isSymbolicLink());
});

/** The guard over restarts: what is locked stays locked and who is known stays known; its file is private and tells no secret. */
import assert from "node:assert/strict";
import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { createServer, connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, describe, test } from "node:test";
import { Secret } from "../../src/core/secret.ts";
import type { Validator } from "../../src/core/validator.ts";
import { askControl } from "../../src/guard/control.ts";
import { guarded } from "../../src/guard/guarded.ts";
import { openGuard, type OpenGuard } from "../../src/guard/open.ts";
import { DEFAULT_RULES } from "../../src/guard/rules.ts";
import { parseJsonLines } from "../../src/disk/json-lines.ts";
import { readLines } from "../../src/guard/state.ts";
import { at, newPassword, summary } from "./world.ts";

const folder = mkdtempSync(join(tmpdir(), "postern-guard-"));
after(() => rmSync(folder, { recursive: true }));

const none = { ...DEFAULT_RULES.address, longest: 0 };
const RULES = { ...DEFAULT_RULES, address: none, network: { ...none, lock: 500 }, account: { ...none, lock: 100 } };

const accounts: Validator = {
  name: "users",
  password: ({ username, password }) =>
    Promise.resolve(
      password.reveal() === "right"
        ? { kind: "accepted", identity: { user: username, mailbox: username, groups: [], attributes: {} } }
        : { kind: "denied", reason: "bad-credentials", why: "wrong password" },
    ),
};

interface Run extends OpenGuard {
  readonly warnings: string[];
  log(user: string, password: string, address?: string): Promise<string>;
}

/** Each call is another process, as far as the guard can tell. */
async function open(name: string, options: { control?: string; locksAccounts?: true } = {}): Promise<Run> {
  const warnings: string[] = [];
  const log = (level: string, message: string, fields: object): void => {
    if (level === "warn") warnings.push(`${message} ${JSON.stringify(fields)}`);
  };
  const opened = await openGuard({ rules: RULES, state: join(folder, name), control: options.control, log });
  const { password } = guarded(accounts, opened.guard, options);
  return {
    ...opened,
    warnings,
    log: async (username, secret, address = "192.0.2.7") =>
      summary(await password!({ username, password: new Secret(secret) }, at(address))),
  };
}

describe("after a restart", () => {
  test("what was locked is locked, who was known is known, and what a domain was shown is not forgotten", async () => {
    const first = await open("kept/guard.jsonl", { locksAccounts: true });
    await first.log("alice", "right");
    for (let count = 0; count < 50; count++) await first.log(`nobody${count}`, "x");
    for (let count = 0; count < 3; count++) await first.log("bob", newPassword(), `198.51.100.${count}`);
    await first.close();
    const second = await open("kept/guard.jsonl", { locksAccounts: true });
    assert.equal(await second.log("carol", "right"), "denied guarded");
    assert.equal(await second.log("alice", "right"), "accepted");
    assert.equal(await second.log("bob", "right", "203.0.113.1"), "denied guarded");
    assert.deepEqual([...first.warnings, ...second.warnings], []);
    await second.close();
  });

  test("the file is its owner's alone, is whole, and has no password or anything made from one", async () => {
    const run = await open("private/guard.jsonl", { locksAccounts: true });
    await run.log("alice", "right");
    await run.log("alice", "hunter2");
    await run.close();
    const path = join(folder, "private/guard.jsonl");
    assert.equal(statSync(path).mode & 0o777, 0o600);
    assert.deepEqual(readdirSync(join(folder, "private")), ["guard.jsonl"]);
    const text = readFileSync(path, "utf8");
    assert.equal(readLines(parseJsonLines(text)).damage, undefined);
    const keys = new Set(
      text
        .trim()
        .split("\n")
        .flatMap((line) => Object.keys(JSON.parse(line) as object)),
    );
    assert.deepEqual([...keys].sort(), [
      "account",
      "address",
      "at",
      "inside",
      "key",
      "kind",
      "outside",
      "postern",
      "recent",
      "total",
      "version",
      "window",
    ]);
    assert.ok(!text.includes("hunter2") && !text.includes("right"));
  });

  test("a gateway that was started beside another one neither takes over its state nor writes over it", async () => {
    const control = join(folder, "beside.sock");
    const first = await open("beside.jsonl", { control });
    for (let count = 0; count < 50; count++) await first.log(`nobody${count}`, "x");
    const second = await open("beside.jsonl", { control });
    assert.match(second.warnings.join(), /another process listens there/);
    assert.equal(await second.log("carol", "right"), "accepted");
    await first.close();
    const kept = readFileSync(join(folder, "beside.jsonl"), "utf8");
    await second.close();
    assert.equal(readFileSync(join(folder, "beside.jsonl"), "utf8"), kept);
    const third = await open("beside.jsonl", { control });
    assert.equal(await third.log("carol", "right"), "denied guarded");
    await third.close();
  });

  test("a damaged file is put aside, and as much of it kept as makes sense", async () => {
    const line = JSON.stringify({ kind: "address", key: "192.0.2.7", recent: 0, total: 50, at: Date.now() });
    const header = JSON.stringify({ postern: "guard", version: 1 });
    writeFileSync(join(folder, "damaged.jsonl"), `${header}\n${line}\n{"kind":"address","key":7}\nnonsense\n`);
    const run = await open("damaged.jsonl");
    assert.match(run.warnings.join(), /damaged and is put aside.*2 of 3 lines/);
    assert.equal(readdirSync(folder).filter((name) => name.startsWith("damaged.jsonl.damaged-")).length, 1);
    assert.equal(await run.log("carol", "right"), "denied guarded");
    await run.close();
  });

  test("no text is so bad that reading it fails", () => {
    const bad = [
      "",
      "\n\n",
      "null",
      "[]",
      '{"postern":"guard"}',
      '{"postern":"guard","version":2}',
      "\0",
      "{".repeat(10_000),
    ];
    for (const text of bad)
      assert.deepEqual(readLines(parseJsonLines(text)).lines, [], JSON.stringify(text).slice(0, 40));
    const header = '{"postern":"guard","version":1}\n';
    for (const number of ["-1", "1e400", '"1"', "null"])
      assert.deepEqual(
        readLines(parseJsonLines(`${header}{"kind":"address","key":"a","recent":${number},"total":1,"at":1}`)).lines,
        [],
      );
  });

  test("a folder in the file's place is a warning, and the guard runs without", async () => {
    mkdirSync(join(folder, "a-folder"));
    const run = await open("a-folder/");
    assert.equal(await run.log("alice", "right"), "accepted");
    await run.close();
    assert.ok(run.warnings.length > 0);
  });
});

describe("the socket", () => {
  const control = join(folder, "guard.sock");

  test("is its owner's alone, lists what is locked, and lets out who is named", async () => {
    const run = await open("socket.jsonl", { control, locksAccounts: true });
    assert.equal(statSync(control).mode & 0o777, 0o600);
    for (let count = 0; count < 50; count++) await run.log(`nobody${count}`, "x", "198.51.100.1");
    for (let count = 0; count < 3; count++) await run.log("alice", newPassword(), `203.0.113.${count}`);
    const answer = await askControl(control, { do: "list" });
    assert.ok("locks" in answer);
    const listed = answer.locks.map(({ kind, name, validator, failures }) =>
      [kind, name, validator, failures].join(" "),
    );
    assert.deepEqual(listed.sort(), [
      "address 198.51.100.1  50",
      "budget alice users 3",
      "network 198.51.100.0/24  50",
    ]);
    assert.ok(answer.locks.every(({ kind, lockedFor }) => lockedFor > 0 === (kind !== "network")));
    assert.equal(await run.log("alice", "right", "192.0.2.1"), "denied guarded");
    assert.deepEqual(await askControl(control, { do: "unlock", account: "EXAMPLE\\Alice" }), { unlocked: 2 });
    assert.equal(await run.log("alice", "right", "192.0.2.1"), "accepted");
    assert.equal(await run.log("bob", "right", "198.51.100.1"), "denied guarded");
    assert.deepEqual(await askControl(control, { do: "unlock", address: "198.51.100.1" }), { unlocked: 1 });
    assert.equal(await run.log("bob", "right", "198.51.100.1"), "accepted");
    await askControl(control, { do: "unlock", all: true });
    assert.deepEqual(await askControl(control, { do: "list" }), { locks: [] });
    await run.close();
    await assert.rejects(askControl(control, { do: "list" }), { code: "ENOENT" });
  });

  test("takes a dead process' place, but not a living one's, nor a file's", async () => {
    const dead = createServer();
    // Closing would remove it: a process that is killed leaves it behind.
    await new Promise<void>((resolve) => dead.listen(`${control}.0`, resolve));
    renameSync(`${control}.0`, control);
    dead.close();
    const run = await open("first.jsonl", { control });
    assert.deepEqual(run.warnings, []);
    const other = await open("second.jsonl", { control });
    assert.match(other.warnings.join(), /another process listens there/);
    await other.close();
    assert.deepEqual(await askControl(control, { do: "list" }), { locks: [] }, "the first one still answers");
    await run.close();
    writeFileSync(control, "mine");
    const third = await open("third.jsonl", { control });
    assert.match(third.warnings.join(), /something else in its place/);
    await third.close();
    assert.equal(readFileSync(control, "utf8"), "mine");
    rmSync(control);
  });

  test("answers nonsense with an error, and lives through what is too long or never ends", async () => {
    const run = await open("nonsense.jsonl", { control });
    const say = (text: string): Promise<string> =>
      new Promise((resolve) => {
        let heard = "";
        const socket = connect(control, () => socket.write(text));
        socket.on("data", (chunk: Buffer) => (heard += chunk.toString()));
        socket.on("error", () => undefined);
        socket.on("close", () => resolve(heard));
      });
    for (const text of [
      "\n",
      "{}\n",
      '{"do":"unlock"}\n',
      '{"do":"unlock","account":"a","all":true}\n',
      '{"do":"list","x":1}\n',
      "\0\xff\n",
    ])
      assert.equal(await say(text), '{"error":"not understood"}\n', JSON.stringify(text));
    assert.equal(await say("x".repeat(100_000)), "");
    assert.deepEqual(await askControl(control, { do: "list" }), { locks: [] });
    await run.close();
  });
});

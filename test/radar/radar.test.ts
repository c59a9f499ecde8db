/** The radar over restarts: its file is whole, private and without secrets, and nothing that is wrong with it stops a logon. */
import assert from "node:assert/strict";
import { chmodSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, dirname, join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { after, test } from "node:test";
import { parseJsonLines } from "../../src/disk/json-lines.ts";
import type { Entry } from "../../src/radar/entry.ts";
import { Radar, type RadarOptions } from "../../src/radar/radar.ts";
import { readLines, readState, writeState } from "../../src/radar/state.ts";
import { accepted, DAY, denied, entry, NOON, snapshot, visit } from "./sightings.ts";

const folder = mkdtempSync(join(tmpdir(), "postern-radar-"));
after(() => rmSync(folder, { recursive: true }));

interface Opened {
  readonly radar: Radar;
  readonly path: string;
  readonly warnings: string[];
}

async function open(name: string, options: Partial<RadarOptions> = {}): Promise<Opened> {
  const path = join(folder, name);
  const warnings: string[] = [];
  const warn: RadarOptions["warn"] = (message, fields) => warnings.push(`${message}: ${fields["why"] ?? ""}`);
  return { radar: await Radar.open({ path, warn, now: () => NOON, ...options }), path, warnings };
}

const asideOf = (name: string) => readdirSync(folder).filter((each) => each.startsWith(`${name}.damaged-`));

test("a restart loses nothing, and the time between counts as not watched", async () => {
  const first = await open("kept/radar.json");
  first.radar.record(visit(), accepted("alice"));
  first.radar.record(visit("198.51.100.1"), denied("nobody"));
  await first.radar.close();
  const before = first.radar.snapshot();
  const second = await open("kept/radar.json", { now: () => NOON + DAY });
  second.radar.record(visit(), accepted("alice"));
  const after = second.radar.snapshot();
  assert.equal(after.since, NOON);
  assert.equal(after.watched, 0);
  assert.deepEqual(after.failed, before.failed);
  assert.deepEqual(after.seen, [{ ...before.seen[0], successes: 2, lastSeen: NOON + DAY }]);
  assert.deepEqual([...first.warnings, ...second.warnings], []);
  await second.radar.close();
});

test("time is counted as watched while the radar is open, and never backwards", async () => {
  let now = NOON;
  const { radar } = await open("clock.json", { now: () => now });
  now += DAY;
  assert.equal(radar.snapshot().watched, DAY);
  now -= 2 * DAY;
  assert.equal(radar.snapshot().watched, DAY);
  now += DAY;
  assert.equal(radar.snapshot().watched, 2 * DAY);
  await radar.close();
});

test("the file is its owner's alone, and nothing else is left beside it", async () => {
  const { radar, path } = await open("private/radar.json");
  radar.record(visit(), accepted("alice"));
  await radar.close();
  assert.equal(statSync(path).mode & 0o777, 0o600);
  assert.deepEqual(readdirSync(join(folder, "private")), ["radar.json"]);
});

test("the file is written at the interval, only when there is something new", async () => {
  const { radar, path } = await open("interval.json", { interval: 10 });
  await sleep(50);
  assert.throws(() => statSync(path), { code: "ENOENT" });
  radar.record(visit(), accepted("alice"));
  for (let tries = 0; tries < 200 && !readdirSync(folder).includes("interval.json"); tries++) await sleep(10);
  assert.match(readFileSync(path, "utf8"), /"user":"alice"/);
  await radar.close();
});

test("who reads while it is written finds the old file or the new one, whole", async () => {
  const path = join(folder, "atomic.json");
  const rows = (count: number): Entry[] => Array.from({ length: count }, (_, each) => entry({ user: `user${each}` }));
  await writeState(path, snapshot(rows(1)));
  const writing = writeState(path, snapshot(rows(3_000)));
  let isDone = false;
  const done = writing.then(() => (isDone = true));
  const sizes = new Set<number>();
  while (!isDone) {
    const reading = await readState(path);
    assert.equal(reading?.damage, undefined);
    sizes.add(reading?.snapshot?.seen.length ?? -1);
    await sleep(1);
  }
  await done;
  sizes.add((await readState(path))?.snapshot?.seen.length ?? -1);
  assert.deepEqual([...sizes].sort(), [1, 3_000].sort());
});

test("a write that fails leaves the old file, warns once, and is tried again", async () => {
  const { radar, path, warnings } = await open("failing/radar.json");
  radar.record(visit(), accepted("alice"));
  await radar.save();
  const before = readFileSync(path, "utf8");
  // The name of the file beside it is taken by a folder with something in it, which stops root too.
  const obstacle = join(dirname(path), `.${basename(path)}.${process.pid}`);
  mkdirSync(join(obstacle, "x"), { recursive: true });
  radar.record(visit(), accepted("bob"));
  await radar.save();
  await radar.save();
  assert.equal(readFileSync(path, "utf8"), before);
  assert.equal(warnings.length, 1);
  assert.match(warnings[0] ?? "", /^the radar's state cannot be written: /);
  rmSync(obstacle, { recursive: true });
  await radar.close();
  assert.match(readFileSync(path, "utf8"), /"user":"bob"/);
});

test("a file of rubbish is put aside with a warning, and watching begins anew", async () => {
  const rubbish = [
    "",
    "\u0000\u0001",
    "[]",
    "null",
    "{}",
    '{"postern":"radar","version":1}',
    "\ud800",
    "{".repeat(100_000),
  ];
  for (const [index, text] of rubbish.entries()) {
    const name = `rubbish${index}.json`;
    writeFileSync(join(folder, name), text);
    const { radar, path, warnings } = await open(name);
    assert.deepEqual(warnings, [
      "the radar's state was damaged and is put aside: it does not begin as a radar file does",
    ]);
    assert.equal(readFileSync(join(folder, asideOf(name)[0] ?? ""), "utf8"), Buffer.from(text).toString());
    radar.record(visit(), accepted("alice"));
    await radar.close();
    assert.equal((await readState(path))?.snapshot?.seen.length, 1);
  }
});

test("from a file that was cut off, what is whole is kept", async () => {
  const path = join(folder, "cut.json");
  await writeState(
    path,
    snapshot([entry(), entry({ user: "bob", sentUser: "bob" }), entry({ user: "carol", sentUser: "carol" })]),
  );
  writeFileSync(path, readFileSync(path, "utf8").slice(0, -100));
  const { radar, warnings } = await open("cut.json");
  assert.deepEqual(warnings, ["the radar's state was damaged and is put aside: 1 of 3 lines cannot be read"]);
  assert.deepEqual(
    radar.snapshot().seen.map(({ user }) => user),
    ["alice", "bob"],
  );
  assert.equal(asideOf("cut.json").length, 1);
  await radar.save();
  assert.equal((await readState(path))?.snapshot?.seen.length, 2, "what was saved from it is on disk again");
  await radar.close();
});

test("a file of a later version is put aside, not written over", async () => {
  const text = '{"postern":"radar","version":2,"everything":"else"}\n';
  writeFileSync(join(folder, "later.json"), text);
  const { radar, warnings } = await open("later.json");
  assert.match(warnings[0] ?? "", /it has version 2, and this Postern knows version 1$/);
  await radar.close();
  assert.equal(readFileSync(join(folder, asideOf("later.json")[0] ?? ""), "utf8"), text);
});

test("what is not a file at all is a warning too", async () => {
  mkdirSync(join(folder, "folder.json"));
  const { radar, warnings } = await open("folder.json");
  assert.match(warnings[0] ?? "", /put aside: EISDIR/);
  radar.record(visit(), accepted("alice"));
  await radar.close();
});

test("any line with anything wrong is left out, and never throws", () => {
  const header = JSON.stringify({
    postern: "radar",
    version: 1,
    since: 1,
    watched: 1,
    savedAt: 1,
    dropped: { entries: 0, lastSeen: 0 },
    entries: 1,
  });
  const good = { kind: "seen", ...entry() };
  const wrong: readonly object[] = [
    { ...good, kind: "x" },
    { ...good, successes: -1 },
    { ...good, lastSeen: 1.5 },
    { ...good, mic: "maybe" },
    { ...good, user: 7 },
    { ...good, more: true },
    { ...good, protocol: "http" },
    [],
  ];
  for (const line of wrong) {
    const { snapshot, damage } = readLines(parseJsonLines(`${header}\n${JSON.stringify(line)}\n`));
    assert.deepEqual(snapshot?.seen, []);
    assert.equal(damage, "1 of 1 lines cannot be read");
  }
  const { snapshot: read } = readLines(
    parseJsonLines(`${header}\n${JSON.stringify({ ...good, user: `\u001b[2J${"x".repeat(9_999)}` })}\n`),
  );
  assert.match(read?.seen[0]?.user ?? "", /^\ufffd\[2Jx{252}$/);
});

test("more rows than there is room for: those seen last are kept", async () => {
  const path = join(folder, "shrunk.json");
  const rows = Array.from({ length: 100 }, (_, each) =>
    entry({ sentUser: `user${each}`, user: `user${each}`, lastSeen: NOON + each }),
  );
  await writeState(path, snapshot(rows.toReversed()));
  const { radar } = await open("shrunk.json", { limit: 20 });
  const { seen, dropped } = radar.snapshot();
  assert.deepEqual(
    seen.map(({ user }) => user),
    rows.slice(-18).map(({ user }) => user),
  );
  assert.deepEqual(dropped, { entries: 82, lastSeen: NOON + 81 });
  await radar.close();
});

test("nothing is written without a path, and an unwritable folder is only a warning", async () => {
  const { radar } = await open("unused", { path: undefined });
  radar.record(visit(), accepted("alice"));
  await radar.close();
  assert.equal(radar.snapshot().seen.length, 1);
  writeFileSync(join(folder, "file"), "");
  const blocked = await open("file/radar.json");
  blocked.radar.record(visit(), accepted("alice"));
  await blocked.radar.close();
  assert.ok(blocked.warnings.length > 0);
});

test("a fault while recording is a warning and no exception", async () => {
  const { radar, warnings } = await open("fault.json");
  const broken = { ...accepted("alice"), claimed: undefined as unknown as string };
  radar.record(visit(), broken);
  radar.record(visit(), broken);
  radar.record(visit(), accepted("alice"));
  assert.equal(warnings.length, 1);
  assert.equal(radar.snapshot().seen.length, 1);
  await radar.close();
});

test("nothing but the named facts reaches the file, whatever else an attempt carries", async () => {
  const { radar, path } = await open("secret.json");
  const attempt = accepted("alice");
  const secret = { ntResponse: "5ec2e7", sessionBaseKey: "5ec2e7", serverChallenge: "5ec2e7", password: "5ec2e7" };
  radar.record({ ...visit(), ...secret }, { ...attempt, ...secret, ntlm: { ...attempt.ntlm!, ...secret } });
  radar.record(visit(), { ...denied("5ec2e7"), ...secret });
  await radar.close();
  assert.doesNotMatch(readFileSync(path, "utf8"), /5ec2e7/);
});

test("recording takes microseconds", async () => {
  const { radar } = await open("quick", { path: undefined });
  const attempts = Array.from({ length: 500 }, (_, each) => accepted(`user${each}`));
  const from = visit();
  const rounds = 100;
  for (const attempt of attempts) radar.record(from, attempt);
  const before = process.cpuUsage();
  for (let round = 0; round < rounds; round++) for (const attempt of attempts) radar.record(from, attempt);
  const { user, system } = process.cpuUsage(before);
  const each = (user + system) / (rounds * attempts.length);
  assert.ok(each < 30, `${each.toFixed(2)} microseconds`);
});

test("a file without permission is put aside or left alone, and never a crash", async () => {
  const path = join(folder, "forbidden.json");
  await writeState(path, snapshot([entry()]));
  chmodSync(path, 0);
  const { radar, warnings } = await open("forbidden.json");
  const isRoot = process.getuid?.() === 0;
  assert.equal(warnings.length, isRoot ? 0 : 1);
  assert.equal(radar.snapshot().seen.length, isRoot ? 1 : 0);
  await radar.close();
});

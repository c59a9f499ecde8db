/** `postern radar` as a command: its exit codes, where it finds the state, and what it says of a file that it cannot use. */
import assert from "node:assert/strict";
import { Command, type CommanderError } from "commander";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { registerRadar, type LoadRadarSource } from "../../src/cli/radar.ts";
import { writeState } from "../../src/radar/state.ts";
import { DAY, entry, NOON, snapshot } from "../radar/sightings.ts";
import { runCommand, type Outcome } from "./command.ts";

const folder = mkdtempSync(join(tmpdir(), "postern-radar-cli-"));
after(() => rmSync(folder, { recursive: true }));

before(async () => {
  const old = entry({
    user: "printer",
    sentUser: "printer",
    scheme: "NTLMv1",
    mic: "absent",
    lastSeen: NOON - 3 * DAY,
  });
  const bound = entry({ hasTarget: true, target: "imap/mail.example.com" });
  await writeState(join(folder, "state.json"), snapshot([old, bound]));
});

function radar(...args: readonly string[]): Promise<Outcome> {
  return runCommand("radar.js", "registerRadar", folder, ["radar", ...args]);
}

const ofState = (...args: readonly string[]): Promise<Outcome> => radar("--state", "state.json", ...args);

test("the report is text, JSON or CSV, and the exit code 0", async () => {
  const text = await ofState();
  assert.deepEqual([text.code, text.stderr], [0, ""]);
  assert.match(text.stdout, /^2 NTLM logons of 2 users, 2 rows:$/m);
  const json = await ofState("--json");
  assert.equal((JSON.parse(json.stdout) as { logons: unknown[] }).logons.length, 2);
  const csv = await ofState("--csv");
  assert.match(csv.stdout, /^kind,risk,user,.*\r\nlogon,high,printer,/);
  assert.deepEqual([json.code, csv.code], [0, 0]);
});

test("the exit code is 1 when somebody would break, or might, and 0 when nobody would", async () => {
  const codes = async (...args: string[]): Promise<number | null> => (await ofState(...args)).code;
  assert.equal(await codes("--if", "minimum=v2"), 1);
  assert.equal(await codes("--if", "minimum=v1", "--if", "mic=require"), 1);
  assert.equal(await codes("--if", "minimum=v2", "--user", "alice"), 0);
  assert.equal(await codes("--if", "targetName=require", "--user", "alice"), 1, "it might");
  assert.equal(await codes("--if", "minimum=v2", "--since", "2026-01-30"), 0);
  assert.equal(await codes("--if", "ntlm=off", "--listener", "pop3"), 0);
});

test("who would break is told with the reason", async () => {
  const { stdout } = await ofState("--if", "minimum=v2", "--if", "mic=require");
  assert.match(stdout, /^If minimum=v2 and mic=require:$/m);
  assert.match(stdout, /^ {2}would break: 1 of 2 users, 1 of 2 rows, 1 of 2 logons$/m);
  assert.match(stdout, /^ {2}breaks {2}sends NTLMv1, no MIC {2}high {2}printer {2}192\.0\.2\.7 /m);
});

test("what is used wrongly ends with 2 and says how it is meant", async () => {
  const cases: readonly (readonly [readonly string[], RegExp])[] = [
    [["--if", "mic=on"], /It can be minimum=v2\|v1-ess\|v1\|lm, mic=/],
    [["--if", "mic=off", "--if", "mic=require"], /mic is assumed twice/],
    [["--since", "yesterday"], /It can be a date, a time, or 30d/],
    [["--since", "2026-02-30T99:00"], /It can be a date/],
    [["--json", "--csv"], /cannot be used with/],
    [["--unknown"], /unknown option/],
  ];
  for (const [args, why] of cases) {
    const { code, stdout, stderr } = await ofState(...args);
    assert.deepEqual([code, stdout], [2, ""], args.join(" "));
    assert.match(stderr, why);
  }
});

test("no state, or one that says nothing, ends with 2", async () => {
  writeFileSync(join(folder, "rubbish.json"), "{");
  const missing = await radar("--state", "missing.json");
  const rubbish = await radar("--state", "rubbish.json", "--if", "ntlm=off");
  const nowhere = await radar();
  assert.deepEqual([missing.code, rubbish.code, nowhere.code], [2, 2, 2]);
  assert.match(missing.stderr, /missing\.json: no such file/);
  assert.match(rubbish.stderr, /rubbish\.json: it does not begin as a radar file does/);
  assert.match(nowhere.stderr, /give a configuration, or --state/);
  assert.equal(readFileSync(join(folder, "rubbish.json"), "utf8"), "{", "the file is left as it was");
});

test("a file with damaged lines is reported as far as it goes, with a word of warning", async () => {
  const text = readFileSync(join(folder, "state.json"), "utf8");
  writeFileSync(join(folder, "cut.json"), text.slice(0, -20));
  const { code, stdout, stderr } = await radar("--state", "cut.json");
  assert.equal(code, 0);
  assert.match(stdout, /of 1 user, 1 row:/);
  assert.equal(stderr, "cut.json: 1 of 2 lines cannot be read; they are left out\n");
});

test("the help names every exit code and every assumption", async () => {
  const { code, stdout } = await radar("--help");
  assert.equal(code, 0);
  for (const words of [
    "0  the report",
    "1  with --if",
    "2  used wrongly",
    "channelBinding=off|verify-if-present|require",
    "exceptions=off",
    "ntlm=off",
  ])
    assert.ok(stdout.includes(words), words);
});

/** In this process, with a loader as main.ts would give one. */
async function runWith(load: LoadRadarSource, ...args: readonly string[]): Promise<{ code: number; output: string }> {
  let output = "";
  const writeOut = (text: string): void => void (output += text);
  const program = new Command().exitOverride().configureOutput({ writeOut, writeErr: () => undefined });
  registerRadar(program, load);
  try {
    await program.parseAsync(["radar", ...args], { from: "user" });
    return { code: Number(process.exitCode ?? 0), output };
  } catch (error) {
    const { exitCode, message } = error as CommanderError;
    return { code: exitCode, output: message };
  } finally {
    process.exitCode = 0;
  }
}

test("a configuration tells where the state is, and which target names are ours", async () => {
  const asked: string[] = [];
  const load: LoadRadarSource = (path) => {
    asked.push(path);
    return { state: join(folder, "state.json"), isOurs: (_listener, target) => target === "imap/mail.example.com" };
  };
  const works = await runWith(load, "my.yaml", "--user", "alice", "--if", "targetName=require");
  assert.equal(works.code, 0);
  assert.match(works.output, /nobody of 1 user would break/);
  const breaks = await runWith(load, "my.yaml", "--user", "printer", "--if", "targetName=require");
  assert.equal(breaks.code, 1);
  assert.deepEqual(asked, ["my.yaml", "my.yaml"]);
});

test("--state needs no configuration, and wins over one that is given", async () => {
  const load: LoadRadarSource = () => ({ state: join(folder, "missing.json") });
  const given = await runWith(load, "my.yaml", "--state", join(folder, "state.json"), "--json");
  assert.equal(given.code, 0);
  const failing: LoadRadarSource = () => {
    throw new Error("my.yaml: unreadable");
  };
  assert.equal((await runWith(failing, "--state", join(folder, "state.json"), "--json")).code, 0);
  assert.deepEqual(await runWith(failing, "my.yaml"), { code: 2, output: "error: my.yaml: unreadable" });
});

test("a configuration without a radar is told as such", async () => {
  const { code, output } = await runWith(() => ({ state: undefined }), "my.yaml");
  assert.deepEqual([code, output], [2, "error: my.yaml names no state file for the radar"]);
});

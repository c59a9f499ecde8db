/** `postern unlock` as a command: what it says and asks of a running guard, and its exit codes. */
import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { openGuard, type OpenGuard } from "../../src/guard/open.ts";
import { guess, WITHOUT_DELAYS } from "../guard/world.ts";
import { runCommand, type Outcome } from "./command.ts";

const folder = mkdtempSync(join(tmpdir(), "postern-unlock-"));
const control = join(folder, "guard.sock");
let opened: OpenGuard;

before(async () => {
  opened = await openGuard({ rules: WITHOUT_DELAYS, state: undefined, control, log: () => undefined });
});
after(async () => {
  await opened.close();
  rmSync(folder, { recursive: true });
});

function unlock(...args: readonly string[]): Promise<Outcome> {
  return runCommand("unlock.js", "registerUnlock", folder, ["unlock", ...args]);
}

const here = (...args: readonly string[]): Promise<Outcome> => unlock("--control", control, ...args);

test("nobody locked is said so, and nothing to unlock is the answer no", async () => {
  const list = await here("--list");
  assert.deepEqual([list.code, list.stdout, list.stderr], [0, "nobody is locked or has to wait\n", ""]);
  const none = await here("--account", "alice");
  assert.deepEqual([none.code, none.stdout], [1, "nothing was counted there\n"]);
});

test("the list shows what is locked and for how long, and nothing of it moves the cursor", async () => {
  for (let each = 0; each < 50; each++) await guess(opened.guard, `name${each}`, "198.51.100.7");
  for (let each = 0; each < 3; each++) await guess(opened.guard, "al\u202eice\u001b[2J", `203.0.${each}.1`);
  const { code, stdout } = await here("--list");
  assert.equal(code, 0);
  assert.match(stdout, /^what {5}who {8,}validator {2}failures {2}locked for$/m);
  assert.match(stdout, /^address {2}198\.51\.100\.7 +50 +29 min$/m);
  assert.match(stdout, /^budget +al\S*ice\S* +users +3 +30 min$/m);
  assert.ok(!/[\u001b\u202e]/.test(stdout));
  const json = JSON.parse((await here("--list", "--json")).stdout) as { locks: { kind: string }[] };
  assert.deepEqual(json.locks.map(({ kind }) => kind).sort(), ["address", "budget"]);
});

test("an address and an account are let out by name, everybody with --all", async () => {
  const address = await here("--address", "198.51.100.7");
  assert.deepEqual([address.code, address.stdout], [0, "forgotten: 1\n"]);
  for (let each = 0; each < 3; each++) await guess(opened.guard, "bob", `203.0.${each}.1`);
  assert.equal((await here("--account", "EXAMPLE\\BOB")).code, 0);
  const { unlocked } = JSON.parse((await here("--all", "--json")).stdout) as { unlocked: number };
  assert.ok(unlocked > 50, `${unlocked}`);
  assert.equal((await here("--all")).code, 1);
  assert.equal((await here("--list")).stdout, "nobody is locked or has to wait\n");
});

test("used wrongly, or without a gateway, it says so with exit code 2", async () => {
  const outcomes = [
    [await here(), /say whom/],
    [await here("--all", "--list"), /cannot be used with/],
    [await here("--account", "a", "--address", "b"), /cannot be used with/],
    [await unlock("--list"), /give a configuration, or --control/],
    [await unlock("--list", "--control", join(folder, "nobody.sock")), /no gateway listens at/],
    [await unlock("--list", "--control", `/${"x".repeat(200)}`), /error: /],
    [await unlock("nowhere.yaml", "--list"), /nowhere\.yaml/],
  ] as const;
  for (const [{ code, stderr }, words] of outcomes) {
    assert.equal(code, 2, stderr);
    assert.match(stderr, words);
  }
});

test("a configuration without a guard's state or socket is named", async () => {
  const text = `validators: { users: { type: file, path: users } }
listeners: [{ name: imap, protocol: imap, bind: "127.0.0.1:0", mechanisms: [PLAIN], plaintext: allowed }]
backends: { store: { imap: { host: 127.0.0.1, port: 1 }, logon: { method: password } } }
`;
  writeFileSync(join(folder, "plain.yaml"), text);
  writeFileSync(join(folder, "users"), "", { mode: 0o600 });
  const { code, stderr } = await unlock("plain.yaml", "--list");
  assert.equal(code, 2);
  assert.match(stderr, /plain\.yaml has neither guard\.state nor guard\.control/);
});

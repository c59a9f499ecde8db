/** `postern user set` and `app-password`: an account's state and further passwords, written, shown, tried and taken away. */
import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, beforeEach, test } from "node:test";
import { runCommand, type Outcome } from "./command.ts";

const folder = mkdtempSync(join(tmpdir(), "postern-user-state-"));
after(() => rmSync(folder, { recursive: true }));

function user(words: string, input = ""): Promise<Outcome> {
  return runCommand("user.js", "registerUser", folder, ["user", ...words.split(" ")], input);
}

const NT = "nt=64f12cddaa88057e06a81b54e73b949b"; // of "Password1"
const write = (text: string) => writeFileSync(join(folder, "users"), text, { mode: 0o600 });
const read = () => readFileSync(join(folder, "users"), "utf8");
beforeEach(() => write(`# staff\nalice:::::::${NT} room=12\nbob:::::::${NT}\n`));

const STATE =
  "--expires 2099-12-31T00:00Z --locked yes --logon-hours mon-fri/08-18 --password-expires 2098-01-01 --must-change no --smartcard yes --trust server --workstations PC-7,PC-8 --listeners imaps --protected yes";
const WRITTEN =
  "expires=2099-12-31 locked=yes logon-hours=mon-fri/08-18 password-expires=2098-01-01 smartcard=yes trust=server workstations=PC-7,PC-8 listeners=imaps protected=yes";

test("all of an account's state is set, shown, and taken back", async () => {
  const set = await user(`set ALICE --file users ${STATE} --mailbox al --attr room=13 --group a --group b`);
  assert.deepEqual([set.code, set.stderr], [0, ""]);
  assert.equal(read(), `# staff\nalice:::::::${NT} room=13 mailbox=al groups=a,b ${WRITTEN}\nbob:::::::${NT}\n`);
  const [row] = JSON.parse((await user("list --file users --json")).stdout) as Record<string, unknown>[];
  const state = Object.fromEntries(WRITTEN.split(" ").map((word) => word.split("=")));
  assert.deepEqual([row?.["state"], row?.["refused"]], [state, "the account is locked out"]);
  const { stdout } = await user("list --file users");
  assert.match(
    stdout,
    / locked logon-hours=mon-fri\/08-18 .* protected {2}now refused: the account is locked out\nbob/,
  );
  const cleared = await user(
    "set alice --file users --locked no --protected no --must-change yes --clear expires --clear logon-hours --clear password-expires --clear smartcard --clear trust --clear workstations --clear listeners --clear room",
  );
  assert.equal(cleared.code, 0, cleared.stderr);
  assert.equal(read(), `# staff\nalice:::::::${NT} mailbox=al groups=a,b must-change=yes\nbob:::::::${NT}\n`);
});

test("an account can be added with its state, and a new password ends what was said of the old one", async () => {
  const add = await user(
    "add carol --file users --password-stdin --no-scram --must-change yes --expires 2099-01-01",
    "x",
  );
  assert.equal(add.code, 0, add.stderr);
  assert.match(read(), /\ncarol:.*::::::nt=\S+ expires=2099-01-01 must-change=yes\n$/);
  const refused = await user("verify carol --file users --password-stdin", "x");
  assert.equal(refused.stdout, "denied: the password must be changed first (STATUS_PASSWORD_MUST_CHANGE)\n");
  const passwd = await user("passwd carol --file users --password-stdin --no-scram", "y");
  assert.equal(passwd.stdout, "carol has a new password; must-change= was of the old one and is gone\n");
  assert.match(read(), /\ncarol:.*::::::nt=\S+ expires=2099-01-01\n$/);
  assert.equal((await user("verify carol --file users --password-stdin", "y")).code, 0);
});

test("verify says what the state answers, at a listener and to an NTLM client", async () => {
  const verify = async (words = "") => {
    const { code, stdout } = await user(`verify alice --file users --password-stdin${words}`, "Password1");
    return [code, stdout];
  };
  const accepted = "accepted: user alice, mailbox alice\n";
  await user("set alice --file users --listeners imaps,pop3s");
  assert.deepEqual(await verify(), [0, accepted]);
  assert.deepEqual(await verify(" --listener pop3s"), [0, accepted]);
  assert.deepEqual(await verify(" --listener pop3"), [
    1,
    "denied: the account may not use this listener (STATUS_LOGON_TYPE_NOT_GRANTED)\n",
  ]);
  await user("set alice --file users --protected yes");
  const restricted = "NTLM: denied: a member of Protected Users may not use NTLM (STATUS_ACCOUNT_RESTRICTION)\n";
  assert.deepEqual(await verify(), [0, `${accepted}${restricted}`]);
  await user("set alice --file users --protected no --workstations PC-7");
  const elsewhere = "denied: the account may not log on from this workstation (STATUS_INVALID_WORKSTATION)\n";
  assert.deepEqual(await verify(), [1, elsewhere]);
  assert.deepEqual(await verify(" --workstation pc-7"), [1, `${elsewhere}NTLM: accepted\n`]);
  await user("set alice --file users --expires 2020-01-01");
  assert.deepEqual(await verify(), [1, "denied: the account has expired (STATUS_ACCOUNT_EXPIRED)\n"]);
  const wrong = await user("verify alice --file users --password-stdin", "wrong");
  assert.equal(wrong.stdout, "denied: wrong password\n", "who has not the password learns no state");
});

test("an app password is printed once, works where it is good, and no more once it is revoked", async () => {
  const words = "alice phone --file users --listeners imaps --networks 192.0.2.0/24,2001:db8::/32 --expires 2099-01-01";
  const made = await user(`app-password add ${words}`);
  assert.equal(made.code, 0, made.stderr);
  const secret = made.stdout.trim();
  assert.match(secret, /^[a-hjkmnp-z2-9]{5}(-[a-hjkmnp-z2-9]{5}){3}$/);
  assert.ok(!read().includes(secret));
  assert.match(
    read(),
    /room=12 app-phone=[0-9a-f]{32};listeners=imaps;networks=192\.0\.2\.0\/24,2001:db8::\/32;created=\d{4}-\d\d-\d\d;expires=2099-01-01\nbob/,
  );
  const verify = async (more = "") => (await user(`verify alice --file users --password-stdin${more}`, secret)).stdout;
  const here = " --listener imaps --address 192.0.2.9";
  assert.equal(await verify(here), "accepted: user alice, mailbox alice, by the app password phone\n");
  assert.match(
    await verify(" --listener pop3 --address 192.0.2.9"),
    /^denied: the app password phone is not good for this listener/,
  );
  assert.match(await verify(" --listener imaps"), /^denied: the app password phone is not good for this network/);
  const list = await user("app-password list alice --file users");
  assert.match(
    list.stdout,
    /^phone +listeners=imaps {2}networks=192\.0\.2\.0\/24,2001:db8::\/32 {2}created=\S+ {2}expires=2099-01-01\n$/,
  );
  const [row] = JSON.parse((await user("app-password list alice --file users --json")).stdout) as { name: string }[];
  assert.equal(row?.name, "phone");
  assert.match((await user("list --file users")).stdout, /app passwords phone/);
  assert.equal((await user("app-password revoke alice PHONE --file users")).code, 0);
  assert.equal(await verify(here), "denied: wrong password\n");
  assert.equal((await user("app-password list alice --file users")).stdout, "");
});

test("two app passwords are never the same", async () => {
  const secrets = [];
  for (const name of ["a", "b"]) secrets.push((await user(`app-password add bob ${name} --file users`)).stdout);
  assert.equal(new Set(secrets).size, 2);
  assert.match(read(), /\nbob:.* app-a=[0-9a-f]{32};created=\S+ app-b=/);
});

test("what cannot be set is said in one sentence, and nothing is written", async () => {
  const before = read();
  const cases: readonly (readonly [string, number, RegExp])[] = [
    ["set alice --file users", 2, /nothing to set/],
    ["set carol --file users --locked yes", 1, /there is no carol in users/],
    ["set alice --file users --expires tomorrow", 2, /expires= is neither a day/],
    ["set alice --file users --logon-hours 8-18", 2, /logon-hours= is neither days and hours/],
    ["set alice --file users --locked perhaps", 2, /locked= is neither yes nor no/],
    ["set alice --file users --trust me", 2, /trust= is neither interdomain/],
    ["set alice --file users --workstations A,", 2, /workstations= is a list with an empty name/],
    ["set alice --file users --clear nt", 2, /nt is a secret/],
    ["set alice --file users --clear app-phone", 2, /app-phone is a secret/],
    ["set alice --file users --clear a=b", 2, /--clear wants the name of a field/],
    ["set alice --file users --attr expires=1", 2, /meaning of its own/],
    ["set alice --file users --attr app-x=1", 2, /meaning of its own/],
    ["app-password add alice a/b --file users", 2, /cannot be an app password's name/],
    ["app-password add alice phone --file users --networks 10.0.0.0/40", 2, /no list of networks/],
    ["app-password add alice phone --file users --listeners a\tb", 2, /a blank/],
    ["app-password add carol phone --file users", 1, /there is no carol/],
    ["app-password revoke alice phone --file users", 1, /alice has no app password phone/],
    ["app-password list carol --file users", 1, /there is no carol/],
  ];
  for (const [words, code, message] of cases) {
    const outcome = await user(words);
    assert.match(outcome.stderr, message, words);
    assert.deepEqual([outcome.code, outcome.stdout], [code, ""], words);
  }
  assert.equal(read(), before);
  await user("app-password add alice phone --file users");
  const twice = await user("app-password add alice Phone --file users");
  assert.match(twice.stderr, /alice has an app password Phone already: revoke it first/);
});

test("a wrong word in the file is named with its line, and the account is left out", async () => {
  write(`alice:::::::${NT} expires=soon\nbob:::::::${NT} app-phone=hunter2\ncarol:::::::${NT}\n`);
  const { stdout, stderr } = await user("list --file users");
  assert.match(stderr, /^users:1: account ignored: expires= is neither a day such as 2026-12-31/m);
  assert.match(stderr, /^users:2: account ignored: app-phone= does not begin with an NT hash/m);
  assert.match(stdout, /^carol [^\n]*\n$/);
  assert.ok(!stderr.includes("hunter2"));
});

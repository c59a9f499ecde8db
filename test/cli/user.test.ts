/** `postern user`: accounts added, changed, listed and tried, with exit codes 0, 1 and 2. */
import assert from "node:assert/strict";
import { chmodSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { runCommand, type Outcome } from "./command.ts";

const folder = mkdtempSync(join(tmpdir(), "postern-user-"));
after(() => rmSync(folder, { recursive: true }));

function user(words: string, input = ""): Promise<Outcome> {
  return runCommand("user.js", "registerUser", folder, ["user", ...words.split(" ")], input);
}

const read = (name: string) => readFileSync(join(folder, name), "utf8");

test("an account is added with hash, NT hash and all it was given, in a file for its owner alone", async () => {
  const words =
    "add alice@example.com --file full --password-stdin --domain EXAMPLE --mailbox al --group a --group b --attr room=12:3";
  assert.deepEqual(await user(words, "Password1\n"), {
    code: 0,
    stdout: "alice@example.com added to full\n",
    stderr: "",
  });
  const line = read("full").split("\n")[1] ?? "";
  assert.match(
    line,
    /^alice@example\.com:\{ARGON2ID\}\$argon2id\$v=19\$m=19456,t=2,p=1\$[^:]+::::::nt=64f12cddaa88057e06a81b54e73b949b scram-sha-256=32768,[^ ,]+,[^ ,]+,[^ ,]+ domain=EXAMPLE mailbox=al groups=a,b room=12:3$/,
  );
  assert.equal(statSync(join(folder, "full")).mode & 0o777, 0o600);
  const list = await user("list --file full --json");
  assert.deepEqual(JSON.parse(list.stdout), [
    {
      ...{
        name: "alice@example.com",
        domain: "EXAMPLE",
        mailbox: "al",
        groups: ["a", "b"],
        attributes: { room: "12:3" },
      },
      secrets: ["argon2id", "nt", "scram-sha-256"],
      mechanisms: ["PLAIN", "NTLM", "SCRAM-SHA-256"],
      ...{ disabled: false, state: {}, refused: null, appPasswords: [], line: 2 },
    },
  ]);
});

test("the password that was set is the one that is right, whatever the scheme", async () => {
  for (const scheme of ["argon2id", "bcrypt", "sha512-crypt", "scrypt"]) {
    assert.equal(
      (await user(`add ${scheme} --file tried --no-nt --scheme ${scheme} --password-stdin`, "pässwörd☃\n")).code,
      0,
    );
    const right = await user(`verify ${scheme} --file tried --password-stdin`, "pässwörd☃");
    assert.deepEqual(
      [right.code, right.stdout],
      [0, `accepted: user ${scheme}, mailbox ${scheme}\nSCRAM-SHA-256: right\n`],
      right.stderr,
    );
  }
  const wrong = await user("verify bcrypt --file tried --password-stdin", "password\n");
  assert.deepEqual([wrong.code, wrong.stdout], [1, "denied: wrong password\n"]);
  assert.equal((await user("verify nobody --file tried --password-stdin", "x\n")).code, 1);
  assert.ok(!read("tried").includes("nt="));
});

test("passwd, disable, enable and remove change one line and keep the rest", async () => {
  const rest = "\n# staff\nbob:{PLAIN}b:1:2:g:h:s:nt=8846f7eaee8fb117ad06bdd830b7586c room=1\n";
  writeFileSync(join(folder, "changed"), `${rest}alice:{PLAIN}a:1:2:::sh:room=2 disabled=no\n`, { mode: 0o640 });
  chmodSync(join(folder, "changed"), 0o640);
  assert.equal((await user("passwd ALICE --file changed --password-stdin", "new\n")).code, 0);
  assert.ok(read("changed").startsWith(rest));
  assert.match(
    read("changed"),
    /\nalice:\{ARGON2ID\}[^:]+:1:2:::sh:nt=[0-9a-f]{32} scram-sha-256=[^ ]+ room=2 disabled=no\n$/,
  );
  assert.equal((await user("verify alice --file changed --password-stdin", "new\n")).code, 0);
  assert.equal((await user("disable alice --file changed")).stdout, "alice is disabled\n");
  const refused = await user("verify alice --file changed --password-stdin", "new\n");
  assert.deepEqual([refused.code, refused.stdout], [1, "denied: the account is disabled (STATUS_ACCOUNT_DISABLED)\n"]);
  assert.equal((await user("enable alice --file changed")).stdout, "alice is enabled\n");
  assert.match(read("changed"), / room=2\n$/);
  assert.equal((await user("remove alice --file changed")).code, 0);
  assert.equal(read("changed"), rest);
  assert.equal(statSync(join(folder, "changed")).mode & 0o777, 0o640);
});

test("each mechanism's secrets are written when wanted, and a new password replaces them all", async () => {
  const mechanisms = async (name: string) => {
    const { stdout } = await user("list --file kinds --json");
    return (JSON.parse(stdout) as { name: string; mechanisms: string[] }[]).find((row) => row.name === name)
      ?.mechanisms;
  };
  const add = (words: string) => user(`add ${words} --file kinds --password-stdin`, "Password1\n");
  assert.equal((await add("few --no-nt --no-scram --cert email")).code, 0);
  assert.deepEqual(await mechanisms("few"), ["PLAIN", "EXTERNAL"]);
  assert.equal((await add(`many --scram-sha-1 --cert sha256:${"0a".repeat(32)} --cert email`)).code, 0);
  assert.deepEqual(await mechanisms("many"), ["PLAIN", "NTLM", "SCRAM-SHA-256", "SCRAM-SHA-1", "EXTERNAL"]);
  const old = await add("old --cram-md5");
  assert.match(old.stderr, /warning: the password is kept in clear/);
  assert.deepEqual(await mechanisms("old"), ["PLAIN", "NTLM", "SCRAM-SHA-256", "SCRAM-SHA-1", "CRAM-MD5"]);
  assert.equal((await user("verify old --file kinds --password-stdin", "Password1")).code, 0);
  for (const name of ["many", "old"]) {
    assert.equal((await user(`passwd ${name} --file kinds --password-stdin`, "other")).code, 0);
    const right = await user(`verify ${name} --file kinds --password-stdin`, "other");
    assert.deepEqual([right.code, /wrong/.test(right.stdout)], [0, false], right.stdout);
  }
  assert.deepEqual(await mechanisms("many"), ["PLAIN", "NTLM", "SCRAM-SHA-256", "SCRAM-SHA-1", "EXTERNAL"]);
  assert.deepEqual(await mechanisms("old"), ["PLAIN", "NTLM", "SCRAM-SHA-256"]);
});

test("a password that SASLprep does not allow gets no keys, and is told so", async () => {
  const { code, stderr } = await user("add odd --file odd --password-stdin", "a\u200eb\n");
  assert.deepEqual([code, /no keys for SCRAM/.test(stderr), /scram-sha/.test(read("odd"))], [0, true, false]);
  assert.equal((await user("verify odd --file odd --password-stdin", "a\u200eb")).code, 0);
});

test("keys of another password are found out by verify", async () => {
  await user("add one --file mixed --password-stdin", "first\n");
  await user("add two --file mixed --password-stdin", "second\n");
  const [foreign = ""] = /scram-sha-256=\S+/.exec(read("mixed").split("two:")[1] ?? "") ?? [];
  writeFileSync(join(folder, "mixed"), read("mixed").replace(/scram-sha-256=\S+/, foreign), { mode: 0o600 });
  const { code, stdout } = await user("verify one --file mixed --password-stdin", "first");
  assert.deepEqual(
    [code, stdout],
    [1, "accepted: user one, mailbox one\nSCRAM-SHA-256: wrong, its keys are of another password\n"],
  );
});

test("list never shows a hash and tells of lines that are ignored", async () => {
  writeFileSync(
    join(folder, "listed"),
    "alice:{PLAIN}hunter2\nbob:nonsense\ncarol:{NT}8846f7eaee8fb117ad06bdd830b7586c::::::disabled=yes\n",
    { mode: 0o600 },
  );
  const { code, stdout, stderr } = await user("list --file listed");
  assert.equal(code, 0);
  assert.match(
    stdout,
    /^alice +mailbox alice {2}plain\+nt {2}PLAIN,NTLM,SCRAM-SHA-256,SCRAM-SHA-1,CRAM-MD5\ncarol +mailbox carol {2}nt {2}PLAIN,NTLM {2}disabled\n$/,
  );
  assert.match(stderr, /listed:2: account ignored: the hash is of no known kind/);
  assert.ok(!/hunter2|8846f7|nonsense/.test(stdout + stderr));
  assert.equal((await user("list --file no-such-file")).code, 1);
});

test("what cannot be done is said in one sentence, and nothing is written", async () => {
  writeFileSync(join(folder, "kept"), "alice:{PLAIN}x\n", { mode: 0o600 });
  const cases: readonly (readonly [string, string, number, RegExp])[] = [
    ["add ALICE --file kept --password-stdin", "x\n", 1, /ALICE is in kept already/],
    ["passwd bob --file kept --password-stdin", "x\n", 1, /there is no bob in kept/],
    ["remove bob --file kept", "", 1, /there is no bob in kept/],
    ["add bob --file kept --password-stdin", "\n", 1, /the password is empty/],
    ["add bob --file kept --password-stdin", "a\nb\n", 1, /more than one line/],
    ["add bob --file kept --password-stdin", "x".repeat(2000), 1, /longer than 1024/],
    ["add bob --file kept", "x\n", 1, /give --password-stdin/],
    ["add b:b --file kept --password-stdin", "x\n", 2, /cannot be an account's name/],
    ["add EXAMPLE\\bob --file kept --password-stdin", "x\n", 2, /cannot be an account's name/],
    ["add bob --file kept --password-stdin --attr x", "x\n", 2, /--attr wants key=value/],
    ["add bob --file kept --password-stdin --attr nt=1", "x\n", 2, /meaning of its own/],
    ["add bob --file kept --password-stdin --mailbox a\tb", "x\n", 2, /mailbox is empty or has a blank/],
    ["add bob --file kept --password-stdin --scheme md5", "x\n", 2, /Allowed choices are argon2id/],
    ["add bob --file kept --password-stdin --attr cert=email", "x\n", 2, /meaning of its own/],
    ["add bob --file kept --password-stdin --cert sha1:aa", "x\n", 1, /cert= is neither email nor sha256/],
    ["add bob --file kept --password-stdin --cram-md5 --no-nt", "x\n", 1, /leave out --no-nt/],
    ["add bob --password-stdin", "x\n", 2, /give --file, or --config/],
    ["add", "", 2, /missing required argument/],
  ];
  for (const [words, input, code, message] of cases) {
    const outcome = await user(words, input);
    assert.match(outcome.stderr, message, words);
    assert.deepEqual([outcome.code, outcome.stdout], [code, ""], words);
  }
  assert.equal(read("kept"), "alice:{PLAIN}x\n");
});

test("the account file is found through the configuration, even before it exists", async () => {
  const yaml = "validators: { one: { type: file, path: first }, two: { type: file, path: second } }\nlistners: []\n";
  writeFileSync(join(folder, "two.yaml"), yaml);
  writeFileSync(
    join(folder, "one.yaml"),
    'validators: { one: { type: file, path: "${env:NO_SUCH}/first" }, two: { type: file, path: second } }\n',
  );
  const unclear = await user("add alice --config two.yaml --password-stdin", "x\n");
  assert.deepEqual(
    [unclear.code, /several account files: give --validator with one of one, two/.test(unclear.stderr)],
    [2, true],
  );
  assert.equal((await user("add alice --config two.yaml --validator two --password-stdin", "x\n")).code, 0);
  assert.equal((await user("verify alice --config one.yaml --password-stdin", "x\n")).code, 0);
  const none = await user("list --config two.yaml --validator three");
  assert.deepEqual([none.code, /two.yaml has no validator three of type file/.test(none.stderr)], [2, true]);
});

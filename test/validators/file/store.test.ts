/** Account lines and finding accounts by the names that clients send. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { splitName } from "../../../src/core/identity.ts";
import { joinLine, splitLine } from "../../../src/validators/file/account-line.ts";
import { chooseAccount } from "../../../src/accounts/names.ts";
import { parseStore } from "../../../src/validators/file/store.ts";

const NT = "8846f7eaee8fb117ad06bdd830b7586c"; // of "password"
const HASH = `$2b$10$${"a".repeat(53)}`;

test("a full line gives the account with all it says", () => {
  const line = `Alice:{BLF-CRYPT}${HASH}:1000:100:Alice A.:/home/a:/bin/sh:nt=${NT} domain=EXAMPLE mailbox=alice@store groups=a,b room=12 pop3pw=x=y:z flag`;
  const { accounts, problems } = parseStore(`${line}\n`);
  assert.deepEqual(problems, []);
  const [account] = accounts;
  assert.deepEqual(account?.identity, {
    user: "Alice",
    domain: "EXAMPLE",
    mailbox: "alice@store",
    groups: ["a", "b"],
    attributes: { room: "12", pop3pw: "x=y:z", flag: "yes" },
  });
  assert.equal(Buffer.from(account?.nt ?? []).toString("hex"), NT);
  assert.deepEqual(account?.state, {});
});

test("a short line is enough: Dovecot's trailing fields may be missing", () => {
  const { accounts } = parseStore(
    `bob@example.com:${HASH}\ncarol:::::::nt=${NT} disabled=yes\ndave:{NT}${NT}\neve:{PLAIN}password\n`,
  );
  assert.deepEqual(accounts[0]?.identity, {
    user: "bob",
    domain: "example.com",
    mailbox: "bob@example.com",
    groups: [],
    attributes: {},
  });
  assert.equal(accounts[0]?.nt, undefined);
  assert.deepEqual([accounts[1]?.state.disabled, accounts[1]?.password], [true, undefined]);
  const hashes = accounts.slice(1).map(({ nt }) => Buffer.from(nt ?? []).toString("hex"));
  assert.deepEqual(hashes, [NT, NT, NT], "a plain password gives its NT hash");
});

test("comments and blank lines are no accounts, other line ends and a byte order mark no problem", () => {
  const { accounts, problems } = parseStore(`\uFEFF# comment\r\n\r\n   \r\nalice:{PLAIN}x\r\n`);
  assert.deepEqual([accounts.length, accounts[0]?.line, problems], [1, 4, []]);
});

test("bad lines are left out, each with its number and reason, never with a secret", () => {
  const bad: readonly (readonly [string, RegExp])[] = [
    ["alice", /neither a password nor nt=/],
    ["alice:", /neither a password nor nt=/],
    [":{PLAIN}hunter2", /the name/],
    [" alice:{PLAIN}hunter2", /the name/],
    ["a\\b:{PLAIN}hunter2", /the name/],
    ["a\tb:{PLAIN}hunter2", /the name/],
    [`${"x".repeat(300)}:{PLAIN}hunter2`, /the name/],
    ["alice:hunter2", /no known kind/],
    ["alice:{XYZ}hunter2", /not known/],
    ["alice:{PLAIN}x::::::nt=hunter2", /32 hexadecimal/],
    ["alice:{PLAIN}x::::::disabled=maybe", /yes nor no/],
    ["alice:{PLAIN}x::::::=hunter2", /key=value/],
    ["alice:{PLAIN}x::::::a=1 a=hunter2", /twice/],
    [`alice:{PLAIN}${"hunter2".repeat(2000)}`, /longer than/],
  ];
  const { accounts, problems } = parseStore(`# one\n${bad.map(([line]) => line).join("\n")}\nbob:{PLAIN}x\n`);
  assert.deepEqual(
    accounts.map(({ name }) => name),
    ["bob"],
  );
  assert.deepEqual(
    problems.map(({ line }) => line),
    bad.map((_, index) => index + 2),
  );
  for (const [index, [line, words]] of bad.entries()) assert.match(problems[index]?.message ?? "", words, line);
  assert.ok(!JSON.stringify(problems).includes("hunter2"));
});

test("a name that is there twice, in whatever case, is a duplicate", () => {
  const { duplicates } = parseStore("alice:{PLAIN}x\nbob:{PLAIN}x\nALICE:{PLAIN}y\n");
  assert.deepEqual(duplicates, [{ line: 3, message: "ALICE is on line 1 already" }]);
});

test("accounts are found by user and domain, the server's own domain standing for none", () => {
  const store = parseStore(
    "alice:{PLAIN}x\nbob@one.example:{PLAIN}x\nbob@two.example:{PLAIN}x::::::domain=TWO\ncarol@one.example:{PLAIN}x\ndave@ours.example:{PLAIN}x\ndave@one.example:{PLAIN}x\n",
  );
  const isOurs = (domain: string) => domain === "ours" || domain === "ours.example";
  const find = (name: string) => {
    const split = splitName(name);
    return chooseAccount(store.byUser.get(split.user.toLowerCase()) ?? [], split, isOurs)?.name;
  };
  assert.deepEqual(["alice", "ALICE", "OURS\\alice", "alice@ours.example"].map(find), Array(4).fill("alice"));
  assert.deepEqual(
    ["OTHER\\alice", "alice@one.example", "eve", "bob", "bob@three.example"].map(find),
    Array(5).fill(undefined),
  );
  assert.deepEqual(["bob@one.example", "two\\bob", "bob@two.example"].map(find), [
    "bob@one.example",
    "bob@two.example",
    "bob@two.example",
  ]);
  assert.deepEqual(["carol", "dave", "OURS\\dave"].map(find), [
    "carol@one.example",
    "dave@ours.example",
    "dave@ours.example",
  ]);
  assert.equal(find("OURS\\carol"), undefined);
  assert.equal(find("__proto__"), undefined);
});

test("a line taken apart and put together again is the same line", () => {
  for (const line of ["a:b", "a:b:1:2", `a:b:1:2:g:h:s:nt=${NT} x=y`, `a:::::::nt=${NT}`, "a:"]) {
    const fields = splitLine(line);
    assert.ok(typeof fields !== "string");
    assert.equal(joinLine(fields), line);
  }
});

/** The store: who has an account, what its mailboxes remember, and that memory is bounded. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { Account, MAX_MAILBOXES } from "../../src/sandbox/account.ts";
import { masterPasswordDoor, readPlain } from "../../src/sandbox/door.ts";
import { MailStore } from "../../src/sandbox/mailstore.ts";
import { Quota } from "../../src/sandbox/quota.ts";
import { welcomeMessage } from "../../src/sandbox/welcome.ts";
import { parseMime } from "../../src/sandbox/mime.ts";
import { lines } from "./running.ts";

const MESSAGE = lines("Subject: x", "", "x");

function account(): Account {
  let uidValidity = 1;
  return new Account("alice", new Quota(), () => uidValidity++);
}

test("users are found by name, address and DOMAIN\\user, in any case, and nobody else is", () => {
  const store = new MailStore(["Alice", "bob@example.com"]);
  const alice = store.account("alice");
  assert.ok(alice);
  for (const name of ["ALICE", "alice@anywhere.example", "EXAMPLE\\alice"])
    assert.equal(store.account(name), alice, name);
  assert.equal(store.account("Bob@example.com")?.user, "bob@example.com");
  for (const name of ["bob", "eve", "", "@", "alice@", "__proto__"]) assert.equal(store.account(name), undefined, name);
});

test("only the master password opens the door", () => {
  const door = masterPasswordDoor(new MailStore(["alice"]), "pässword");
  assert.equal(door("alice", "pässword")?.user, "alice");
  for (const wrong of ["", "password", "pässword "]) assert.equal(door("alice", wrong), undefined);
  assert.equal(door("eve", "pässword"), undefined);
});

test("PLAIN is read strictly", () => {
  const encode = (text: string): string => Buffer.from(text).toString("base64");
  assert.deepEqual(readPlain(encode("\0u\0p")), { user: "u", password: "p" });
  assert.deepEqual(readPlain(encode("z\0u\0")), { user: "z", password: "" });
  for (const bad of ["", "=", "u\0p", "\0\0p", "\0u\0p\0"].map(encode)) assert.equal(readPlain(bad), undefined);
  for (const bad of ["AHUAcA=", "AHUAcA==x", "AHU AcA==", "*"]) assert.equal(readPlain(bad), undefined);
});

test("the welcome is a proper message with a name that cannot break out of it", () => {
  const raw = welcomeMessage('eve\r\nBcc: x@y\u0000"<>', new Date("2026-01-05T10:00:00Z"));
  const { fields, contentType } = parseMime(raw);
  assert.deepEqual(fields.map(({ name }) => name), ["date", "from", "to", "subject", "message-id", "mime-version", "content-type", "content-transfer-encoding"]); // prettier-ignore
  assert.equal(fields[0]?.value, "Mon, 05 Jan 2026 10:00:00 +0000");
  assert.equal(fields[2]?.value, "you@postern.invalid");
  assert.match(fields[4]?.value ?? "", /^<[0-9a-f-]{36}@postern\.invalid>$/);
  assert.equal(contentType.value, "text/plain");
  assert.doesNotMatch(raw.toString(), /[^\r]\n|\nBcc/);
  assert.ok(raw.toString().split("\r\n").every((line) => line.length <= 998)); // prettier-ignore
});

test("the quota counts what is stored, and gives back what is expunged or deleted with its mailbox", () => {
  const store = new MailStore(["alice"], { octets: 1000, messages: 3, messageOctets: 500 });
  const alice = store.account("alice");
  alice?.inbox.expunge(new Set(alice.inbox.messages));
  assert.deepEqual([store.quota.octets, store.quota.messages], [0, 0]);
  alice?.create("x");
  const box = alice?.mailbox("x");
  for (let count = 0; count < 3; count++) assert.equal(typeof box?.append(MESSAGE), "object");
  assert.equal(box?.append(MESSAGE), "full");
  assert.equal(alice?.inbox.append(Buffer.alloc(2000)), "full");
  assert.deepEqual([store.quota.octets, store.quota.messages], [3 * MESSAGE.length, 3]);
  const kept = box?.messages[0];
  alice?.delete("x");
  assert.deepEqual([store.quota.octets, store.quota.messages, kept?.raw.length], [0, 0, 0]);
});

test("a mailbox that is created again has another UIDVALIDITY", () => {
  const alice = account();
  alice.create("x");
  const before = alice.mailbox("x")?.uidValidity ?? 0;
  alice.delete("x");
  alice.create("x");
  assert.ok((alice.mailbox("x")?.uidValidity ?? 0) > before);
});

test("renaming takes the mailboxes below along, and their messages", () => {
  const alice = account();
  alice.create("a/b/");
  alice.mailbox("a/b")?.append(MESSAGE);
  assert.equal(alice.rename("a", "n/m"), undefined);
  assert.deepEqual(alice.mailboxes.map(({ name }) => name), ["INBOX", "Drafts", "Sent", "Trash", "n", "n/m", "n/m/b"]); // prettier-ignore
  assert.equal(alice.mailbox("n/m/b")?.messages.length, 1);
});

test("names and numbers of mailboxes are bounded", () => {
  const alice = account();
  for (const name of ["", "/", "a//b", "a%", "a*", "ü", "a\nb", "x".repeat(256)]) {
    assert.equal(alice.create(name)?.code, "CANNOT", JSON.stringify(name));
  }
  assert.equal(alice.create(Array.from({ length: 120 }, () => "a").join("/"))?.code, undefined);
  assert.equal(alice.create(Array.from({ length: 120 }, () => "b").join("/"))?.code, "LIMIT");
  assert.ok(alice.mailboxes.length <= MAX_MAILBOXES);
  alice.create("c".repeat(200));
  assert.equal(alice.rename("a", "d".repeat(100))?.code, "CANNOT", "what is below would have too long a name");
});

test("watchers hear of every change, and not after they have left", () => {
  const { inbox } = account();
  let heard = 0;
  const leave = inbox.watch(() => heard++);
  const message = inbox.append(MESSAGE);
  assert.ok(typeof message === "object");
  inbox.setFlags(message, ["\\seen"]);
  inbox.setFlags(message, ["\\Seen"]);
  inbox.expunge(new Set([message]));
  inbox.expunge(new Set([message]));
  assert.equal(heard, 3, "what changes nothing is no change");
  leave();
  inbox.append(MESSAGE);
  assert.equal(heard, 3);
});

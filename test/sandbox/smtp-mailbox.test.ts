/** nodemailer, curl and a bare connection against the sandbox's SMTP server. */
import assert from "node:assert/strict";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { createTransport } from "nodemailer";
import { Dialogue } from "./dialogue.ts";
import {
  isInstalled,
  lines,
  LOCALHOST,
  PASSWORD,
  run,
  runMailboxes,
  temporaryDirectory,
  TRICKY_MESSAGE,
} from "./running.ts";

function transport(port: number, user = "alice", pass = PASSWORD) {
  return createTransport({ host: LOCALHOST, port, secure: false, ignoreTLS: true, auth: { user, pass } });
}

function envelope(...to: readonly string[]) {
  return { from: "alice@example.com", to: [...to] };
}

test("nodemailer's mail arrives in the recipient's INBOX byte for byte", async (t) => {
  const { smtp, store } = await runMailboxes(t);
  await transport(smtp).sendMail({ envelope: envelope("bob@example.com"), raw: TRICKY_MESSAGE });
  assert.deepEqual(store.account("bob")?.inbox.messages[1]?.raw, TRICKY_MESSAGE);
  assert.equal(store.account("alice")?.inbox.messages.length, 1, "only the welcome");
});

test("curl's mail arrives byte for byte", async (t) => {
  if (!(await isInstalled("curl"))) return t.skip("curl is not installed");
  const { smtp, store } = await runMailboxes(t);
  const file = join(await temporaryDirectory(t), "message");
  await writeFile(file, TRICKY_MESSAGE);
  const to = ["--mail-from", "alice@example.com", "--mail-rcpt", "bob@example.com"];
  const args = ["-sS", "--user", `alice:${PASSWORD}`, ...to, "-T", file, `smtp://${LOCALHOST}:${smtp}`];
  const { code, output } = await run("curl", args);
  assert.equal(code, 0, output);
  assert.deepEqual(store.account("bob")?.inbox.messages[1]?.raw, TRICKY_MESSAGE);
});

test("mail to somebody who is no user comes to its sender, once", async (t) => {
  const { smtp, store } = await runMailboxes(t);
  await transport(smtp).sendMail({
    envelope: envelope("eve@example.com", "mallory@example.com"),
    raw: "Subject: x\r\n\r\nx",
  });
  assert.equal(store.account("alice")?.inbox.messages.length, 2);
});

test("a user who is named by a whole address gets mail for that address", async (t) => {
  const { smtp, store } = await runMailboxes(t, { users: ["alice", "Bob@Example.com"] });
  await transport(smtp).sendMail({ envelope: envelope("bob@example.com"), raw: "Subject: x\r\n\r\nx" });
  assert.equal(store.account("bob@example.com")?.inbox.messages.length, 2);
});

test("AUTH LOGIN works as AUTH PLAIN does", async (t) => {
  const { smtp, store } = await runMailboxes(t);
  const options = { host: LOCALHOST, port: smtp, secure: false, ignoreTLS: true, authMethod: "LOGIN" };
  const sender = createTransport({ ...options, auth: { user: "bob", pass: PASSWORD } });
  await sender.sendMail({ envelope: envelope("alice@example.com"), raw: "Subject: x\r\n\r\nx" });
  assert.equal(store.account("alice")?.inbox.messages.length, 2);
});

test("a wrong password and an unknown user are refused alike", async (t) => {
  const { smtp } = await runMailboxes(t);
  const mail = { envelope: envelope("bob@example.com"), raw: "Subject: x\r\n\r\nx" };
  await assert.rejects(transport(smtp, "alice", "wrong").sendMail(mail), { responseCode: 535 });
  await assert.rejects(transport(smtp, "eve").sendMail(mail), { responseCode: 535 });
});

test("EHLO announces what there is and nothing else, and mail needs a logon", async (t) => {
  const { smtp } = await runMailboxes(t);
  const dialogue = await Dialogue.open(smtp);
  await dialogue.until(/^220 .*\r\n/);
  dialogue.send("EHLO test\r\n");
  const greeting = await dialogue.until(/^250 .*\r\n/m);
  const announced = greeting.trim().split("\r\n").slice(1).map((line) => line.slice(4)); // prettier-ignore
  assert.deepEqual(announced, [
    "PIPELINING",
    "8BITMIME",
    "SMTPUTF8",
    "ENHANCEDSTATUSCODES",
    "AUTH PLAIN LOGIN",
    `SIZE ${25 * 1024 * 1024}`,
  ]);
  dialogue.send("MAIL FROM:<a@example.com>\r\nSHELL\r\nSTARTTLS\r\n");
  assert.match(await dialogue.until(/(.*\r\n){3}/), /^530 .*\r\n500 .*\r\n500 /);
  dialogue.close();
});

test("mail that the store has no room for is refused, and what was received is forgotten", async (t) => {
  const limits = { octets: 40_000, messages: 10, messageOctets: 30_000 };
  const { smtp, store } = await runMailboxes(t, { limits });
  const mail = (octets: number) => ({
    envelope: envelope("bob@example.com"),
    raw: lines("Subject: x", "", "x".repeat(octets)),
  });
  await transport(smtp).sendMail(mail(25_000));
  await assert.rejects(transport(smtp).sendMail(mail(25_000)), { responseCode: 452 });
  await assert.rejects(transport(smtp).sendMail(mail(35_000)), { responseCode: 552 });
  const stored = ["alice", "bob"].flatMap((user) => store.account(user)?.inbox.messages ?? []);
  assert.equal(store.quota.octets, stored.reduce((sum, { raw }) => sum + raw.length, 0)); // prettier-ignore
  assert.equal(store.quota.messages, stored.length);
});

test("a client that goes away inside DATA leaves nothing behind", { timeout: 10_000 }, async (t) => {
  const { smtp, store } = await runMailboxes(t);
  const dialogue = await Dialogue.open(smtp);
  await dialogue.until(/^220 .*\r\n/);
  const token = Buffer.from(`\0alice\0${PASSWORD}`).toString("base64");
  dialogue.send(`EHLO test\r\nAUTH PLAIN ${token}\r\n`);
  await dialogue.until(/^235 .*\r\n/m);
  dialogue.send("MAIL FROM:<a@example.com>\r\nRCPT TO:<bob@example.com>\r\nDATA\r\n");
  await dialogue.until(/^354 .*\r\n/m);
  const before = store.quota.octets;
  dialogue.send(`Subject: x\r\n\r\n${"x".repeat(100_000)}`);
  while (store.quota.octets < before + 90_000) await new Promise((resolve) => setTimeout(resolve, 5));
  dialogue.close();
  while (store.quota.octets > before) await new Promise((resolve) => setTimeout(resolve, 5));
  assert.equal(store.account("bob")?.inbox.messages.length, 1);
});

/** The sandbox's POP3 server, spoken to by hand. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { Dialogue } from "./dialogue.ts";
import { lines, PASSWORD, runMailboxes, TRICKY_MESSAGE } from "./running.ts";

const plain = (text: string): string => Buffer.from(text).toString("base64");

test("CAPA lists what there is, before and after logon", async (t) => {
  const { pop3 } = await runMailboxes(t);
  const dialogue = await Dialogue.open(pop3);
  await dialogue.until(/\+OK.*\r\n/);
  const before = await dialogue.askMore("CAPA");
  for (const capability of ["TOP", "UIDL", "USER", "PIPELINING", "RESP-CODES", "AUTH-RESP-CODE", "SASL PLAIN"]) {
    assert.ok(before.includes(`\r\n${capability}\r\n`), capability);
  }
  await dialogue.ask("USER alice");
  await dialogue.ask(`PASS ${PASSWORD}`);
  assert.equal(await dialogue.askMore("CAPA"), before);
  dialogue.close();
});

test("AUTH PLAIN works with and without an initial response, and can be cancelled", async (t) => {
  const { pop3 } = await runMailboxes(t);
  const dialogue = await Dialogue.open(pop3);
  await dialogue.until(/\+OK.*\r\n/);
  assert.equal(await dialogue.askMore("AUTH"), "+OK Mechanisms\r\nPLAIN\r\n.\r\n");
  assert.equal(await dialogue.ask("AUTH PLAIN"), "+ \r\n");
  assert.match(await dialogue.ask("*"), /^-ERR/);
  assert.match(await dialogue.ask("AUTH PLAIN ====") , /^-ERR/); // prettier-ignore
  assert.match(await dialogue.ask("AUTH CRAM-MD5"), /^-ERR/);
  assert.equal(await dialogue.ask("auth plain"), "+ \r\n");
  assert.match(await dialogue.ask(plain(`\0alice\0${PASSWORD}`)), /^\+OK/);
  dialogue.close();
  const proxy = await Dialogue.open(pop3);
  await proxy.until(/\+OK.*\r\n/);
  assert.match(await proxy.ask(`AUTH PLAIN ${plain(`bob\0master\0${PASSWORD}`)}`), /^\+OK/);
  proxy.close();
});

test("a wrong password is [AUTH], and five of them end the connection", async (t) => {
  const { pop3 } = await runMailboxes(t);
  const dialogue = await Dialogue.open(pop3);
  await dialogue.until(/\+OK.*\r\n/);
  await dialogue.ask("USER alice");
  for (let attempt = 1; attempt <= 4; attempt++) assert.match(await dialogue.ask("PASS wrong"), /^-ERR \[AUTH\]/);
  await dialogue.ask("USER nobody");
  assert.match(await dialogue.ask(`PASS ${PASSWORD}`), /^-ERR \[AUTH\]/);
  assert.equal(await dialogue.end(), "");
});

test("a second session is told [IN-USE] until the first has gone", async (t) => {
  const { pop3 } = await runMailboxes(t);
  const first = await Dialogue.pop3(pop3);
  const second = await Dialogue.open(pop3);
  await second.until(/.*\r\n/);
  await second.ask("USER alice");
  assert.match(await second.ask(`PASS ${PASSWORD}`), /^-ERR \[IN-USE\]/);
  await first.ask("QUIT");
  await first.end();
  assert.match(await second.ask(`PASS ${PASSWORD}`), /^\+OK/);
  second.close();
});

test("deleted messages go at QUIT, not when the connection breaks, and not after RSET", async (t) => {
  const { pop3, store } = await runMailboxes(t);
  const inbox = store.account("alice")?.inbox;
  const broken = await Dialogue.pop3(pop3);
  assert.match(await broken.ask("DELE 1"), /^\+OK/);
  assert.match(await broken.ask("DELE 1"), /^-ERR/);
  assert.equal(await broken.ask("STAT"), "+OK 0 0\r\n");
  broken.close();
  await broken.end();
  const reset = await Dialogue.pop3(pop3);
  await reset.ask("DELE 1");
  await reset.ask("RSET");
  await reset.ask("QUIT");
  assert.equal(inbox?.messages.length, 1);
  const quit = await Dialogue.pop3(pop3);
  await quit.ask("DELE 1");
  await quit.ask("QUIT");
  assert.equal(inbox?.messages.length, 0);
});

test("RETR stuffs dots, TOP gives the header and some lines", async (t) => {
  const { pop3, store } = await runMailboxes(t);
  store.account("alice")?.inbox.append(lines("Subject: x", "", ".", "..two", "three"));
  const dialogue = await Dialogue.pop3(pop3);
  assert.equal(await dialogue.askMore("RETR 2"), "+OK 31 octets\r\nSubject: x\r\n\r\n..\r\n...two\r\nthree\r\n.\r\n");
  assert.equal(await dialogue.askMore("TOP 2 0"), "+OK The top of it\r\nSubject: x\r\n\r\n.\r\n");
  assert.equal(await dialogue.askMore("TOP 2 2"), "+OK The top of it\r\nSubject: x\r\n\r\n..\r\n...two\r\n.\r\n");
  assert.match(await dialogue.askMore("TOP 2 999"), /three\r\n\.\r\n$/);
  dialogue.close();
});

test("a message with bare line feeds cannot feign the end of its own answer", async (t) => {
  const { pop3, store } = await runMailboxes(t);
  store.account("alice")?.inbox.append(Buffer.from("Subject: x\n\nbody\n.\n+OK faked"));
  const dialogue = await Dialogue.pop3(pop3);
  const wire = "Subject: x\r\n\r\nbody\r\n..\r\n+OK faked\r\n.\r\n";
  assert.equal(await dialogue.askMore("RETR 2"), `+OK ${wire.length - 4} octets\r\n${wire}`);
  dialogue.close();
});

test("pipelined commands are answered in order", async (t) => {
  const { pop3, store } = await runMailboxes(t);
  store.account("alice")?.inbox.append(TRICKY_MESSAGE);
  const dialogue = await Dialogue.open(pop3);
  dialogue.send(`USER alice\r\nPASS ${PASSWORD}\r\nNOOP\r\nUIDL 2\r\nRETR 2\r\nLAST\r\nXYZZY\r\nRETR 3\r\nQUIT\r\n`);
  const all = await dialogue.end();
  const status = all.split("\r\n").filter((line) => /^(\+OK|-ERR)/.test(line));
  const uniqueId = `${store.account("alice")?.inbox.uidValidity}.2`;
  assert.deepEqual(status.slice(2), [
    "+OK There are 2 messages",
    "+OK Still here",
    `+OK 2 ${uniqueId}`,
    `+OK ${TRICKY_MESSAGE.length} octets`,
    "+OK 2",
    "-ERR That command is unknown here",
    "-ERR There is no such message",
    "+OK Good bye",
  ]);
});

test("a message that IMAP has expunged meanwhile is no such message", async (t) => {
  const { pop3, store } = await runMailboxes(t);
  const inbox = store.account("alice")?.inbox;
  const dialogue = await Dialogue.pop3(pop3);
  inbox?.expunge(new Set(inbox.messages));
  assert.match(await dialogue.ask("RETR 1"), /^-ERR/);
  dialogue.close();
});

test("a line beyond 8 KiB is answered once and ends the connection", async (t) => {
  const { pop3 } = await runMailboxes(t);
  const dialogue = await Dialogue.open(pop3);
  await dialogue.until(/\+OK.*\r\n/);
  dialogue.send("x".repeat(10_000));
  assert.match(await dialogue.end(), /^-ERR That line is too long\r\n$/);
});

/** imapflow, a complete IMAP client, against the sandbox's IMAP server. */
import assert from "node:assert/strict";
import { once } from "node:events";
import { type TestContext, test } from "node:test";
import { ImapFlow } from "imapflow";
import { lines, LOCALHOST, PASSWORD, runMailboxes, TRICKY_MESSAGE } from "./running.ts";

async function client(t: TestContext, port: number, user = "alice"): Promise<ImapFlow> {
  const flow = new ImapFlow({ host: LOCALHOST, port, secure: false, auth: { user, pass: PASSWORD }, logger: false });
  await flow.connect();
  t.after(() => flow.close());
  return flow;
}

test("imapflow lists the mailboxes with their special uses", async (t) => {
  const { imap } = await runMailboxes(t);
  const flow = await client(t, imap);
  const listed = await flow.list();
  const uses = Object.fromEntries(listed.map(({ path, specialUse, subscribed }) => [path, [specialUse, subscribed]]));
  assert.deepEqual(uses, {
    INBOX: ["\\Inbox", true],
    Drafts: ["\\Drafts", true],
    Sent: ["\\Sent", true],
    Trash: ["\\Trash", true],
  });
});

test("imapflow reads the welcome message", async (t) => {
  const { imap } = await runMailboxes(t);
  const flow = await client(t, imap);
  await flow.mailboxOpen("INBOX");
  const message = await flow.fetchOne("1", {
    envelope: true,
    bodyStructure: true,
    source: true,
    flags: true,
    uid: true,
  });
  assert.ok(message);
  assert.equal(message.uid, 1);
  assert.equal(message.envelope?.subject, "Welcome to Postern's sandbox");
  assert.deepEqual(message.envelope.from, [{ name: "Postern", address: "postern@postern.invalid" }]);
  assert.equal(message.bodyStructure?.type, "text/plain");
  assert.match(message.source?.toString() ?? "", /nothing ever leaves this machine/);
});

test("imapflow gets back the bytes it appended, with their flags and date", async (t) => {
  const { imap } = await runMailboxes(t);
  const flow = await client(t, imap);
  const date = new Date("2020-02-29T23:59:58Z");
  const appended = await flow.append("Drafts", TRICKY_MESSAGE, ["\\Draft", "$Important"], date);
  assert.ok(appended);
  await flow.mailboxOpen("Drafts");
  const query = { source: true, flags: true, internalDate: true, size: true } as const;
  const message = await flow.fetchOne(String(appended.uid), query, { uid: true });
  assert.ok(message);
  assert.deepEqual(message.source, TRICKY_MESSAGE);
  assert.equal(message.size, TRICKY_MESSAGE.length);
  assert.ok(message.flags?.has("\\Draft") && message.flags.has("$Important"));
  assert.deepEqual(new Date(message.internalDate ?? 0), date);
});

test("imapflow sets and removes flags", async (t) => {
  const { imap, store } = await runMailboxes(t);
  const flow = await client(t, imap);
  await flow.mailboxOpen("INBOX");
  await flow.messageFlagsAdd("1", ["\\Seen", "\\Flagged", "$Junk"]);
  await flow.messageFlagsRemove("1", ["\\Flagged"]);
  assert.deepEqual([...(store.account("alice")?.inbox.messages[0]?.flags ?? [])], ["\\Seen", "$Junk"]);
});

test("imapflow copies, moves and expunges, and learns the new UIDs", async (t) => {
  const { imap, store } = await runMailboxes(t);
  const flow = await client(t, imap);
  for (const text of ["one", "two", "three"]) await flow.append("INBOX", lines(`Subject: ${text}`, "", text));
  await flow.mailboxOpen("INBOX");
  const moved = await flow.messageMove("2,4", "Trash", { uid: true });
  assert.ok(moved);
  assert.deepEqual([...(moved.uidMap ?? [])], [[2, 1], [4, 2]]); // prettier-ignore
  const copied = await flow.messageCopy("3", "Sent", { uid: true });
  assert.ok(copied);
  assert.deepEqual([...(copied.uidMap ?? [])], [[3, 1]]);
  await flow.messageDelete("3", { uid: true });
  const left = await flow.fetchAll("1:*", { uid: true });
  assert.deepEqual(left.map(({ uid }) => uid), [1]); // prettier-ignore
  const count = (name: string): number | undefined => store.account("alice")?.mailbox(name)?.messages.length;
  assert.deepEqual([count("INBOX"), count("Trash"), count("Sent")], [1, 2, 1]);
});

test("imapflow makes, renames and deletes mailboxes with names in any language", async (t) => {
  const { imap } = await runMailboxes(t);
  const flow = await client(t, imap);
  await flow.mailboxCreate(["Projekte", "Brücke 漢字"]);
  await flow.mailboxRename("Projekte", "Alt");
  const paths = (await flow.list()).map(({ path }) => path);
  assert.ok(paths.includes("Alt/Brücke 漢字"), paths.join());
  await flow.mailboxDelete("Alt/Brücke 漢字");
  await flow.mailboxDelete("Alt");
  assert.equal((await flow.list()).length, 4);
});

test("imapflow searches by header, text, flag, date and size", async (t) => {
  const { imap } = await runMailboxes(t);
  const flow = await client(t, imap);
  await flow.append("INBOX", TRICKY_MESSAGE, ["\\Seen"], new Date("2020-02-29T12:00:00Z"));
  await flow.append("INBOX", lines("Subject: =?utf-8?B?R3LDvMOfZQ==?=", "", "unrelated"));
  await flow.mailboxOpen("INBOX");
  assert.deepEqual(await flow.search({ subject: "grüße" }), [3]);
  assert.deepEqual(await flow.search({ body: "漢字" }), [2]);
  assert.deepEqual(await flow.search({ seen: true }), [2]);
  assert.deepEqual(await flow.search({ before: new Date("2021-01-01") }), [2]);
  assert.deepEqual(await flow.search({ or: [{ from: "alice" }, { larger: 1_000_000 }] }), [2]);
  assert.deepEqual(await flow.search({ not: { from: "postern" } }, { uid: true }), [2, 3]);
});

test("imapflow in IDLE hears of new mail, flags and expunged messages from another session", async (t) => {
  const { imap } = await runMailboxes(t);
  const [idler, other] = [await client(t, imap), await client(t, imap)];
  await idler.mailboxOpen("INBOX");
  await other.mailboxOpen("INBOX");
  const exists = once(idler, "exists");
  void idler.idle();
  await other.append("INBOX", TRICKY_MESSAGE);
  assert.equal(((await exists) as [{ count: number }])[0].count, 2);
  const flags = once(idler, "flags");
  await other.messageFlagsAdd("2", ["\\Answered"]);
  assert.ok(((await flags) as [{ flags: Set<string> }])[0].flags.has("\\Answered"));
  const expunge = once(idler, "expunge");
  await other.messageDelete("1");
  assert.equal(((await expunge) as [{ seq: number }])[0].seq, 1);
});

test("imapflow is told of a wrong password", async (t) => {
  const { imap } = await runMailboxes(t);
  const auth = { user: "alice", pass: "something else" };
  const flow = new ImapFlow({ host: LOCALHOST, port: imap, secure: false, auth, logger: false });
  await assert.rejects(flow.connect(), { authenticationFailed: true });
});

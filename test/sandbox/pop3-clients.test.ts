/** node-pop3, curl and fetchmail against the sandbox's POP3 and IMAP servers. */
import assert from "node:assert/strict";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import Pop3Command from "node-pop3";
import { isInstalled, LOCALHOST, PASSWORD, run, runMailboxes, temporaryDirectory, TRICKY_MESSAGE } from "./running.ts";

function client(port: number): Pop3Command {
  return new Pop3Command({ user: "alice", password: PASSWORD, host: LOCALHOST, port });
}

test("node-pop3 lists, retrieves and deletes", async (t) => {
  const { pop3, store } = await runMailboxes(t);
  const inbox = store.account("alice")?.inbox;
  assert.ok(inbox);
  inbox.append(TRICKY_MESSAGE);
  const pop = client(pop3);
  assert.equal(await pop.STAT(), `2 ${(inbox.messages[0]?.raw.length ?? 0) + TRICKY_MESSAGE.length}`);
  assert.deepEqual((await pop.UIDL()).length, 2);
  assert.deepEqual(await pop.LIST(2), ["2", String(TRICKY_MESSAGE.length)]);
  assert.match(await pop.TOP(2, 0), /^Date: Mon, 05 Jan 2026/);
  await pop.RETR(2);
  await pop.DELE(1);
  assert.equal(inbox.messages.length, 2, "nothing goes before QUIT");
  await pop.QUIT();
  assert.deepEqual(inbox.messages.map(({ uid }) => uid), [2]); // prettier-ignore
});

test("curl retrieves the very bytes that were stored, over POP3 and IMAP", async (t) => {
  if (!(await isInstalled("curl"))) return t.skip("curl is not installed");
  const { pop3, imap, store } = await runMailboxes(t);
  store.account("alice")?.inbox.append(TRICKY_MESSAGE);
  const file = join(await temporaryDirectory(t), "message");
  for (const url of [`pop3://${LOCALHOST}:${pop3}/2`, `imap://${LOCALHOST}:${imap}/INBOX;UID=2`]) {
    const { code, output } = await run("curl", ["-sS", "--user", `alice:${PASSWORD}`, "-o", file, url]);
    assert.equal(code, 0, output);
    assert.deepEqual(await readFile(file), TRICKY_MESSAGE, url);
  }
});

test("curl appends a message over IMAP", async (t) => {
  if (!(await isInstalled("curl"))) return t.skip("curl is not installed");
  const { imap, store } = await runMailboxes(t);
  const file = join(await temporaryDirectory(t), "message");
  await writeFile(file, TRICKY_MESSAGE);
  const url = `imap://${LOCALHOST}:${imap}/Sent`;
  const { code, output } = await run("curl", ["-sS", "--user", `alice:${PASSWORD}`, "-T", file, url]);
  assert.equal(code, 0, output);
  assert.deepEqual(store.account("alice")?.mailbox("Sent")?.messages[0]?.raw, TRICKY_MESSAGE);
});

for (const protocol of ["pop3", "imap"] as const) {
  test(`fetchmail collects mail over ${protocol} and deletes it`, async (t) => {
    if (!(await isInstalled("fetchmail"))) return t.skip("fetchmail is not installed");
    const mailboxes = await runMailboxes(t);
    const inbox = mailboxes.store.account("alice")?.inbox;
    inbox?.append(TRICKY_MESSAGE);
    const { code, output, mail } = await fetchmail(t, protocol, mailboxes[protocol]);
    assert.equal(code, 0, output);
    assert.match(mail, /Welcome to Postern's sandbox/);
    assert.match(mail, /^\.\n\.\.\n\.a line that begins with a dot\nGrüße, 漢字/m);
    assert.equal(inbox?.messages.length, 0);
  });
}

/** What fetchmail hands to its delivery program, here one that appends to a file. */
async function fetchmail(t: TestContext, protocol: string, port: number) {
  const directory = await temporaryDirectory(t);
  const [settings, mailbox] = [join(directory, "fetchmailrc"), join(directory, "mail")];
  await writeFile(
    settings,
    `poll ${LOCALHOST} protocol ${protocol} port ${port} user "alice" password "${PASSWORD}" sslproto '' mda "cat >> ${mailbox}"\n`,
    { mode: 0o600 },
  );
  const args = ["-f", settings, "--pidfile", join(directory, "pid"), "--idfile", join(directory, "ids"), "--nosyslog"];
  const finished = await run("fetchmail", args, { HOME: directory, FETCHMAILHOME: directory });
  return { ...finished, mail: await readFile(mailbox, "utf8").catch(() => "") };
}

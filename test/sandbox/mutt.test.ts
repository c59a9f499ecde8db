/** mutt, driven by pushed keys in a pseudo terminal, against the sandbox's IMAP and POP3 servers. */
import assert from "node:assert/strict";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { isInstalled, lines, LOCALHOST, PASSWORD, run, runMailboxes, temporaryDirectory } from "./running.ts";

const MESSAGE = lines(
  "From: bob@example.com",
  "Subject: For mutt",
  "Message-ID: <m@example.com>",
  "",
  "Read me.",
  ".dot",
);

/** Keys that pipe the last message into the file and leave. */
function pipeInto(file: string): string {
  return `<last-entry><pipe-message>cat > ${file}<enter>`;
}

async function mutt(t: TestContext, mailbox: string, keys: (directory: string) => string): Promise<string> {
  const directory = await temporaryDirectory(t);
  const settings = [
    `set imap_user=alice imap_pass="${PASSWORD}" pop_user=alice pop_pass="${PASSWORD}"`,
    // A folder that is no IMAP server has to be a directory that exists, or mutt asks whether to make it.
    `set folder="${mailbox.startsWith("imap") ? mailbox : directory}" spoolfile="${mailbox}" ssl_starttls=no ssl_force_tls=no mail_check=1 mark_old=no sort=mailbox-order`,
    "set wait_key=no confirmappend=no delete=yes move=no quit=yes pipe_decode=no pop_delete=no tmpdir=" + directory,
    `push "${keys(directory)}<quit>"`,
  ];
  await writeFile(join(directory, "muttrc"), settings.join("\n"));
  const command = `mutt -n -F ${join(directory, "muttrc")} -f ${mailbox}`;
  const environment = { TERM: "xterm", HOME: directory, LC_ALL: "C.UTF-8" };
  const { output } = await run("timeout", ["20", "script", "-qec", command, "/dev/null"], environment);
  return await readFile(join(directory, "piped"), "latin1").catch(() => `nothing was piped: ${output}`);
}

test("mutt reads, flags, copies and deletes over IMAP", async (t) => {
  if (!(await isInstalled("mutt")) || !(await isInstalled("script"))) return t.skip("mutt or script is not installed");
  const { imap, store } = await runMailboxes(t);
  const account = store.account("alice");
  account?.inbox.append(MESSAGE);
  const keys = (directory: string) =>
    `${pipeInto(join(directory, "piped"))}<flag-message><copy-message>=Sent<enter><first-entry><delete-message>`;
  const piped = await mutt(t, `imap://${LOCALHOST}:${imap}/`, keys);
  assert.match(piped, /Subject: For mutt\n(.*\n)*\nRead me\.\n\.dot\n$/);
  assert.deepEqual(account?.mailbox("Sent")?.messages.map(({ raw }) => raw), [MESSAGE]); // prettier-ignore
  assert.deepEqual(account?.inbox.messages.map(({ uid, flags }) => [uid, [...flags].sort()]), [[2, ["\\Flagged"]]]); // prettier-ignore
});

test("mutt reads and deletes over POP3", async (t) => {
  if (!(await isInstalled("mutt")) || !(await isInstalled("script"))) return t.skip("mutt or script is not installed");
  const { pop3, store } = await runMailboxes(t);
  const inbox = store.account("alice")?.inbox;
  inbox?.append(MESSAGE);
  const keys = (directory: string) => `${pipeInto(join(directory, "piped"))}<first-entry><delete-message>`;
  const piped = await mutt(t, `pop://${LOCALHOST}:${pop3}/`, keys);
  assert.match(piped, /Subject: For mutt\n(.*\n)*\nRead me\.\n\.dot\n$/);
  assert.deepEqual(inbox?.messages.map(({ uid }) => uid), [2]); // prettier-ignore
});

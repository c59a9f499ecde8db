/** Whatever clients send, the sandbox's servers neither fail nor hang: every connection ends after the client's end. */
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { Dialogue } from "./dialogue.ts";
import { lines, PASSWORD, runMailboxes } from "./running.ts";

const RUNS = { numRuns: 60 };

/** Bytes as Latin-1 text, rich in what these grammars are made of. */
const noise = fc.oneof(
  fc.string({ unit: fc.constantFrom(..."(){}[]<>\"\\*%+-=.:, \r\n\0\u00ff~a1"), maxLength: 60 }), // prettier-ignore
  fc.string({ unit: fc.nat(255).map((code) => String.fromCharCode(code)), maxLength: 60 }),
);

const IMAP_COMMANDS = [
  "A NOOP",
  "A CAPABILITY",
  'A ID ("name" "x")',
  "A ENABLE CONDSTORE",
  'A LIST "" "%/*"',
  'A LSUB "" *',
  "A CREATE x/y",
  "A RENAME x z",
  "A DELETE z/y",
  "A SUBSCRIBE Sent",
  "A STATUS INBOX (MESSAGES UIDNEXT UNSEEN)",
  'A APPEND INBOX (\\Seen $x) "05-Jan-2026 10:00:00 +0100" {16+}\r\nSubject: y\r\n\r\nxx',
  "A EXAMINE INBOX",
  "A SELECT INBOX",
  "A FETCH 1:* (FLAGS UID ENVELOPE BODYSTRUCTURE BODY.PEEK[1.2.MIME]<0.20> BODY[HEADER.FIELDS (To From)])",
  "A UID FETCH 1,3:*,7 FULL",
  "A SEARCH CHARSET UTF-8 OR (NOT SEEN 1:2) SENTSINCE 5-Jan-2026 BODY {3+}\r\nabc",
  "A UID SEARCH UID 1:* HEADER Subject welcome",
  "A STORE 1 +FLAGS.SILENT (\\Seen custom)",
  "A UID STORE 1:* -FLAGS \\Seen",
  "A COPY 1 Sent",
  "A UID MOVE 1:* Trash",
  "A EXPUNGE",
  "A IDLE\r\nDONE",
  "A CLOSE",
  "A AUTHENTICATE PLAIN\r\n*",
];

const POP3_COMMANDS = [
  "CAPA",
  "STAT",
  "LIST",
  "LIST 1",
  "UIDL 1",
  "RETR 1",
  "TOP 1 5",
  "DELE 1",
  "RSET",
  "LAST",
  "NOOP",
];

/** Valid commands with a stretch of one replaced by noise, repeated or cut out. */
function mutated(commands: readonly string[]) {
  const place = fc.record({ start: fc.nat(1000), length: fc.nat(6), by: fc.oneof(noise, fc.constant("")) });
  const one = fc
    .record({ command: fc.constantFrom(...commands), place: fc.option(place) })
    .map(({ command, place }) => {
      if (place === null) return command;
      const start = place.start % (command.length + 1);
      return command.slice(0, start) + place.by + command.slice(start + place.length);
    });
  return fc.array(one, { minLength: 1, maxLength: 12 }).map((all) => all.map((text) => `${text}\r\n`).join(""));
}

/** Sends everything, then ends; the server must do the same. What it said is the answer. */
async function said(port: number, text: string): Promise<string> {
  const dialogue = await Dialogue.open(port);
  dialogue.send(text);
  dialogue.finish();
  return dialogue.end();
}

test("random lines before logon", async (t) => {
  const { imap, pop3, smtp } = await runMailboxes(t);
  const anything = fc.array(noise, { maxLength: 10 }).map((all) => all.join("\r\n"));
  await fc.assert(
    fc.asyncProperty(anything, async (text) => {
      for (const port of [imap, pop3, smtp]) await said(port, text);
    }),
    RUNS,
  );
  assert.match(await said(imap, "A NOOP\r\nB LOGOUT\r\n"), /A OK.*\r\n\* BYE.*\r\nB OK/);
});

test("mutated IMAP commands after logon", async (t) => {
  const { imap } = await runMailboxes(t);
  await fc.assert(
    fc.asyncProperty(mutated(IMAP_COMMANDS), fc.boolean(), async (commands, select) => {
      const logon = `L LOGIN alice "${PASSWORD}"\r\n${select ? "S SELECT INBOX\r\n" : ""}`;
      assert.match(await said(imap, logon + commands), /^L OK/m);
    }),
    { numRuns: 300 },
  );
  assert.match(await said(imap, `A LOGIN bob "${PASSWORD}"\r\nB SELECT INBOX\r\nC LOGOUT\r\n`), /^B OK/m);
});

test("mutated POP3 commands after logon", async (t) => {
  const { pop3 } = await runMailboxes(t);
  await fc.assert(
    fc.asyncProperty(mutated(POP3_COMMANDS), async (commands) => {
      const logon = `USER alice\r\nPASS ${PASSWORD}\r\n`;
      assert.match(
        await said(pop3, logon + commands),
        /There are \d+ messages/,
        "the lock of the session before is gone",
      );
    }),
    RUNS,
  );
});

test("every valid IMAP command of the mutation test is answered with OK", async (t) => {
  const { imap, store } = await runMailboxes(t);
  store.account("alice")?.inbox.append(lines("Subject: y", "", "x"));
  const dialogue = await Dialogue.imap(imap);
  for (const command of IMAP_COMMANDS.filter((text) => !text.includes("AUTHENTICATE"))) {
    dialogue.send(`${command}\r\n`);
    assert.match(await dialogue.until(/^A .*\r\n/m), /^A OK/m, command);
    if (command === "A SELECT INBOX") store.account("alice")?.inbox.append(lines("Subject: z", ""));
  }
  dialogue.close();
});

test("a session whose client does not read waits for it before it does more", { timeout: 20_000 }, async (t) => {
  const { imap, store } = await runMailboxes(t);
  const inbox = store.account("alice")?.inbox;
  inbox?.append(Buffer.alloc(5_000_000, "Subject: x\r\n"));
  const dialogue = await Dialogue.imap(imap);
  await dialogue.command("SELECT INBOX");
  dialogue.pause();
  dialogue.send(`${"A FETCH 2 BODY.PEEK[]\r\n".repeat(10)}B STORE 1 +FLAGS.SILENT (\\Flagged)\r\n`);
  await new Promise((resolve) => setTimeout(resolve, 300));
  assert.deepEqual([...(inbox?.messages[0]?.flags ?? [])], []);
  dialogue.resume();
  while (inbox?.messages[0]?.flags.size === 0) await new Promise((resolve) => setTimeout(resolve, 5));
  assert.deepEqual([...(inbox?.messages[0]?.flags ?? [])], ["\\Flagged"]);
  dialogue.close();
});

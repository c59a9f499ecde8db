/** The sandbox's IMAP server, spoken to by hand: what complete clients do not show. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { Dialogue } from "../dialogue.ts";
import { lines, PASSWORD, runMailboxes, TRICKY_MESSAGE } from "../running.ts";

test("LOGIN takes atoms, quoted strings and literals of both kinds", async (t) => {
  const { imap } = await runMailboxes(t, { password: 'se"cr\\et' });
  const quoted = await Dialogue.open(imap);
  assert.match(await quoted.command('LOGIN alice "se\\"cr\\\\et"'), /T OK \[CAPABILITY IMAP4rev1 .*MOVE\]/);
  const literal = await Dialogue.open(imap);
  literal.send("A LOGIN {5}\r\n");
  await literal.until(/^\+ .*\r\n/m);
  literal.send("alice {5+}\r\nwrong\r\n");
  assert.match(await literal.until(/^A .*\r\n/m), /A NO \[AUTHENTICATIONFAILED\]/);
  literal.send('B LOGIN {5+}\r\nalice {8+}\r\nse"cr\\et\r\n');
  assert.match(await literal.until(/^B .*\r\n/m), /^B OK/m);
  for (const dialogue of [quoted, literal]) dialogue.close();
});

test("AUTHENTICATE PLAIN works with and without an initial response, and can be cancelled", async (t) => {
  const { imap } = await runMailboxes(t);
  const token = Buffer.from(`\0alice\0${PASSWORD}`).toString("base64");
  const dialogue = await Dialogue.open(imap);
  await dialogue.until(/^\* OK \[CAPABILITY IMAP4rev1 .*SASL-IR AUTH=PLAIN\].*\r\n/);
  assert.match(await dialogue.command("AUTHENTICATE NTLM"), /T NO/);
  assert.match(await dialogue.command("AUTHENTICATE PLAIN ="), /T BAD/);
  dialogue.send("A AUTHENTICATE PLAIN\r\n");
  await dialogue.until(/^\+ \r\n/m);
  dialogue.send("*\r\n");
  assert.match(await dialogue.until(/^A .*\r\n/m), /A BAD/);
  dialogue.send("A AUTHENTICATE PLAIN\r\n");
  await dialogue.until(/^\+ \r\n/m);
  dialogue.send(`${token}\r\n`);
  assert.match(await dialogue.until(/^A .*\r\n/m), /A OK/);
  assert.match(await dialogue.command(`AUTHENTICATE PLAIN ${token}`), /T BAD/);
  dialogue.close();
});

test("commands that the state does not allow are BAD, and nothing of them happens", async (t) => {
  const { imap } = await runMailboxes(t);
  const dialogue = await Dialogue.open(imap);
  assert.match(await dialogue.command("SELECT INBOX"), /T BAD Log on first/);
  assert.match(await dialogue.command("FETCH 1 BODY[]"), /T BAD Select a mailbox first/);
  assert.match(await dialogue.command("XYZZY"), /T BAD/);
  dialogue.send("\r\n* FOO\r\n+ bar\r\n");
  assert.match(await dialogue.until(/(\* BAD .*\r\n){3}/), /BAD/);
  assert.match(await dialogue.command("NOOP"), /^T OK/m);
  dialogue.close();
});

test("SELECT describes the mailbox; EXAMINE leaves it unchanged", async (t) => {
  const { imap, store } = await runMailboxes(t);
  store.account("alice")?.inbox.append(TRICKY_MESSAGE, ["\\Deleted"]);
  const dialogue = await Dialogue.imap(imap);
  const examined = await dialogue.command("EXAMINE inbox");
  assert.match(examined, /\* 2 EXISTS\r\n\* 2 RECENT\r\n\* OK \[UNSEEN 1\].*\r\n\* OK \[PERMANENTFLAGS \(\)\]/);
  assert.match(examined, /T OK \[READ-ONLY\]/);
  assert.match(await dialogue.command("FETCH 1 BODY[]<0.5>"), /^\* 1 FETCH \(BODY\[\]<0> \{5\}\r\nDate:\)\r\n/m);
  assert.match(await dialogue.command("STORE 1 FLAGS (\\Seen)"), /T NO \[READ-ONLY\]/);
  assert.match(await dialogue.command("EXPUNGE"), /T NO \[READ-ONLY\]/);
  assert.match(await dialogue.command("MOVE 1 Trash"), /T NO \[READ-ONLY\]/);
  assert.match(await dialogue.command("CLOSE"), /T OK/);
  assert.match(
    await dialogue.command("SELECT INBOX"),
    /\* 2 RECENT\r\n(.*\r\n)*\* OK \[UIDNEXT 3\].*\r\nT OK \[READ-WRITE\]/,
  );
  assert.match(await dialogue.command("SELECT Nothing"), /T NO \[NONEXISTENT\]/);
  assert.match(await dialogue.command("FETCH 1 FLAGS"), /T BAD/, "a failed SELECT deselects");
  dialogue.close();
});

test("one session's changes reach the other with its next command", async (t) => {
  const { imap } = await runMailboxes(t);
  const [one, other] = [await Dialogue.imap(imap), await Dialogue.imap(imap)];
  for (const dialogue of [one, other]) await dialogue.command("SELECT INBOX");
  await one.append("INBOX", TRICKY_MESSAGE);
  await one.command("STORE 1 +FLAGS.SILENT (\\Deleted custom)");
  const news = await other.command("NOOP");
  assert.match(
    news,
    /^\* FLAGS \(.*custom\)\r\n\* 1 FETCH \(FLAGS \(\\Deleted custom\)\)\r\n\* 2 EXISTS\r\n\* \d RECENT\r\nT OK/,
  );
  assert.match(await one.command("EXPUNGE"), /^\* 1 EXPUNGE\r\nT OK/);
  assert.match(await other.command("FETCH 1:2 UID"), /^\* 2 FETCH \(UID 2\)\r\nT NO \[EXPUNGEISSUED\]/);
  assert.match(
    await other.command("UID FETCH 1:2 FLAGS"),
    /^\* 2 FETCH \(UID 2 FLAGS \(.*\)\)\r\n\* 1 EXPUNGE\r\nT OK/,
  );
  assert.equal(await other.command("NOOP"), "T OK Still here\r\n");
  for (const dialogue of [one, other]) dialogue.close();
});

test("a silent STORE still tells of what another session changed", async (t) => {
  const { imap } = await runMailboxes(t);
  const [one, other] = [await Dialogue.imap(imap), await Dialogue.imap(imap)];
  for (const dialogue of [one, other]) await dialogue.command("SELECT INBOX");
  await one.command("STORE 1 FLAGS (\\Answered)");
  assert.match(
    await other.command("STORE 1 +FLAGS.SILENT \\Flagged"),
    /\* 1 FETCH \(FLAGS \(\\Answered \\Flagged.*\)\)\r\nT OK/,
  );
  assert.equal(await other.command("STORE 1 +FLAGS.SILENT \\Seen"), "T OK Stored\r\n");
  for (const dialogue of [one, other]) dialogue.close();
});

test("IDLE reports at once, and ends with DONE only", async (t) => {
  const { imap, store } = await runMailboxes(t);
  const dialogue = await Dialogue.imap(imap);
  await dialogue.command("SELECT INBOX");
  dialogue.send("A IDLE\r\n");
  await dialogue.until(/^\+ .*\r\n/);
  store.account("alice")?.inbox.append(TRICKY_MESSAGE);
  assert.equal(await dialogue.until(/.*EXISTS\r\n.*RECENT\r\n/), "* 2 EXISTS\r\n* 2 RECENT\r\n");
  dialogue.send("done\r\n");
  assert.match(await dialogue.until(/^A .*\r\n/m), /^A OK/);
  dialogue.send("B IDLE\r\nNOOP\r\n");
  assert.match(await dialogue.until(/^B .*\r\n/m), /^B BAD/m);
  dialogue.close();
});

test("a session that idles and goes away leaves no watcher behind", { timeout: 10_000 }, async (t) => {
  const { imap, store } = await runMailboxes(t);
  const dialogue = await Dialogue.imap(imap);
  await dialogue.command("SELECT INBOX");
  dialogue.send("A IDLE\r\n");
  await dialogue.until(/^\+ .*\r\n/);
  const inbox = store.account("alice")?.inbox;
  assert.equal(inbox?.watchers, 1);
  dialogue.close();
  while (inbox.watchers > 0) await new Promise((resolve) => setTimeout(resolve, 5));
});

test("FETCH BODY[] sets \\Seen and says so, BODY.PEEK[] does not", async (t) => {
  const { imap } = await runMailboxes(t);
  const dialogue = await Dialogue.imap(imap);
  await dialogue.command("SELECT INBOX");
  assert.doesNotMatch(await dialogue.command("FETCH 1 BODY.PEEK[TEXT]"), /FLAGS/);
  assert.match(await dialogue.command("FETCH 1 RFC822.TEXT"), /FLAGS \(\\Seen \\Recent\)\)\r\nT OK/);
  assert.doesNotMatch(await dialogue.command("FETCH 1 BODY[]"), /FLAGS/);
  dialogue.close();
});

test("LIST and LSUB know wildcards, children and special uses", async (t) => {
  const { imap } = await runMailboxes(t);
  const dialogue = await Dialogue.imap(imap);
  await dialogue.command("CREATE a/b/c");
  await dialogue.command("SUBSCRIBE a/b/c");
  assert.equal(await dialogue.command('LIST "" ""'), '* LIST (\\Noselect) "/" ""\r\nT OK That is the list\r\n');
  assert.match(
    await dialogue.command('LIST "" %'),
    /"INBOX"\r\n.*\\Drafts\) "\/" "Drafts"\r\n.*\r\n.*\r\n.*\(\\HasChildren\) "\/" "a"\r\nT/,
  );
  assert.match(await dialogue.command("LIST a/ %"), /^\* LIST \(\\HasChildren\) "\/" "a\/b"\r\nT OK/);
  assert.match(await dialogue.command('LIST "" "inb*"'), /^\* LIST \(\\HasNoChildren\) "\/" "INBOX"\r\nT OK/);
  assert.match(await dialogue.command('LSUB "" a/%'), /^\* LSUB \(\\Noselect\) "\/" "a\/b"\r\nT OK/);
  assert.match(await dialogue.command('LSUB "" a*'), /\* LSUB \(\) "\/" "a\/b\/c"\r\nT OK/);
  assert.match(await dialogue.command("NAMESPACE"), /^\* NAMESPACE \(\("" "\/"\)\) NIL NIL\r\nT OK/);
  dialogue.close();
});

test("CREATE, RENAME and DELETE refuse what cannot be, with codes", async (t) => {
  const { imap } = await runMailboxes(t);
  const dialogue = await Dialogue.imap(imap);
  await dialogue.command("CREATE a/b");
  assert.match(await dialogue.command("CREATE InBoX"), /T NO \[ALREADYEXISTS\]/);
  assert.match(await dialogue.command("CREATE a//b"), /T NO \[CANNOT\]/);
  assert.match(await dialogue.command("DELETE a"), /T NO \[HASCHILDREN\]/);
  assert.match(await dialogue.command("DELETE INBOX"), /T NO \[CANNOT\]/);
  assert.match(await dialogue.command("RENAME a a/b/c"), /T NO \[CANNOT\]/);
  assert.match(await dialogue.command("RENAME x y"), /T NO \[NONEXISTENT\]/);
  assert.match(await dialogue.command("RENAME INBOX old"), /T OK/);
  assert.match(
    await dialogue.command("STATUS old (MESSAGES UIDNEXT)"),
    /^\* STATUS "old" \(MESSAGES 1 UIDNEXT 2\)\r\nT OK/,
  );
  assert.match(await dialogue.command("STATUS INBOX (MESSAGES UNSEEN)"), /\(MESSAGES 0 UNSEEN 0\)/);
  dialogue.close();
});

test("APPEND, COPY and MOVE answer with UIDs, and with TRYCREATE where the mailbox is missing", async (t) => {
  const { imap, store } = await runMailboxes(t);
  const dialogue = await Dialogue.imap(imap);
  const validity = (name: string): number | undefined => store.account("alice")?.mailbox(name)?.uidValidity;
  assert.match(await dialogue.append("Nowhere", TRICKY_MESSAGE), /T NO \[TRYCREATE\]/);
  const rest = '(\\Seen) " 1-Feb-2020 10:00:00 +0100" ';
  assert.match(
    await dialogue.append("INBOX", TRICKY_MESSAGE, rest),
    new RegExp(`T OK \\[APPENDUID ${validity("INBOX")} 2\\]`),
  );
  await dialogue.command("SELECT INBOX");
  assert.match(await dialogue.command("FETCH 2 INTERNALDATE"), /INTERNALDATE "01-Feb-2020 09:00:00 \+0000"/);
  assert.match(await dialogue.command("COPY 2:* Nowhere"), /T NO \[TRYCREATE\]/);
  assert.match(
    await dialogue.command("UID COPY 1:* Sent"),
    new RegExp(`T OK \\[COPYUID ${validity("Sent")} 1:2 1:2\\]`),
  );
  const moved = await dialogue.command("MOVE 1 Trash");
  assert.match(moved, new RegExp(`^\\* OK \\[COPYUID ${validity("Trash")} 1 1\\].*\r\n\\* 1 EXPUNGE\r\nT OK`));
  assert.match(await dialogue.command("UID MOVE 99 Trash"), /^T OK/);
  dialogue.close();
});

test("UID EXPUNGE takes only the deleted messages it names; CLOSE takes all, silently", async (t) => {
  const { imap, store } = await runMailboxes(t);
  const inbox = store.account("alice")?.inbox;
  for (let number = 2; number <= 4; number++) inbox?.append(lines("Subject: x", ""));
  const dialogue = await Dialogue.imap(imap);
  await dialogue.command("SELECT INBOX");
  await dialogue.command("STORE 2:4 +FLAGS.SILENT (\\Deleted)");
  assert.match(await dialogue.command("UID EXPUNGE 1:2,4"), /^\* 4 EXPUNGE\r\n\* 2 EXPUNGE\r\nT OK/);
  assert.equal(await dialogue.command("CLOSE"), "T OK No mailbox is selected\r\n");
  assert.deepEqual(inbox?.messages.map(({ uid }) => uid), [1]); // prettier-ignore
  dialogue.close();
});

test("a literal that is too long is refused before it is sent, or read past where it comes unasked", async (t) => {
  const limits = { octets: 40_000, messages: 10, messageOctets: 30_000 };
  const { imap, store } = await runMailboxes(t, { limits });
  const guest = await Dialogue.open(imap);
  guest.send("A LOGIN {9000}\r\n");
  assert.match(await guest.until(/^A .*\r\n/m), /^A BAD \[TOOBIG\]/m);
  guest.send(`B LOGIN {9000+}\r\n${"x".repeat(9000)} y\r\nC NOOP\r\n`);
  assert.match(await guest.until(/^C .*\r\n/m), /^B BAD \[TOOBIG\].*\r\nC OK/m);
  guest.send("D LOGIN {99999999+}\r\n");
  assert.match(await guest.end(), /\* BYE/);
  const dialogue = await Dialogue.imap(imap);
  assert.match(await dialogue.command("APPEND INBOX {30001}"), /T NO \[TOOBIG\]/);
  assert.match(await dialogue.append("INBOX", Buffer.alloc(30_000, "x")), /T OK/);
  assert.match(await dialogue.append("INBOX", Buffer.alloc(20_000, "x")), /T NO \[OVERQUOTA\]/);
  assert.match(await dialogue.command("NOOP"), /T OK/);
  dialogue.send("A APPEND INBOX {9000}\r\n");
  await dialogue.until(/^\+ .*\r\n/m);
  assert.equal(store.quota.octets, 39_000 + (store.account("alice")?.inbox.messages[0]?.raw.length ?? 0));
  dialogue.close();
  await dialogue.end();
});

test("a line beyond 8 KiB ends the connection with BYE", async (t) => {
  const { imap } = await runMailboxes(t);
  const dialogue = await Dialogue.open(imap);
  dialogue.send(`A ${"x".repeat(9000)}`);
  assert.match(await dialogue.end(), /\* BYE That line is too long\r\n$/);
});

test("five wrong passwords end the connection", async (t) => {
  const { imap } = await runMailboxes(t);
  const dialogue = await Dialogue.open(imap);
  for (let attempt = 1; attempt <= 5; attempt++) assert.match(await dialogue.command("LOGIN alice x"), /T NO/);
  assert.equal(await dialogue.end(), "");
});

test("ID, ENABLE, CAPABILITY and LOGOUT answer as their RFCs say", async (t) => {
  const { imap } = await runMailboxes(t);
  const dialogue = await Dialogue.imap(imap);
  assert.match(
    await dialogue.command('ID ("name" "test" "version" NIL)'),
    /^\* ID \("name" "Postern sandbox"\)\r\nT OK/,
  );
  assert.match(await dialogue.command("ID NIL"), /T OK/);
  assert.match(await dialogue.command("ENABLE CONDSTORE X-OTHER"), /^\* ENABLED\r\nT OK/);
  assert.match(await dialogue.command("CAPABILITY"), /^\* CAPABILITY IMAP4rev1 .*IDLE.*\r\nT OK/);
  assert.match(await dialogue.command("LOGOUT"), /^\* BYE .*\r\nT OK/);
  assert.equal(await dialogue.end(), "");
});

test("more keywords than a mailbox remembers are refused", async (t) => {
  const { imap } = await runMailboxes(t);
  const dialogue = await Dialogue.imap(imap);
  await dialogue.command("SELECT INBOX");
  const keywords = Array.from({ length: 64 }, (_, index) => `k${index}`).join(" ");
  assert.match(await dialogue.command(`STORE 1 FLAGS (${keywords})`), /T OK/);
  assert.match(await dialogue.command("STORE 1 FLAGS (K63 one-more)"), /T NO \[LIMIT\]/);
  assert.match(await dialogue.command("STORE 1 FLAGS (K63)"), /FLAGS \(k63 /);
  dialogue.close();
});

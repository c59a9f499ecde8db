/** ENVELOPE, BODYSTRUCTURE, addresses and sections of messages that are easily got wrong. */
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { parseMime } from "../../../src/sandbox/mime.ts";
import { parseAddresses } from "../../../src/sandbox/imap/addresses.ts";
import { Scanner } from "../../../src/sandbox/imap/grammar.ts";
import { cutSection, parseSection, sectionName } from "../../../src/sandbox/imap/section.ts";
import { bodyStructure, envelope } from "../../../src/sandbox/imap/structure.ts";
import { lines } from "../running.ts";

/** The example of part numbers in RFC 3501 section 6.4.5, in small. */
const NESTED = lines(
  "Subject: outer",
  "Content-Type: multipart/mixed; boundary=A",
  "",
  "--A",
  "",
  "one",
  "--A",
  "Content-Type: message/rfc822",
  "Content-Description: enclosed",
  "",
  "Subject: inner",
  "From: a@b",
  "Content-Type: multipart/alternative; boundary=B",
  "",
  "--B",
  "",
  "two one",
  "--B",
  "Content-Type: text/html",
  "Content-Disposition: inline; filename=x.html",
  "Content-Language: de",
  "",
  "two two",
  "--B--",
  "--A--",
);

function section(raw: Buffer, name: string): string | undefined {
  const parsed = parseSection(new Scanner(`${name}]`));
  return cutSection(raw, parsed, () => parseMime(raw))?.toString("latin1");
}

test("sections name the parts of nested messages", () => {
  const expected: Record<string, string | undefined> = {
    "1": "one",
    "1.MIME": "\r\n",
    "2.MIME": "Content-Type: message/rfc822\r\nContent-Description: enclosed\r\n\r\n",
    "2.HEADER.FIELDS (from SUBJECT)": "Subject: inner\r\nFrom: a@b\r\n\r\n",
    "2.1": "two one",
    "2.2": "two two",
    "2.2.MIME":
      "Content-Type: text/html\r\nContent-Disposition: inline; filename=x.html\r\nContent-Language: de\r\n\r\n",
    "HEADER.FIELDS.NOT (content-type)": "Subject: outer\r\n\r\n",
    "3": undefined,
    "1.1": undefined,
    "1.HEADER": undefined,
    "2.3": undefined,
  };
  for (const [name, text] of Object.entries(expected)) assert.equal(section(NESTED, name), text, name);
  assert.match(section(NESTED, "2.TEXT") ?? "", /^--B\r\n(.*\r\n)*--B--$/);
  assert.equal(section(NESTED, ""), NESTED.toString("latin1"));
});

test("part 1 of a message that is no multipart is its body", () => {
  const raw = lines("Subject: x", "", "body");
  assert.equal(section(raw, "1"), "body\r\n");
  assert.equal(section(raw, "1.MIME"), "Subject: x\r\n\r\n");
  assert.equal(section(raw, "1.1"), undefined);
});

test("a section is echoed as it was asked for, and nonsense is refused", () => {
  for (const name of ["", "1.2", "1.MIME", "HEADER", "2.HEADER.FIELDS (From To)"]) {
    assert.equal(sectionName(parseSection(new Scanner(`${name}]`))), `[${name}]`);
  }
  for (const name of ["0", "MIME", "1.FOO", "HEADER.FIELDS ()", "HEADER.FIELDS (a:b)", "1..2", "TEXT.1"]) {
    assert.throws(() => parseSection(new Scanner(`${name}]`)), { name: "BadSyntax" }, name);
  }
});

test("BODYSTRUCTURE describes every part, BODY without extension data", () => {
  const root = parseMime(NESTED);
  const one = '("text" "plain" ("charset" "us-ascii") NIL NIL "7bit" 3 1';
  const inner = `(NIL "inner" ((NIL NIL "a" "b")) ((NIL NIL "a" "b")) ((NIL NIL "a" "b")) NIL NIL NIL NIL NIL)`;
  const body = bodyStructure(NESTED, root, false);
  const alternative = `(${one.replace(" 3 ", " 7 ")})("text" "html" NIL NIL NIL "7bit" 7 1) "alternative")`;
  assert.match(body, /^\(\(.*\) "mixed"\)$/);
  assert.ok(body.startsWith(`(${one})("message" "rfc822" NIL NIL "enclosed" "7bit" `), body);
  assert.ok(body.includes(`${inner} ${alternative} `), body);
  const full = bodyStructure(NESTED, root, true);
  assert.ok(
    full.includes('7 1 NIL ("inline" ("filename" "x.html")) "de" NIL) "alternative" ("boundary" "B") NIL NIL NIL)'),
    full,
  );
});

test("addresses are found in every dress", () => {
  const text =
    'Plain@example.com, "Doe, J. \\"X\\"" <j@x>, Name (no) <n@x>, c@x (Comment), <@r1,@r2:u@h>, undisclosed:;, G: a@b, d@e;, lone';
  assert.deepEqual(parseAddresses(text), [
    { mailbox: "Plain", host: "example.com" },
    { name: 'Doe, J. "X"', mailbox: "j", host: "x" },
    { name: "Name", mailbox: "n", host: "x" },
    { name: "Comment", mailbox: "c", host: "x" },
    { mailbox: "u", host: "h" },
    { mailbox: "undisclosed" },
    {},
    { mailbox: "G" },
    { mailbox: "a", host: "b" },
    { mailbox: "d", host: "e" },
    {},
    { mailbox: "lone", host: "" },
  ]);
});

test("a long hostile address field is read quickly", () => {
  for (const filler of ['"\\', "((", "\\(", "<", "[", '"', ":", ";", "<a,"]) {
    const start = performance.now();
    parseAddresses(filler.repeat(500_000));
    assert.ok(performance.now() - start < 1000, filler);
  }
});

test("ENVELOPE falls back to From, and writes what cannot be quoted as a literal", () => {
  const { fields } = parseMime(
    Buffer.from('Subject: Gr\xfc\xdfe\r\nFrom: a@b\r\nReply-To:\r\nDate: x\\"y\r\n\r\n', "latin1"),
  );
  const from = '((NIL NIL "a" "b"))';
  assert.equal(envelope(fields), `("x\\\\\\"y" {5}\r\nGr\xfc\xdfe ${from} ${from} ${from} NIL NIL NIL NIL NIL)`);
});

test("structures are always well formed, whatever the message", () => {
  const word = fc.constantFrom("From: ", "To: ", "Content-Type: ", "multipart/mixed; boundary=x", "message/rfc822", "text/a; b=", '"', "\\", "(", ")", "{3}", "\r\n", "\n", "--x", "a@b", ",", ":", ";", "<", ">", "\0", "\xe9", " "); // prettier-ignore
  fc.assert(
    fc.property(fc.array(word, { maxLength: 60 }), (words) => {
      const raw = Buffer.from(words.join(""), "latin1");
      const root = parseMime(raw);
      for (const text of [envelope(root.fields), bodyStructure(raw, root, true), bodyStructure(raw, root, false)]) {
        assert.equal(balance(text), 0, text);
      }
    }),
    { numRuns: 500 },
  );
});

/** Reads the text as a client would; parentheses still open at its end. */
function balance(text: string): number {
  let open = 0;
  for (let at = 0; at < text.length;) {
    const rest = text.slice(at);
    const literal = /^\{(\d+)\}\r\n/.exec(rest);
    const token = /^(?:"(?:[^"\\\r\n\0\x80-\xff]|\\["\\])*"|NIL|\d+|[ ()])/.exec(rest);
    if (literal !== null) at += literal[0].length + Number(literal[1]);
    else if (token !== null) at += token[0].length;
    else assert.fail(`unreadable at ${JSON.stringify(rest)}`);
    open += Number(token?.[0] === "(") - Number(token?.[0] === ")");
    assert.ok(open >= 0);
  }
  return open;
}

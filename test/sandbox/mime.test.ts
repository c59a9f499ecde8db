/** The MIME structure reader, and what it makes of structures that are broken on purpose. */
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { type MimePart, parseMime } from "../../src/sandbox/mime.ts";
import { decodeHeader, textOf, textParts } from "../../src/sandbox/mime-text.ts";
import { parseParameters } from "../../src/sandbox/header.ts";
import { lines } from "./running.ts";

const bodyOf = (raw: Buffer, { body }: MimePart): string => raw.toString("utf8", body.start, body.end);

test("a message without MIME headers is one plain text", () => {
  const raw = lines("Subject: x", "", "Hello.");
  const part = parseMime(raw);
  assert.deepEqual(part.contentType, { value: "text/plain", parameters: [["charset", "us-ascii"]] });
  assert.equal(bodyOf(raw, part), "Hello.\r\n");
});

test("a multipart is split at its boundary, preamble and epilogue left out", () => {
  const raw = lines(
    'Content-Type: multipart/mixed; boundary="a b"',
    "",
    "preamble",
    "--a b",
    "",
    "one",
    "--a b  ",
    "Content-Type: text/html",
    "",
    "--a bc is no delimiter",
    "--a b--",
    "epilogue",
    "--a b",
  );
  const part = parseMime(raw);
  assert.deepEqual(part.parts.map((child) => bodyOf(raw, child)), ["one", "--a bc is no delimiter"]); // prettier-ignore
  assert.deepEqual(part.parts.map(({ contentType }) => contentType.value), ["text/plain", "text/html"]); // prettier-ignore
});

test("bare line feeds end lines as well", () => {
  const raw = Buffer.from("Content-Type: multipart/mixed; boundary=x\n\n--x\n\none\n--x\n\ntwo\n--x--\n");
  assert.deepEqual(parseMime(raw).parts.map((child) => bodyOf(raw, child)), ["one", "two"]); // prettier-ignore
});

test("an enclosed message is looked into, also as the default of a digest", () => {
  const inner = ["Subject: inner", "", "text"];
  const raw = lines("Content-Type: multipart/digest; boundary=x", "", "--x", "", ...inner, "--x--");
  const enclosed = parseMime(raw).parts[0];
  assert.equal(enclosed?.contentType.value, "message/rfc822");
  assert.equal(enclosed.message?.fields[0]?.value, "inner");
});

test("the number of header fields that are read is bounded for all parts together", () => {
  const fields = Array.from({ length: 3000 }, () => "a:");
  const parts = Array.from({ length: 5 }, () => ["--x", ...fields, ""]).flat();
  const root = parseMime(lines("Content-Type: multipart/mixed; boundary=x", "", ...parts));
  assert.deepEqual(root.parts.map((part) => part.fields.length), [3000, 3000, 3000, 999, 0]); // prettier-ignore
});

test("depth and number of parts are bounded", () => {
  const deep = lines(...Array.from({ length: 500 }, () => ["Content-Type: message/rfc822", ""]).flat());
  let depth = 0;
  for (let part: MimePart | undefined = parseMime(deep); part?.message !== undefined; part = part.message) depth++;
  assert.equal(depth, 20);
  const wide = lines(
    "Content-Type: multipart/mixed; boundary=x",
    "",
    ...Array.from({ length: 5000 }, () => ["--x", ""]).flat(),
  );
  assert.equal(parseMime(wide).parts.length, 999);
});

test("a large hostile message is parsed in time that grows with its size only", () => {
  const size = 5_000_000;
  const nested = Array.from(
    { length: 19 },
    (_, level) => `Content-Type: multipart/mixed; boundary=b${level}\n\n--b${level}\n`,
  );
  for (const filler of ["\n", "--b19\n", "a:\n ", ' ;x="\\"', "\r"]) {
    const raw = Buffer.concat([Buffer.from(nested.join("")), Buffer.alloc(size, filler)]);
    const start = performance.now();
    parseMime(raw);
    const elapsed = performance.now() - start;
    assert.ok(elapsed < 2000, `${JSON.stringify(filler)} took ${elapsed} ms`);
  }
});

test("parameters are read from tokens and quoted strings", () => {
  const { value, parameters } = parseParameters('Text/Plain; Charset=UTF-8 ; name="a \\"b\\"; c";bad; x=');
  assert.equal(value, "text/plain");
  assert.deepEqual(parameters, [["charset", "UTF-8"], ["name", 'a "b"; c'], ["x", ""]]); // prettier-ignore
});

test("text is decoded from base64, quoted-printable and charsets", () => {
  const raw = lines(
    "Content-Type: multipart/mixed; boundary=x",
    "",
    "--x",
    "Content-Type: text/plain; charset=iso-8859-1",
    "Content-Transfer-Encoding: quoted-printable",
    "",
    "Gr=FC=DF=",
    "e",
    "--x",
    "Content-Type: text/plain; charset=utf-8",
    "Content-Transfer-Encoding: base64",
    "",
    "5ryi5a2X",
    "--x",
    "Content-Type: image/png",
    "",
    "--x--",
  );
  assert.deepEqual([...textParts(parseMime(raw))].map((part) => textOf(raw, part)), ["Grüße", "漢字"]); // prettier-ignore
});

test("encoded words of a header are decoded and joined", () => {
  assert.equal(decodeHeader("=?utf-8?Q?Gr=C3=BC=C3=9Fe?= =?utf-8?b?5ryi?= x =?nonsense?q?=FF?="), "Grüße漢 x ÿ");
  assert.equal(decodeHeader(Buffer.from("Grüße").toString("latin1")), "Grüße");
});

test("parts lie within the message, one behind the other, whatever its bytes", () => {
  const piece = fc.constantFrom(
    "Content-Type: multipart/mixed; boundary=x",
    'content-type: multipart/digest; boundary="x',
    "Content-Type: message/rfc822",
    "Content-Type",
    "--x",
    "--x--",
    "",
    "\r",
    "\0\xff",
    " folded",
  );
  const messages = fc.array(fc.tuple(piece, fc.constantFrom("\r\n", "\n", "")), { maxLength: 40 });
  fc.assert(
    fc.property(messages, (pieces) => {
      const raw = Buffer.from(pieces.flat().join(""), "latin1");
      assertWithin(parseMime(raw), 0, raw.length);
    }),
  );
});

function assertWithin({ header, body, parts, message }: MimePart, start: number, end: number): void {
  assert.ok(start <= header.start && header.start <= header.end);
  assert.ok(header.end === body.start && body.start <= body.end && body.end <= end);
  if (message !== undefined) assertWithin(message, body.start, body.end);
  let behind = body.start;
  for (const part of parts) {
    assertWithin(part, behind, body.end);
    behind = part.body.end;
  }
}

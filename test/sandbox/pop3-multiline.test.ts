/** Dot-stuffing: what a client reads back is what was stored, for every message of proper lines. */
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { maildropSize, multiline } from "../../src/sandbox/pop3-multiline.ts";

const sent = (raw: Buffer, bodyLines?: number): string =>
  Buffer.concat([...multiline(raw, bodyLines)]).toString("latin1");

/** As a client reads it: up to the first lone dot, with the stuffing taken out. */
function received(wire: string): string {
  const end = wire.startsWith(".\r\n") ? 0 : wire.indexOf("\r\n.\r\n") + 2;
  assert.equal(end + 3, wire.length, "the lone dot is the end");
  return wire.slice(0, end).replace(/(^|\r\n)\./g, "$1");
}

test("proper messages are received as they are stored", () => {
  const proper = fc
    .array(fc.constantFrom("", ".", "..", ".x", "x.", "x"))
    .map((all) => all.map((l) => `${l}\r\n`).join(""));
  fc.assert(
    fc.property(proper, (text) => {
      const raw = Buffer.from(text, "latin1");
      assert.equal(received(sent(raw)), text);
      assert.equal(maildropSize(raw), raw.length);
    }),
  );
});

test("other messages get CRLF at each line's end, and their size says so", () => {
  fc.assert(
    fc.property(fc.string({ unit: fc.constantFrom("\r", "\n", ".", "x"), maxLength: 30 }), (text) => {
      const raw = Buffer.from(text, "latin1");
      const expected = text.replace(/\r?\n/g, "\r\n") + (text === "" || text.endsWith("\n") ? "" : "\r\n");
      assert.equal(received(sent(raw)), expected);
      assert.equal(maildropSize(raw), expected.length);
    }),
  );
});

test("TOP gives the header, the empty line and that many lines", () => {
  const raw = Buffer.from("a: b\r\n\r\n.1\r\n2\r\n");
  assert.deepEqual(
    [0, 1, 2, 9].map((count) => sent(raw, count)),
    ["a: b\r\n\r\n.\r\n", "a: b\r\n\r\n..1\r\n.\r\n", "a: b\r\n\r\n..1\r\n2\r\n.\r\n", "a: b\r\n\r\n..1\r\n2\r\n.\r\n"],
  );
  assert.equal(sent(Buffer.from("a: b"), 3), "a: b\r\n.\r\n");
});

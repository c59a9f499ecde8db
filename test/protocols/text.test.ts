/** Text in command lines: UTF-8 where it is, Latin-1 where it is not. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { textOfLine, withoutTrailingBlanks, wordsOf } from "../../src/protocols/text.ts";

function line(...bytes: number[]): string {
  return Buffer.from(bytes).toString("latin1");
}

test("bytes that are UTF-8 are read as UTF-8, others as Latin-1", () => {
  assert.equal(textOfLine("alice"), "alice");
  assert.equal(textOfLine(Buffer.from("jörg").toString("latin1")), "jörg");
  assert.equal(textOfLine(line(0x6a, 0xf6, 0x72, 0x67)), "jörg");
  assert.equal(textOfLine(line(0xc3, 0xa0)), "à");
  assert.equal(textOfLine(line(0xed, 0xa0, 0x80)), "\u00ed\u00a0\u0080", "a surrogate is no UTF-8");
  assert.equal(textOfLine(line(0xef, 0xbb, 0xbf, 0x61)), "\ufeffa", "nothing is taken away");
});

test("blanks at the end go, and nothing else", () => {
  for (const [line, kept] of [
    ["NOOP", "NOOP"],
    ["NOOP \t ", "NOOP"],
    [" a  b\u00a0 ", " a  b\u00a0"],
    [" \t", ""],
    ["", ""],
  ] as const)
    assert.equal(withoutTrailingBlanks(line), kept);
  assert.equal(withoutTrailingBlanks("a\t  ", " "), "a\t");
});

test("a line of blanks with something behind them costs no more than another", () => {
  const line = `${" ".repeat(1_000_000)}x`;
  const started = performance.now();
  assert.equal(withoutTrailingBlanks(line), line);
  // A pattern needs minutes.
  assert.ok(performance.now() - started < 1_000);
});

test("words stand between blanks, however many; a blank at an end leaves an empty one", () => {
  for (const [line, words] of [
    ["NOOP", ["NOOP"]],
    ["AUTH PLAIN  AGE=", ["AUTH", "PLAIN", "AGE="]],
    ["a\tb c", ["a\tb", "c"]],
    ["  a", ["", "a"]],
    ["a  ", ["a", ""]],
    ["   ", ["", ""]],
    ["", [""]],
  ] as const)
    assert.deepEqual(wordsOf(line), words);
});

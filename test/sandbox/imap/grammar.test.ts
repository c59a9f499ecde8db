/** The words of IMAP commands: sets of numbers, dates, patterns, and what the scanner refuses. */
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { formatDateTime, parseDateTime, parseDay } from "../../../src/sandbox/imap/dates.ts";
import { LITERAL_MARK, Scanner } from "../../../src/sandbox/imap/grammar.ts";
import { patternMatcher } from "../../../src/sandbox/imap/list.ts";
import { formatNumberSet, membership, parseNumberSet } from "../../../src/sandbox/imap/number-set.ts";

test("sets of numbers know reversed ranges and the star", () => {
  const within = (set: string, largest: number): number[] => {
    const chosen = membership(parseNumberSet(set), largest);
    return Array.from({ length: 10 }, (_, index) => index + 1).filter(chosen);
  };
  assert.deepEqual(within("7:5,1,6:8", 9), [1, 5, 6, 7, 8]);
  assert.deepEqual(within("*", 4), [4]);
  assert.deepEqual(within("8:*", 4), [4, 5, 6, 7, 8]);
  assert.deepEqual(within("*:3", 4), [3, 4]);
  for (const bad of ["0", "1:2:3", "", "1,,2", "4294967296", "01"]) {
    assert.throws(() => parseNumberSet(bad), { name: "BadSyntax" }, bad);
  }
});

test("a set that was written is read back as the same numbers", () => {
  fc.assert(
    fc.property(fc.uniqueArray(fc.integer({ min: 1, max: 60 }), { minLength: 1 }), (numbers) => {
      const ascending = numbers.sort((a, b) => a - b);
      const chosen = membership(parseNumberSet(formatNumberSet(ascending)), 60);
      assert.deepEqual(Array.from({ length: 60 }, (_, index) => index + 1).filter(chosen), ascending); // prettier-ignore
    }),
  );
});

test("dates are read with their zone and written in UTC", () => {
  const date = parseDateTime(" 1-Mar-2024 00:30:00 +0100");
  assert.equal(date.toISOString(), "2024-02-29T23:30:00.000Z");
  assert.equal(formatDateTime(date), '"29-Feb-2024 23:30:00 +0000"');
  assert.equal(parseDay("2-Jan-1970"), 1);
  for (const bad of ["30-Feb-2024", "1-Foo-2024", "1-1-2024", ""])
    assert.throws(() => parseDay(bad), { name: "BadSyntax" });
  assert.throws(() => parseDateTime("1-Mar-2024 00:30:00 +0100"), { name: "BadSyntax" });
});

test("list patterns match as RFC 3501 has it, and quickly", () => {
  const matches = (pattern: string, name: string): boolean => patternMatcher(pattern)(name);
  assert.ok(matches("*", "a/b") && matches("a*", "a/b") && matches("%/%", "a/b") && matches("iNbOx", "INBOX"));
  assert.ok(!matches("%", "a/b") && !matches("a%", "a/b") && !matches("A", "a") && !matches("", "a"));
  const start = performance.now();
  assert.equal(matches("*a".repeat(250), "a".repeat(249)), false);
  assert.ok(performance.now() - start < 500);
});

test("strings are quoted, literal or bare, and read as UTF-8", () => {
  const latin1 = Buffer.from('"Gr\\"üße" ').toString("latin1");
  const scanner = new Scanner(`${latin1}${LITERAL_MARK} bare]`, [Buffer.from("漢字\r\n")]);
  assert.equal(scanner.astring(), 'Gr"üße');
  scanner.space();
  assert.equal(scanner.astring(), "漢字\r\n");
  scanner.space();
  assert.equal(scanner.astring(), "bare]");
  scanner.end();
});

test("what is not in the grammar throws BadSyntax and nothing else", () => {
  const reads: readonly ((scanner: Scanner) => unknown)[] = [
    (scanner) => scanner.astring(),
    (scanner) => scanner.atom(),
    (scanner) => scanner.flag(),
    (scanner) => scanner.list(() => scanner.nstring()),
    (scanner) => scanner.listMailbox(),
    (scanner) => scanner.number(),
    (scanner) => scanner.end(),
  ];
  const text = fc.string({ unit: fc.constantFrom(..."()\"\\{} a1%*]\u0100\0é"), maxLength: 12 }); // prettier-ignore
  fc.assert(
    fc.property(text, fc.constantFrom(...reads), (input, read) => {
      try {
        read(new Scanner(input, []));
      } catch (error) {
        assert.equal((error as Error).name, "BadSyntax");
      }
    }),
  );
});

/** Sets of message numbers and UIDs: sequence-set and uid-set (RFC 3501 section 9, RFC 4315 section 4). */
import { BadSyntax, MAX_NUMBER } from "./grammar.ts";

export interface Range {
  readonly from: number;
  readonly to: number;
}

/** As the client wrote it; `*` is infinite until the mailbox is known. */
export type NumberSet = readonly Range[];

const STAR = Infinity;

export function parseNumberSet(text: string): NumberSet {
  return text.split(",").map((part) => {
    const [from = "", to = from, ...rest] = part.split(":");
    if (rest.length > 0) throw new BadSyntax("That is not a set of numbers");
    return { from: parseNumber(from), to: parseNumber(to) };
  });
}

/** The highest number that the set names, `*` aside. */
export function highestNamed(set: NumberSet): number {
  return set.reduce((highest, { from, to }) => Math.max(highest, from === STAR ? 0 : from, to === STAR ? 0 : to), 0);
}

/** A test for membership, with `*` standing for `largest`: quick, because sets and mailboxes can both be long. */
export function membership(set: NumberSet, largest: number): (number: number) => boolean {
  const merged = merge(set.map((range) => settle(range, largest)));
  return (number) => {
    const candidate = lastStartingAtOrBefore(merged, number);
    return candidate !== undefined && number <= candidate.to;
  };
}

/** Ascending numbers as a set: `1:3,7`. */
export function formatNumberSet(numbers: readonly number[]): string {
  const ranges = merge(numbers.map((number) => ({ from: number, to: number })));
  return ranges.map(({ from, to }) => (from === to ? `${from}` : `${from}:${to}`)).join(",");
}

function parseNumber(text: string): number {
  if (text === "*") return STAR;
  const number = Number(text);
  if (!/^[1-9]\d{0,9}$/.test(text) || number > MAX_NUMBER) throw new BadSyntax("That is not a set of numbers");
  return number;
}

/** `7:3` is `3:7`, and `*:4` too names what lies between (RFC 3501, seq-range). */
function settle({ from, to }: Range, largest: number): Range {
  const [a, b] = [from === STAR ? largest : from, to === STAR ? largest : to];
  return { from: Math.min(a, b), to: Math.max(a, b) };
}

function merge(ranges: readonly Range[]): readonly Range[] {
  const merged: Range[] = [];
  for (const range of [...ranges].sort((a, b) => a.from - b.from)) {
    const last = merged.at(-1);
    if (last === undefined || range.from > last.to + 1) merged.push(range);
    else merged[merged.length - 1] = { from: last.from, to: Math.max(last.to, range.to) };
  }
  return merged;
}

function lastStartingAtOrBefore(ranges: readonly Range[], number: number): Range | undefined {
  let low = 0;
  let high = ranges.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((ranges[middle]?.from ?? STAR) <= number) low = middle + 1;
    else high = middle;
  }
  return ranges[low - 1];
}

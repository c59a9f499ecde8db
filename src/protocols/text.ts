/** Text in command lines: one character a byte on the wire, UTF-8 where clients are modern, Latin-1 where they are not. */

import { isAscii } from "../core/ascii.ts";

const utf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/** The line's bytes as UTF-8 or, where they are none, as the Latin-1 that an old client must have meant. */
export function textOfLine(line: string): string {
  if (isAscii(line)) return line;
  try {
    return utf8.decode(Buffer.from(line, "latin1"));
  } catch {
    return line;
  }
}

/**
 * Blanks and tabs only: in latin1 a non-breaking space is half of a UTF-8 character. Not by a pattern, which would try each
 * blank of a long run as the first one.
 */
export function withoutTrailingBlanks(line: string, blanks = " \t"): string {
  let end = line.length;
  while (end > 0 && blanks.includes(line[end - 1]!)) end -= 1;
  return end === line.length ? line : line.slice(0, end);
}

/** Parts with blanks between them; an empty one at an end where a blank stands. Commands are short: no `split`. */
export function wordsOf(line: string): string[] {
  const words: string[] = [];
  let start = 0;
  for (let end = line.indexOf(" "); end >= 0; end = line.indexOf(" ", start)) {
    words.push(line.slice(start, end));
    start = end + 1;
    while (line[start] === " ") start += 1;
  }
  words.push(line.slice(start));
  return words;
}

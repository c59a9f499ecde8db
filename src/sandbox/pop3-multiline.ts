/** Multi-line responses of POP3: lines that end in CRLF, dot-stuffed, ended by a lone dot (RFC 1939 section 3). */

const CR = 0x0d;
const LF = 0x0a;
const DOT = 0x2e;
const CRLF_BYTES = Buffer.from("\r\n");
const EXTRA_DOT = Buffer.from(".");
const TERMINATOR = Buffer.from(".\r\n");

interface Line {
  readonly start: number;
  /** Where the text ends and CRLF or LF begins. */
  readonly textEnd: number;
  readonly next: number;
  /** Ends in CRLF as it must. */
  readonly proper: boolean;
}

/**
 * The message as RETR sends it, or TOP with so many lines of the body. A message of proper lines passes unchanged;
 * a bare LF, which could feign the terminator to a client that splits at LF, becomes CRLF.
 */
export function* multiline(raw: Buffer, bodyLines: number = Infinity): Generator<Buffer> {
  let unsent = 0;
  let end = raw.length;
  let left: number | undefined;
  for (const line of linesOf(raw)) {
    if (left !== undefined && left-- <= 0) {
      end = line.start;
      break;
    }
    if (raw[line.start] === DOT) {
      yield raw.subarray(unsent, line.start);
      yield EXTRA_DOT;
      unsent = line.start;
    }
    if (!line.proper) {
      yield raw.subarray(unsent, line.textEnd);
      yield CRLF_BYTES;
      unsent = line.next;
    }
    if (left === undefined && line.textEnd === line.start) left = bodyLines;
  }
  yield raw.subarray(Math.min(unsent, end), end);
  yield TERMINATOR;
}

/** The message's size as STAT and LIST count it: with CRLF, without stuffing (RFC 1939 section 11). */
export function maildropSize(raw: Buffer): number {
  let size = raw.length;
  for (let at = 0; at < raw.length; at++) if (raw[at] === LF && raw[at - 1] !== CR) size++;
  return raw.length > 0 && raw[raw.length - 1] !== LF ? size + 2 : size;
}

function* linesOf(raw: Buffer): Generator<Line> {
  for (let start = 0; start < raw.length;) {
    const feed = raw.indexOf(LF, start);
    const next = feed < 0 ? raw.length : feed + 1;
    const proper = feed > start && raw[feed - 1] === CR;
    yield { start, textEnd: proper ? feed - 1 : feed < 0 ? next : feed, next, proper };
    start = next;
  }
}

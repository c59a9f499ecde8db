/** Writing strings as IMAP reads them: quoted, literal or NIL (RFC 3501 section 4.3). All text is Latin-1. */

/** Plain enough for a quoted string: 7-bit, no line break, no NUL. */
const QUOTABLE = /^[\u0001-\u0009\u000b\u000c\u000e-\u007f]*$/;

/** A longer string travels as a literal; some clients read quoted strings into small buffers. */
const QUOTED_LIMIT = 1000;

export function quoted(text: string): string {
  return `"${text.replace(/["\\]/g, "\\$&")}"`;
}

export function string(text: string): string {
  if (text.length <= QUOTED_LIMIT && QUOTABLE.test(text)) return quoted(text);
  // NUL is in no IMAP string (RFC 3501 section 9, CHAR8).
  const clean = text.replaceAll("\0", "");
  return `{${clean.length}}\r\n${clean}`;
}

export function nstring(text: string | undefined): string {
  return text === undefined ? "NIL" : string(text);
}

/** Reading text out of MIME: transfer encodings (RFC 2045 section 6), charsets, and encoded words (RFC 2047). */
import { fieldValue, parameter } from "./header.ts";
import type { MimePart } from "./mime.ts";

/** The text of a part, decoded as far as it can be. */
export function textOf(raw: Buffer, part: MimePart): string {
  const encoding = fieldValue(part.fields, "content-transfer-encoding")?.toLowerCase();
  const bytes = raw.subarray(part.body.start, part.body.end);
  return decodeCharset(decodeTransfer(bytes, encoding), parameter(part.contentType, "charset") ?? "utf-8");
}

/** All text parts of a message, its enclosed messages' too. */
export function* textParts(part: MimePart): Generator<MimePart> {
  if (part.message !== undefined) yield* textParts(part.message);
  else if (part.parts.length > 0) for (const child of part.parts) yield* textParts(child);
  else if (part.contentType.value.startsWith("text/")) yield part;
}

const ENCODED_WORD = /=\?([^?\s]{1,40})\?([bq])\?([^?\s]*)\?=(?:\s+(?==\?))?/gi;

/** A Latin-1 header value as text: raw UTF-8 read as such, encoded words decoded, the blanks between two of them gone. */
export function decodeHeader(value: string): string {
  const text = decodeCharset(Buffer.from(value, "latin1"), "utf-8");
  return text.replace(ENCODED_WORD, (_, charset: string, encoding: string, encoded: string) => {
    if (encoding.toLowerCase() === "b") return decodeCharset(Buffer.from(encoded, "base64"), charset);
    return decodeCharset(decodeQuotedPrintable(Buffer.from(encoded.replaceAll("_", " "), "latin1")), charset);
  });
}

function decodeTransfer(bytes: Buffer, encoding: string | undefined): Buffer {
  if (encoding === "base64") return Buffer.from(bytes.toString("latin1"), "base64");
  if (encoding === "quoted-printable") return decodeQuotedPrintable(bytes);
  return bytes;
}

function decodeQuotedPrintable(bytes: Buffer): Buffer {
  const text = bytes.toString("latin1").replace(/=[ \t]*\r?\n/g, "");
  const decoded = text.replace(/=([0-9a-f]{2})/gi, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)));
  return Buffer.from(decoded, "latin1");
}

/** Text in an unknown charset, or not in the one it claims, is read byte for byte. */
function decodeCharset(bytes: Buffer, charset: string): string {
  try {
    return new TextDecoder(charset, { fatal: true }).decode(bytes);
  } catch {
    return bytes.toString("latin1");
  }
}

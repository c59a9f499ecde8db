/**
 * The names of an AUTHENTICATE_MESSAGE in every way they can reasonably be read. The CHALLENGE's character set decides,
 * with a NUL byte as tie-breaker: JavaMail's flags are 0 over UTF-16, Wget's say UNICODE over 8-bit bytes.
 */
import { malformed, NtlmError } from "./error.ts";
import type { Span } from "./fields.ts";
import { decodeOem, OEM_CHARSETS, type OemCharset } from "./oem.ts";

/** Longest user, domain or workstation name in UTF-16 units. */
export const NAME_LIMIT = 256;

export interface NameReading {
  readonly user: string;
  readonly domain: string;
}

/** Which character sets names are in: UTF-16 as agreed, or one of these 8-bit ones, likeliest first. */
export interface Charset {
  readonly isUnicode: boolean;
  readonly oem?: readonly OemCharset[] | undefined;
}

/** At least one reading, the likeliest first, none twice. Throws NtlmError when a name cannot be read at all. */
export function readNames(message: Buffer, user: Span, domain: Span, charset: Charset): readonly NameReading[] {
  const usualUser = usualText(message, user);
  const usualDomain = usualText(message, domain);
  if (usualUser !== undefined && usualDomain !== undefined) return [{ user: usualUser, domain: usualDomain }];
  const users = readings("UserName", message, user, charset, false);
  const domains = readings("DomainName", message, domain, charset, charset.isUnicode);
  const found = new Map<string, NameReading>();
  for (const { charset, text } of users) {
    for (const other of domains) {
      // One machine, one code page: two 8-bit names are never read in two different ones.
      if (charset !== other.charset && charset !== "utf-16" && other.charset !== "utf-16") continue;
      found.set(`${text}\0${other.text}`, { user: text, domain: other.text });
    }
  }
  if (found.size === 0) throw malformed("UserName and DomainName have no character set in common");
  return [...found.values()];
}

/** The likeliest reading of a name that nothing is computed from. */
export function readWorkstation(message: Buffer, at: Span, charset: Charset): string {
  return usualText(message, at) ?? readings("Workstation", message, at, charset, charset.isUnicode)[0]?.text ?? "";
}

interface Reading {
  readonly charset: string;
  readonly text: string;
}

/**
 * `mayBe8Bit`: Authen::NTLM with ntlmv2(1) sends the domain in 8-bit bytes although the UNICODE flag is agreed; the
 * user is UTF-16 in all clients.
 */
function readings(name: string, message: Buffer, at: Span, charset: Charset, mayBe8Bit: boolean): readonly Reading[] {
  if (at.start === at.end) return NO_NAME;
  const bytes = message.subarray(at.start, at.end);
  const found = allReadings(bytes, charset, mayBe8Bit).filter(({ text }) => !CONTROLS.test(text));
  if (found.length === 0)
    throw malformed(`${name} is no text of ${charset.isUnicode ? "UTF-16" : "any OEM character set"}`);
  if (found.some(({ text }) => text.length > NAME_LIMIT)) throw new NtlmError("too-large", `${name} is too long`);
  return found;
}

const NO_NAME: readonly Reading[] = [{ charset: "utf-16", text: "" }];

/** What nearly all names are: none, or UTF-16 with a NUL byte in it and nothing to refuse. undefined: a closer look is needed. */
function usualText(message: Buffer, { start, end }: Span): string | undefined {
  const length = end - start;
  if (length === 0) return "";
  if (message[start + 1] !== 0 || length % 2 !== 0 || length > 2 * NAME_LIMIT) return undefined;
  const text = message.toString("utf16le", start, end);
  return UNUSUAL.test(text) ? undefined : text;
}

function allReadings(bytes: Buffer, { isUnicode, oem }: Charset, mayBe8Bit: boolean): readonly Reading[] {
  if (bytes.includes(0)) return utf16Reading(bytes);
  if (!isUnicode) return oemReadings(bytes, oem);
  // Printable ASCII is a far likelier 8-bit name than a UTF-16 one whose every byte happens to be printable.
  const is8Bit = mayBe8Bit && (bytes.length % 2 !== 0 || PRINTABLE.test(bytes.toString("latin1")));
  return is8Bit ? [...oemReadings(bytes, oem), ...utf16Reading(bytes)] : utf16Reading(bytes);
}

function utf16Reading(bytes: Buffer): readonly Reading[] {
  if (bytes.length % 2 !== 0) return [];
  const text = bytes.toString("utf16le");
  return text.isWellFormed() ? [{ charset: "utf-16", text }] : [];
}

function oemReadings(bytes: Buffer, charsets = OEM_CHARSETS): readonly Reading[] {
  return charsets.flatMap((charset) => {
    const text = decodeOem(bytes, charset);
    return text === undefined ? [] : [{ charset, text }];
  });
}

/** Directory look-ups and logs must never see them. */
const CONTROLS = /[\u0000-\u001f\u007f-\u009f]/;
/** Those, and halves of surrogate pairs, which may lack the other half. */
const UNUSUAL = /[\u0000-\u001f\u007f-\u009f\ud800-\udfff]/;
const PRINTABLE = /^[\x20-\x7e]+$/;

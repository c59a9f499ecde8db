/** DER (X.690) as SPNEGO's tokens use it: a reader that refuses what does not fit, and a writer. */
import { malformed, NtlmError } from "../error.ts";

/** Longest token that is read, in bytes: Kerberos tickets, which are offered beside NTLM, reach 48 KiB. */
export const TOKEN_LIMIT = 65_536;

export interface Asn1Value {
  /** The identifier octet. */
  readonly tag: number;
  readonly content: Buffer;
  /** Identifier, length and content, as they were received. */
  readonly encoded: Buffer;
}

/** The one value that the bytes consist of. Throws NtlmError when it is another or bytes follow. */
export function readOnly(bytes: Uint8Array, tag: number, name: string): Asn1Value {
  const input = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (input.length > TOKEN_LIMIT) throw new NtlmError("too-large", `${name} of ${input.length} bytes`);
  const value = readValue(input, 0, name);
  if (value.tag !== tag) throw malformed(`${name} has tag 0x${value.tag.toString(16)}, not 0x${tag.toString(16)}`);
  if (value.encoded.length !== input.length) throw malformed(`bytes behind ${name}`);
  return value;
}

/** The values that the content of a SEQUENCE consists of, at most `limit`. Throws NtlmError. */
export function readAll(content: Buffer, name: string, limit: number): readonly Asn1Value[] {
  const values: Asn1Value[] = [];
  for (let at = 0; at < content.length;) {
    if (values.length === limit) throw new NtlmError("too-large", `${name} has more than ${limit} parts`);
    const value = readValue(content, at, name);
    values.push(value);
    at += value.encoded.length;
  }
  return values;
}

function readValue(bytes: Buffer, at: number, name: string): Asn1Value {
  const tag = bytes[at];
  const length = readLength(bytes, at + 1, name);
  if (tag === undefined || (tag & LONG_TAG) === LONG_TAG) throw malformed(`${name}: no identifier of one octet`);
  const end = length.contentAt + length.length;
  if (end > bytes.length) throw malformed(`${name} ends before its length says so`);
  return { tag, content: bytes.subarray(length.contentAt, end), encoded: bytes.subarray(at, end) };
}

/** Lengths that could be shorter are taken: old Windows writes some so. Indefinite ones are not DER. */
function readLength(bytes: Buffer, at: number, name: string): { readonly length: number; readonly contentAt: number } {
  const first = bytes[at];
  if (first === undefined) throw malformed(`${name} ends before its length`);
  if (first < 0x80) return { length: first, contentAt: at + 1 };
  const octets = first & 0x7f;
  if (octets === 0 || octets > LENGTH_OCTETS) throw malformed(`${name} has a length in ${octets} octets`);
  if (at + 1 + octets > bytes.length) throw malformed(`${name} ends within its length`);
  return { length: bytes.readUIntBE(at + 1, octets), contentAt: at + 1 + octets };
}

/** One value: the identifier, its length in as few octets as there can be, and the parts. */
export function asn1(tag: number, ...parts: readonly Uint8Array[]): Buffer {
  const content = Buffer.concat(parts);
  return Buffer.concat([Buffer.from([tag, ...lengthOctets(content.length)]), content]);
}

function lengthOctets(length: number): readonly number[] {
  if (length < 0x80) return [length];
  if (length < 0x100) return [0x81, length];
  if (length < 0x10000) return [0x82, length >> 8, length & 0xff];
  return [0x83, length >> 16, (length >> 8) & 0xff, length & 0xff];
}

/** Identifier octets. */
export const Tag = {
  bitString: 0x03,
  octetString: 0x04,
  oid: 0x06,
  enumerated: 0x0a,
  generalString: 0x1b,
  sequence: 0x30,
  /** [APPLICATION 0] IMPLICIT, RFC 2743 section 3.1. */
  initialContextToken: 0x60,
} as const;

/** [n] EXPLICIT. */
export function context(number: number): number {
  return 0xa0 + number;
}

/** Identifiers of several octets: SPNEGO has none. */
const LONG_TAG = 0x1f;
/** Enough for any length below 4 GiB. */
const LENGTH_OCTETS = 4;

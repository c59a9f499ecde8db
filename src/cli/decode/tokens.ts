/** NTLM and SPNEGO messages wherever they stand in a text, known by their first bytes: base64, also wrapped, or hex. */
import { readDescriptor } from "../../ntlm/fields.ts";

export interface Token {
  readonly kind: "NTLM" | "SPNEGO";
  /** Characters from the start of the text. */
  readonly at: number;
  readonly end: number;
  readonly bytes: Buffer;
}

/** Messages above this number are not read: nobody looks at so many. */
export const MESSAGE_COUNT_LIMIT = 500;
/** Places that look like a message's start; some lie inside another, most do in a text made to waste time. */
const START_LIMIT = 16 * MESSAGE_COUNT_LIMIT;

/** In the order in which they stand there, none inside another. Linear in the text's length. */
export function findTokens(text: string): readonly Token[] {
  const starts = [...startsOf(text)].sort((a, b) => a.at - b.at || a.rank - b.rank);
  const found: Token[] = [];
  for (const [index, start] of starts.entries()) {
    if (found.length === MESSAGE_COUNT_LIMIT) break;
    if (start.at < (found.at(-1)?.end ?? 0)) continue;
    // SPNEGO says how long it is, and may hold an NTLM message that looks like the next one.
    const next =
      start.kind === "SPNEGO" ? undefined : starts.slice(index + 1, index + 3).find(({ at }) => at > start.at);
    const token = gather(text, start, Math.min(text.length, start.at + LONGEST_TEXT, next?.at ?? text.length));
    if (token) found.push(token);
  }
  return found;
}

interface Start {
  readonly at: number;
  readonly kind: Token["kind"];
  readonly form: "base64" | "hex";
  /** At one place SPNEGO comes before the NTLM inside it. */
  readonly rank: number;
}

/** "NTLMSSP\0" in base64, as far as it does not depend on the message type. */
const NTLM_BASE64 = /TlRMTVNTUA[A-Za-z0-9+/]/g;
const NTLM_HEX =
  /4e[\s:,-]{0,3}54[\s:,-]{0,3}4c[\s:,-]{0,3}4d[\s:,-]{0,3}53[\s:,-]{0,3}53[\s:,-]{0,3}50[\s:,-]{0,3}00/gi;
/** 0x60 with a length, or 0xa1: an InitialContextToken or a NegTokenResp, if what follows says so, too. */
const SPNEGO_BASE64 = /(?<![A-Za-z0-9+/=])(?:Y[A-P]|o[Q-f])[A-Za-z0-9+/]{10}/g;
const SPNEGO_HEX = /(?<![0-9a-f])(?:60|a1)(?:[\s:,-]{0,3}[0-9a-f]{2}){8}/gi;

function startsOf(text: string): readonly Start[] {
  const hex = (bytes: string) => isSpnego(fromHex(bytes));
  const base64 = (characters: string) => isSpnego(Buffer.from(characters, "base64"));
  return [
    ...matches(text, NTLM_BASE64).map((at): Start => ({ at, kind: "NTLM", form: "base64", rank: 1 })),
    ...matches(text, NTLM_HEX).map((at): Start => ({ at, kind: "NTLM", form: "hex", rank: 1 })),
    ...matches(text, SPNEGO_BASE64, base64).map((at): Start => ({ at, kind: "SPNEGO", form: "base64", rank: 0 })),
    ...matches(text, SPNEGO_HEX, hex).map((at): Start => ({ at, kind: "SPNEGO", form: "hex", rank: 0 })),
  ];
}

function matches(text: string, pattern: RegExp, isRight: (found: string) => boolean = () => true): readonly number[] {
  const places: number[] = [];
  for (const match of text.matchAll(pattern)) {
    if (isRight(match[0])) places.push(match.index);
    if (places.length === START_LIMIT) break;
  }
  return places;
}

/** True for the first 9 bytes of a token that begins with the SPNEGO mechanism or is a NegTokenResp (RFC 4178 section 4.2). */
export function isSpnego(bytes: Buffer): boolean {
  const content = derContent(bytes, 0);
  if (content === undefined) return false;
  const inner = bytes.subarray(content.at);
  if (bytes[0] === 0x60)
    return inner.length >= 4 && SPNEGO_OID.subarray(0, inner.length).equals(inner.subarray(0, SPNEGO_OID.length));
  return bytes[0] === 0xa1 && inner[0] === 0x30 && derContent(bytes, content.at)?.end === content.end;
}

const SPNEGO_OID = Buffer.from("06062b0601050502", "hex");

function gather(text: string, start: Start, end: number): Token | undefined {
  const { kind, form, at } = start;
  const [bytes, length] = form === "hex" ? gatherHex(text, start, end) : gatherBase64(text, start, end);
  return bytes.length === 0 ? undefined : { kind, at, end: at + length, bytes };
}

const BASE64_CHUNK = /\s*(?:[A-Za-z0-9+/]+={0,2}|={1,2})(?=[^A-Za-z0-9+/=]|$)/y;

/**
 * Takes one run of base64 after another, over blanks and line ends, until the message has all bytes that its header
 * claims: the only way to know where a wrapped message ends and the dialogue goes on.
 */
function gatherBase64(text: string, { at, kind }: Start, end: number): readonly [Buffer, number] {
  const window = text.slice(at, end);
  let token = "";
  let done = 0;
  for (let chunks = 0; chunks < CHUNK_LIMIT; chunks++) {
    BASE64_CHUNK.lastIndex = done;
    const chunk = BASE64_CHUNK.exec(window)?.[0];
    if (chunk === undefined) break;
    token += chunk.trimStart();
    done += chunk.length;
    const wanted = wantedLength(Buffer.from(token.slice(0, HEADER_TEXT), "base64"), kind);
    if (token.endsWith("=") || Math.floor((token.length * 3) / 4) >= wanted) break;
  }
  return [Buffer.from(token, "base64"), done];
}

const HEX_RUN = /(?:[0-9a-f]{2}[\s:,-]{0,3})+/iy;

function gatherHex(text: string, { at, kind }: Start, end: number): readonly [Buffer, number] {
  const window = text.slice(at, end);
  HEX_RUN.lastIndex = 0;
  const run = HEX_RUN.exec(window)?.[0] ?? "";
  const bytes = fromHex(run);
  const wanted = kind === "SPNEGO" ? wantedLength(bytes, kind) : bytes.length;
  if (wanted >= bytes.length) return [bytes, run.length];
  // Where the digits of the wanted bytes end, separators counted.
  let digits = 0;
  let length = 0;
  while (digits < 2 * wanted) if (HEX_DIGIT.test(run.charAt(length++))) digits++;
  return [bytes.subarray(0, wanted), length];
}

const HEX_DIGIT = /[0-9a-f]/i;

function fromHex(run: string): Buffer {
  return Buffer.from(run.replace(/[^0-9a-f]/gi, ""), "hex");
}

/** Bytes that a message has by its header; more than there are while the header is not whole. */
function wantedLength(head: Buffer, kind: Token["kind"]): number {
  return kind === "NTLM" ? ntlmLength(head) : (derContent(head, 0)?.end ?? Infinity);
}

/** The fixed header and every field that it points to (MS-NLMP 2.2.1). */
function ntlmLength(head: Buffer): number {
  const layout = head.length < 12 ? undefined : LAYOUTS[head.readUInt32LE(8)];
  if (!layout || head.length < layout.header) return Infinity;
  const ends = layout.fields.flatMap((at) => {
    if (at + 8 > head.length) return [];
    const { length, offset } = readDescriptor(head, at);
    return length === 0 ? [] : [offset + length];
  });
  return Math.max(layout.header, ...ends);
}

/** Where the descriptors stand, and the shortest header. */
const LAYOUTS: Readonly<Record<number, { header: number; fields: readonly number[] }>> = {
  1: { header: 16, fields: [16, 24] },
  2: { header: 32, fields: [12, 40] },
  3: { header: 52, fields: [12, 20, 28, 36, 44, 52] },
};

/** Content and end of the DER value there (X.690 8.1.3); undefined without a definite length of at most three octets. */
function derContent(bytes: Buffer, at: number): { at: number; end: number } | undefined {
  const first = bytes[at + 1];
  if (first === undefined || first === 0x80 || first > 0x83) return undefined;
  const octets = first < 0x80 ? 0 : first & 0x7f;
  if (at + 2 + octets > bytes.length) return undefined;
  const length = octets === 0 ? first : bytes.readUIntBE(at + 2, octets);
  const contentAt = at + 2 + octets;
  return length > TOKEN_LIMIT ? undefined : { at: contentAt, end: contentAt + length };
}

/** RFC 4559 tokens with Kerberos inside reach 48 KiB; no NTLM message is above 8. */
const TOKEN_LIMIT = 64 * 1024;
/** Hex with separators takes four characters a byte. */
const LONGEST_TEXT = 4 * TOKEN_LIMIT;
/** Base64 wrapped at 64 columns needs 1400 lines for the longest token. */
const CHUNK_LIMIT = 2048;
/** As much base64 as shows every descriptor. */
const HEADER_TEXT = 96;

/** Which bytes of an NTLM message are what: every range by its name in MS-NLMP 2.2.1 and 2.2.2, gaps included. */
import { avName } from "../ntlm/av-pairs.ts";
import { readDescriptor } from "../ntlm/fields.ts";

export interface Range {
  readonly name: string;
  /** Bytes from the start of the message. */
  readonly offset: number;
  readonly length: number;
  /** What a range that is no payload holds. */
  readonly text?: string;
}

/** In the order of their places. Never throws: a field that points outside the message is left out here. */
export function ntlmLayout(message: Uint8Array): readonly Range[] {
  const bytes = Buffer.from(message.buffer, message.byteOffset, message.byteLength);
  if (bytes.length < 12) return gaps([], bytes.length);
  const header = HEADERS[bytes.readUInt32LE(8)] ?? [];
  const payloads = header.flatMap((range) => payloadOf(bytes, range));
  const headerEnd = Math.min(bytes.length, ...payloads.map(({ offset }) => offset));
  const fixed = [...FRAME, ...header].filter(({ offset, length }) => offset + length <= headerEnd);
  const ranges = [...fixed.map((range) => withText(bytes, range)), ...payloads.flatMap((range) => parts(bytes, range))];
  return gaps(
    ranges.sort((a, b) => a.offset - b.offset || a.length - b.length),
    bytes.length,
  );
}

const FRAME: readonly Range[] = [
  { name: "Signature", offset: 0, length: 8 },
  { name: "MessageType", offset: 8, length: 4 },
];

const NEGOTIATE: readonly Range[] = [
  { name: "NegotiateFlags", offset: 12, length: 4 },
  { name: "DomainNameFields", offset: 16, length: 8 },
  { name: "WorkstationFields", offset: 24, length: 8 },
  { name: "Version", offset: 32, length: 8 },
];

const CHALLENGE: readonly Range[] = [
  { name: "TargetNameFields", offset: 12, length: 8 },
  { name: "NegotiateFlags", offset: 20, length: 4 },
  { name: "ServerChallenge", offset: 24, length: 8 },
  { name: "Reserved", offset: 32, length: 8 },
  { name: "TargetInfoFields", offset: 40, length: 8 },
  { name: "Version", offset: 48, length: 8 },
];

const AUTHENTICATE: readonly Range[] = [
  { name: "LmChallengeResponseFields", offset: 12, length: 8 },
  { name: "NtChallengeResponseFields", offset: 20, length: 8 },
  { name: "DomainNameFields", offset: 28, length: 8 },
  { name: "UserNameFields", offset: 36, length: 8 },
  { name: "WorkstationFields", offset: 44, length: 8 },
  { name: "EncryptedRandomSessionKeyFields", offset: 52, length: 8 },
  { name: "NegotiateFlags", offset: 60, length: 4 },
  { name: "Version", offset: 64, length: 8 },
  { name: "MIC", offset: 72, length: 16 },
];

const HEADERS: Readonly<Record<number, readonly Range[]>> = { 1: NEGOTIATE, 2: CHALLENGE, 3: AUTHENTICATE };

function isDescriptor({ name }: Range): boolean {
  return name.endsWith("Fields");
}

/** Where a descriptor points, if there is something and it ends inside the message. */
function payloadOf(bytes: Buffer, range: Range): readonly Range[] {
  if (!isDescriptor(range) || range.offset + range.length > bytes.length) return [];
  const { length, offset } = readDescriptor(bytes, range.offset);
  if (length === 0 || offset < SHORTEST_HEADER || offset + length > bytes.length) return [];
  return [{ name: range.name.replace(/Fields$/, ""), offset, length }];
}

function withText(bytes: Buffer, range: Range): Range {
  if (isDescriptor(range)) {
    const { length, offset } = readDescriptor(bytes, range.offset);
    return { ...range, text: length === 0 ? "empty" : `${length} bytes at ${offset}` };
  }
  return SHOWN.has(range.name)
    ? { ...range, text: bytes.toString("hex", range.offset, range.offset + range.length) }
    : range;
}

/** Two payloads have parts of their own: lists of AV pairs, and the NTLMv2 response with one inside. */
function parts(bytes: Buffer, range: Range): readonly Range[] {
  const { name, offset, length } = range;
  const end = offset + length;
  if (name === "TargetInfo") return avRanges(bytes, offset, end, name);
  if (name !== "NtChallengeResponse" || length < SHORTEST_V2) return [range];
  const response = CLIENT_CHALLENGE.map((part) => ({ ...part, offset: offset + part.offset }));
  return [...response, ...avRanges(bytes, offset + AV_PAIRS, end, name)];
}

/** NTLMv2_RESPONSE and NTLMv2_CLIENT_CHALLENGE, MS-NLMP 2.2.2.7 and 2.2.2.8. */
const CLIENT_CHALLENGE: readonly Range[] = [
  { name: "NtChallengeResponse: NTProofStr", offset: 0, length: 16 },
  { name: "NtChallengeResponse: RespType, HiRespType", offset: 16, length: 2 },
  { name: "NtChallengeResponse: Reserved", offset: 18, length: 6 },
  { name: "NtChallengeResponse: TimeStamp", offset: 24, length: 8 },
  { name: "NtChallengeResponse: ChallengeFromClient", offset: 32, length: 8 },
  { name: "NtChallengeResponse: Reserved", offset: 40, length: 4 },
];

function avRanges(bytes: Buffer, from: number, end: number, owner: string): readonly Range[] {
  const ranges: Range[] = [];
  let at = from;
  while (at + 4 <= end && ranges.length < AV_LIMIT) {
    const id = bytes.readUInt16LE(at);
    const length = 4 + bytes.readUInt16LE(at + 2);
    if (at + length > end) break;
    ranges.push({ name: `${owner}: ${avName(id)}`, offset: at, length });
    at += length;
    if (id === 0) break;
  }
  if (at < end) ranges.push({ name: `${owner}: behind the AV pairs`, offset: at, length: end - at });
  return ranges;
}

/** Bytes that no field claims; fields may overlap. */
function gaps(ranges: readonly Range[], total: number): readonly Range[] {
  const all: Range[] = [];
  let end = 0;
  for (const range of [...ranges, { name: "", offset: total, length: 0 }]) {
    if (range.offset > end) all.push({ name: "(no field)", offset: end, length: range.offset - end });
    if (range.name !== "") all.push(range);
    end = Math.max(end, range.offset + range.length);
  }
  return all;
}

const SHOWN: ReadonlySet<string> = new Set(["MessageType", "NegotiateFlags", "ServerChallenge", "Version", "Reserved"]);
/** No payload begins before the fixed fields that the oldest messages have. */
const SHORTEST_HEADER = 16;
const SHORTEST_V2 = 48;
const AV_PAIRS = 44;
/** Eleven ids are defined; a message of 8192 bytes could hold 2000 empty ones. */
const AV_LIMIT = 64;

/** AV_PAIR lists, MS-NLMP 2.2.2.1: what a server says of itself, and what a client sends back inside its response. */
import { malformed } from "./error.ts";
import { unicode } from "./hashes.ts";

export const AvId = {
  MsvAvEOL: 0,
  MsvAvNbComputerName: 1,
  MsvAvNbDomainName: 2,
  MsvAvDnsComputerName: 3,
  MsvAvDnsDomainName: 4,
  MsvAvDnsTreeName: 5,
  MsvAvFlags: 6,
  MsvAvTimestamp: 7,
  MsvAvSingleHost: 8,
  MsvAvTargetName: 9,
  MsvAvChannelBindings: 10,
} as const;

/** Bits of MsvAvFlags. */
export const AvFlag = { constrained: 0x1, micPresent: 0x2, untrustedTargetName: 0x4 } as const;

export interface AvPair {
  readonly id: number;
  readonly value: Buffer;
}

export interface AvList {
  /** In the order sent, without the closing MsvAvEOL; unknown ids included. */
  readonly pairs: readonly AvPair[];
  /** Bytes of the list with MsvAvEOL: what stands behind is no part of it. */
  readonly length: number;
}

/** Reads up to and including MsvAvEOL. Throws NtlmError where the list does not end or a value has an impossible size. */
export function decodeAvPairs(bytes: Buffer): AvList {
  const pairs: AvPair[] = [];
  let at = 0;
  for (;;) {
    if (at + HEADER > bytes.length) throw malformed("AV pairs without MsvAvEOL");
    const id = bytes.readUInt16LE(at);
    const end = at + HEADER + bytes.readUInt16LE(at + 2);
    if (end > bytes.length) throw malformed(`${avName(id)} passes the end of the AV pairs`);
    const value = bytes.subarray(at + HEADER, end);
    const wanted = FIXED_SIZE.get(id);
    if (wanted !== undefined && value.length !== wanted) throw malformed(`${avName(id)} of ${value.length} bytes`);
    if (id === AvId.MsvAvEOL) return { pairs, length: end };
    pairs.push({ id, value });
    at = end;
  }
}

/** The list with its MsvAvEOL. */
export function encodeAvPairs(pairs: readonly AvPair[]): Buffer {
  let length = HEADER;
  for (const { value } of pairs) length += HEADER + value.length;
  const bytes = Buffer.alloc(length); // MsvAvEOL is an id and a length of zero
  let at = 0;
  for (const { id, value } of pairs) {
    bytes.writeUInt16LE(id, at);
    bytes.writeUInt16LE(value.length, at + 2);
    bytes.set(value, at + HEADER);
    at += HEADER + value.length;
  }
  return bytes;
}

/** The value of the first pair with that id: MS-NLMP does not say which of two counts. */
export function avValue(pairs: readonly AvPair[], id: number): Buffer | undefined {
  return pairs.find((pair) => pair.id === id)?.value;
}

export function avText(id: number, text: string): AvPair {
  return { id, value: unicode(text) };
}

export function avFlags(flags: number): AvPair {
  const value = Buffer.alloc(4);
  value.writeUInt32LE(flags);
  return { id: AvId.MsvAvFlags, value };
}

/** MsvAvTimestamp. The time is a FILETIME: 100-nanosecond steps since 1601, UTC. */
export function avTimestamp(filetime: bigint): AvPair {
  const value = Buffer.alloc(8);
  value.writeBigUInt64LE(filetime);
  return { id: AvId.MsvAvTimestamp, value };
}

/** The specification's name of an id, or `AvId 12` where it has none. */
export function avName(id: number): string {
  return NAME_OF.get(id) ?? `AvId ${id}`;
}

/** AvId and AvLen. */
const HEADER = 4;

const NAME_OF = new Map<number, string>(Object.entries(AvId).map(([name, id]) => [id, name]));

const FIXED_SIZE = new Map<number, number>([
  [AvId.MsvAvEOL, 0],
  [AvId.MsvAvFlags, 4],
  [AvId.MsvAvTimestamp, 8],
  [AvId.MsvAvChannelBindings, 16],
]);

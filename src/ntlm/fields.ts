/**
 * The frame all three messages share, MS-NLMP 2.2.1: signature, type, field descriptors and payload. The one
 * bounds-checked reader and writer.
 */
import { malformed, NtlmError } from "./error.ts";

/** Longest message that is read, in bytes: 12288 base64 characters of RFC 4954 hold 9216, no client needs 2048. */
export const MESSAGE_LIMIT = 8192;

export const SIGNATURE = Buffer.from("NTLMSSP\0", "latin1");

const SIGNATURE_LOW = SIGNATURE.readUInt32LE(0);
const SIGNATURE_HIGH = SIGNATURE.readUInt32LE(4);

export const MessageType = { negotiate: 1, challenge: 2, authenticate: 3 } as const;

/** Where a field says that its bytes are: Len and BufferOffset; MaxLen has no meaning on receipt. */
export interface Descriptor {
  readonly length: number;
  readonly offset: number;
}

/** A view of the message after its length, signature and type were checked. Throws NtlmError. */
export function openMessage(bytes: Uint8Array, type: number, minimumLength: number): Buffer {
  const message = bytes instanceof Buffer ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const found = messageType(message);
  if (found !== type) throw new NtlmError("wrong-type", `expected an NTLM message of type ${type}, got type ${found}`);
  if (message.length < minimumLength) {
    throw malformed(`a message of type ${type} needs ${minimumLength} bytes, got ${message.length}`);
  }
  return message;
}

/** The MessageType of what claims to be an NTLM message. Throws NtlmError without the signature or above the limit. */
export function messageType(message: Buffer): number {
  if (message.length > MESSAGE_LIMIT) throw new NtlmError("too-large", `message of ${message.length} bytes`);
  if (message.length < 12) throw malformed(`message of ${message.length} bytes`);
  if (message.readUInt32LE(0) !== SIGNATURE_LOW || message.readUInt32LE(4) !== SIGNATURE_HIGH)
    throw malformed("no NTLMSSP signature");
  return message.readUInt32LE(8);
}

/** `at` lies in the header that openMessage has measured. */
export function readDescriptor(message: Buffer, at: number): Descriptor {
  return { length: fieldLength(message, at), offset: fieldOffset(message, at) };
}

// A message has six descriptors that are read twice: Buffer's own readers, which check each time, were a fifth of a decode.

export function fieldLength(message: Buffer, at: number): number {
  return message[at]! | (message[at + 1]! << 8);
}

export function fieldOffset(message: Buffer, at: number): number {
  return (message[at + 4]! | (message[at + 5]! << 8) | (message[at + 6]! << 16) | (message[at + 7]! << 24)) >>> 0;
}

/**
 * The bytes that the descriptor at `at` points to, a view. An empty field may point anywhere; others must lie behind
 * the fixed header and end inside the message.
 */
export function readField(message: Buffer, at: number, name: string, headerLength: number): Buffer {
  const { start, end } = locateField(message, at, name, headerLength);
  return start === end ? EMPTY : message.subarray(start, end);
}

/** A part of a message, for who reads it without needing a view: making one costs more than reading a short name. */
export interface Span {
  readonly start: number;
  readonly end: number;
}

/** Where readField would read; 0 to 0 for an empty field. Sums stay below 2^53, so nothing wraps. */
export function locateField(message: Buffer, at: number, name: string, headerLength: number): Span {
  const length = fieldLength(message, at);
  if (length === 0) return NOWHERE;
  const offset = fieldOffset(message, at);
  if (offset < headerLength) throw malformed(`${name} at offset ${offset} lies in the header`);
  if (offset + length > message.length) {
    throw malformed(`${name} (offset ${offset}, length ${length}) passes the end of the message (${message.length})`);
  }
  return { start: offset, end: offset + length };
}

/** One field to be written: where its descriptor goes, and its bytes. */
export interface PayloadField {
  readonly at: number;
  readonly bytes: Uint8Array;
}

/** A message of the type with a header of zeros and the fields in the given order behind it, descriptors filled in. */
export function layOut(type: number, headerLength: number, fields: readonly PayloadField[]): Buffer {
  const payload = fields.reduce((sum, field) => sum + field.bytes.length, 0);
  const message = Buffer.alloc(headerLength + payload);
  message.set(SIGNATURE);
  message.writeUInt32LE(type, 8);
  let offset = headerLength;
  for (const { at, bytes } of fields) {
    message.writeUInt16LE(bytes.length, at);
    message.writeUInt16LE(bytes.length, at + 2);
    message.writeUInt32LE(offset, at + 4);
    message.set(bytes, offset);
    offset += bytes.length;
  }
  return message;
}

const EMPTY = Buffer.alloc(0);
const NOWHERE: Span = { start: 0, end: 0 };

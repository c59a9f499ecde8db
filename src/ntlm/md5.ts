/**
 * MD5, RFC 1321, and HMAC-MD5, RFC 2104. Own code because `createHmac("md5")` takes twice as long (on Node 24 ten times,
 * unless the key has been made an object), and an NTLMv2 logon needs half a dozen.
 */

/** The MD5 digest of the parts one after the other, 16 bytes. */
export function md5(...parts: readonly Uint8Array[]): Buffer {
  return digestOf(blocksOf(parts), compress);
}

/** HMAC-MD5 of the parts one after the other, 16 bytes. Keys longer than 64 bytes are hashed first (RFC 2104 section 2). */
export function hmacMd5(key: Uint8Array, ...parts: readonly Uint8Array[]): Buffer {
  const shortKey = key.length > BLOCK ? md5(key) : key;
  const inner = digestOf(blocksOf([padded(shortKey, 0x36), ...parts]), compress);
  return digestOf(blocksOf([padded(shortKey, 0x5c), inner]), compress);
}

const BLOCK = 64;

function padded(key: Uint8Array, pad: number): Uint8Array {
  const block = new Uint8Array(BLOCK).fill(pad);
  for (let i = 0; i < key.length; i++) block[i]! ^= key[i]!;
  return block;
}

/** The parts joined, with the padding and bit length that MD4 and MD5 share (RFC 1321 sections 3.1 and 3.2). */
export function blocksOf(parts: readonly Uint8Array[]): Buffer {
  let length = 0;
  for (const part of parts) length += part.length;
  const total = ((length + 8) >> 6) * BLOCK + BLOCK;
  const blocks = Buffer.allocUnsafe(total);
  let at = 0;
  for (const part of parts) {
    blocks.set(part, at);
    at += part.length;
  }
  // At most 72 bytes: calling `fill` takes longer.
  for (let i = length; i < total; i++) blocks[i] = 0;
  blocks[length] = 0x80;
  blocks.writeUInt32LE((length << 3) >>> 0, total - 8);
  blocks.writeUInt32LE(length >>> 29, total - 4);
  return blocks;
}

/** A compression function: takes in the block that begins `at`. */
export type Compress = (state: Int32Array, blocks: Buffer, at: number) => void;

/** The digest of what blocksOf has made, 16 bytes: MD4 and MD5 differ in the compression alone. */
export function digestOf(blocks: Buffer, compress: Compress): Buffer {
  state.set(START);
  for (let at = 0; at < blocks.length; at += BLOCK) compress(state, blocks, at);
  const result = Buffer.allocUnsafe(16);
  for (let i = 0; i < 4; i++) result.writeInt32LE(state[i]!, i * 4);
  return result;
}

/** RFC 1321 section 3.4, one block. Four steps at a time rename the registers in place instead of moving them. */
function compress(state: Int32Array, blocks: Buffer, at: number): void {
  for (let i = 0, from = at; i < 16; i++, from += 4) {
    x[i] = blocks[from]! | (blocks[from + 1]! << 8) | (blocks[from + 2]! << 16) | (blocks[from + 3]! << 24);
  }
  let a = state[0]!;
  let b = state[1]!;
  let c = state[2]!;
  let d = state[3]!;
  for (let i = 0; i < 16; i += 4) {
    a = (b + rotate(a + ((b & c) | (~b & d)) + SINE[i]! + x[i]!, 7)) | 0;
    d = (a + rotate(d + ((a & b) | (~a & c)) + SINE[i + 1]! + x[i + 1]!, 12)) | 0;
    c = (d + rotate(c + ((d & a) | (~d & b)) + SINE[i + 2]! + x[i + 2]!, 17)) | 0;
    b = (c + rotate(b + ((c & d) | (~c & a)) + SINE[i + 3]! + x[i + 3]!, 22)) | 0;
  }
  for (let i = 16; i < 32; i += 4) {
    a = (b + rotate(a + ((d & b) | (~d & c)) + SINE[i]! + x[(5 * i + 1) & 15]!, 5)) | 0;
    d = (a + rotate(d + ((c & a) | (~c & b)) + SINE[i + 1]! + x[(5 * i + 6) & 15]!, 9)) | 0;
    c = (d + rotate(c + ((b & d) | (~b & a)) + SINE[i + 2]! + x[(5 * i + 11) & 15]!, 14)) | 0;
    b = (c + rotate(b + ((a & c) | (~a & d)) + SINE[i + 3]! + x[(5 * i + 16) & 15]!, 20)) | 0;
  }
  for (let i = 32; i < 48; i += 4) {
    a = (b + rotate(a + (b ^ c ^ d) + SINE[i]! + x[(3 * i + 5) & 15]!, 4)) | 0;
    d = (a + rotate(d + (a ^ b ^ c) + SINE[i + 1]! + x[(3 * i + 8) & 15]!, 11)) | 0;
    c = (d + rotate(c + (d ^ a ^ b) + SINE[i + 2]! + x[(3 * i + 11) & 15]!, 16)) | 0;
    b = (c + rotate(b + (c ^ d ^ a) + SINE[i + 3]! + x[(3 * i + 14) & 15]!, 23)) | 0;
  }
  for (let i = 48; i < 64; i += 4) {
    a = (b + rotate(a + (c ^ (b | ~d)) + SINE[i]! + x[(7 * i) & 15]!, 6)) | 0;
    d = (a + rotate(d + (b ^ (a | ~c)) + SINE[i + 1]! + x[(7 * i + 7) & 15]!, 10)) | 0;
    c = (d + rotate(c + (a ^ (d | ~b)) + SINE[i + 2]! + x[(7 * i + 14) & 15]!, 15)) | 0;
    b = (c + rotate(b + (d ^ (c | ~a)) + SINE[i + 3]! + x[(7 * i + 21) & 15]!, 21)) | 0;
  }
  state[0] = state[0]! + a;
  state[1] = state[1]! + b;
  state[2] = state[2]! + c;
  state[3] = state[3]! + d;
}

/** Small enough to be always inlined; a whole step as a function is not, and costs twice the time. */
function rotate(word: number, by: number): number {
  return (word << by) | (word >>> (32 - by));
}

/** RFC 1321 section 3.3, and the same in RFC 1320. */
const START = Int32Array.of(0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476);

/** The registers and the block's words; nothing here is ever interrupted, so one array each does for all. */
const state = new Int32Array(4);
const x = new Int32Array(16);
/** T of section 3.4. */
const SINE = Int32Array.from({ length: 64 }, (_, i) => Math.floor(Math.abs(Math.sin(i + 1)) * 2 ** 32));

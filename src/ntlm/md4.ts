/** MD4, RFC 1320: OpenSSL 3 only has it in its legacy provider, which Node does not load. */
import { blocksOf, digestOf } from "./md5.ts";

/** The MD4 digest of `data`, 16 bytes. */
export function md4(data: Uint8Array): Buffer {
  return digestOf(blocksOf([data]), compress);
}

/** The block under work, one for all calls: nothing here is interrupted. */
const x = new Int32Array(16);

/** RFC 1320 section 3.4, one block of 16 words; four steps at a time rename the registers instead of moving them. */
function compress(state: Int32Array, blocks: Buffer, at: number): void {
  for (let i = 0; i < 16; i++) x[i] = blocks.readInt32LE(at + i * 4);
  let a = state[0]!;
  let b = state[1]!;
  let c = state[2]!;
  let d = state[3]!;
  for (let step = 0; step < 48; step += 4) {
    const round = step >> 4;
    const at = SHIFT_AT[round]!;
    const plus = ROUND_CONSTANT[round]!;
    a = rotate(a + mix(round, b, c, d) + x[ORDER[step]!]! + plus, SHIFT[at]!);
    d = rotate(d + mix(round, a, b, c) + x[ORDER[step + 1]!]! + plus, SHIFT[at + 1]!);
    c = rotate(c + mix(round, d, a, b) + x[ORDER[step + 2]!]! + plus, SHIFT[at + 2]!);
    b = rotate(b + mix(round, c, d, a) + x[ORDER[step + 3]!]! + plus, SHIFT[at + 3]!);
  }
  state[0]! += a;
  state[1]! += b;
  state[2]! += c;
  state[3]! += d;
}

function rotate(sum: number, shift: number): number {
  return (sum << shift) | ((sum | 0) >>> (32 - shift));
}

/** F, G and H of RFC 1320. */
function mix(round: number, b: number, c: number, d: number): number {
  if (round === 0) return (b & c) | (~b & d);
  if (round === 1) return (b & c) | (b & d) | (c & d);
  return b ^ c ^ d;
}

const ROUND_CONSTANT = Int32Array.of(0, 0x5a827999, 0x6ed9eba1);

/** Where each round's four shifts begin. */
const SHIFT_AT = [0, 4, 8];
const SHIFT = Int32Array.of(3, 7, 11, 19, 3, 5, 9, 13, 3, 9, 11, 15);

const ORDER = Int32Array.of(
  ...[0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15],
  ...[0, 4, 8, 12, 1, 5, 9, 13, 2, 6, 10, 14, 3, 7, 11, 15],
  ...[0, 8, 4, 12, 2, 10, 6, 14, 1, 9, 5, 13, 3, 11, 7, 15],
);

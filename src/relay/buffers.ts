/** Large buffers lent to connections in a bulk transfer. A few are kept for the next rush, the rest is garbage. */
import { SHARED_BUFFER } from "../wire/raw-tcp.ts";

/** 512 KiB: measured with 64 KiB to 1 MiB, this halves the CPU per gigabyte against 64 KiB and more gains nothing. */
const SIZE = 524_288;
const KEPT = 8;
/** Lent at the same time: 32 MiB in all. Whoever comes later goes on with small pieces. */
const LENT = 64;
/**
 * Smaller pieces are copied, and end the rush: they fit into the shared buffer. With 64 KiB a fifth of a transfer was copied
 * to memory of its own, and collecting that cost as much CPU as sending it.
 */
export const COPY_LIMIT = SHARED_BUFFER.length;

const free: Buffer[] = [];
let lent = 0;

export function borrowBuffer(): Buffer | undefined {
  if (lent >= LENT) return undefined;
  lent += 1;
  return free.pop() ?? Buffer.allocUnsafeSlow(SIZE);
}

/** Takes a buffer back and names the shared one, to read into from now on. */
export function returnBuffer(buffer: Buffer): Buffer {
  lent -= 1;
  if (free.length < KEPT) free.push(buffer);
  return SHARED_BUFFER;
}

/** How many are lent at this moment. */
export function lentBuffers(): number {
  return lent;
}

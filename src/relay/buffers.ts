/** Large buffers lent to connections in a bulk transfer. A few are kept for the next rush, the rest is garbage. */
import type { Connection } from "../wire/link.ts";
import { SHARED_BUFFER } from "../wire/raw-tcp.ts";

/** 512 KiB: measured with 64 KiB to 1 MiB, this halves the CPU per gigabyte against 64 KiB and more gains nothing. */
const SIZE = 524_288;
const KEPT = 8;
/** Lent at the same time: 32 MiB in all. Whoever comes later goes on with small pieces. */
const LENT = 64;
/** Smaller pieces end a rush: they fit into the shared buffer. */
export const RUSH = SHARED_BUFFER.length;
/** Of pieces from this length on Node's sockets say that they keep them (their high-water mark). */
const QUEUED = 65_536;

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

/**
 * Whether a piece may be written to `to` from the lent buffer, without copying. Then nothing is read into it before `to` has
 * said that it no longer needs the piece. Copies are memory of their own: collecting them costs as much as sending.
 */
export function mayStay(count: number, to: Connection): boolean {
  return to.takesAtOnce === true || count >= QUEUED;
}

/** How many are lent at this moment. */
export function lentBuffers(): number {
  return lent;
}

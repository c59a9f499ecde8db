/**
 * Deadlines for thousands of connections with one timer: a tick four times a second looks at all of them. A timer of its
 * own for each connection would cost more CPU than the rest of a logon's bookkeeping; a quarter second of blur is
 * nothing against limits that are counted in seconds.
 */
import { Crowd, type Member } from "./crowd.ts";

const TICK = 250;

export interface Deadline extends Member {
  /** Milliseconds of `coarseNow`; move it to extend the deadline. */
  at: number;
  expire(): void;
}

const running = new Crowd<Deadline>();
let now = Date.now();
let timer: NodeJS.Timeout | undefined;

/** The time of the last tick, in milliseconds; exact enough for limits, and free. */
export function coarseNow(): number {
  if (timer === undefined) now = Date.now();
  return now;
}

/** Calls `expire` once, `milliseconds` from now (a tick later at most), unless it is cleared before. */
export function startDeadline(milliseconds: number, expire: () => void): Deadline {
  const deadline: Deadline = { at: coarseNow() + milliseconds, place: undefined, expire };
  addDeadline(deadline);
  return deadline;
}

/** The same for a record that the caller already has, with `at` set. */
export function addDeadline(deadline: Deadline): void {
  running.add(deadline);
  timer ??= setInterval(tick, TICK).unref();
}

export function clearDeadline(deadline: Deadline): void {
  running.delete(deadline);
  if (running.size === 0 && timer) {
    clearInterval(timer);
    timer = undefined;
  }
}

function tick(): void {
  now = Date.now();
  for (const deadline of running.filter(({ at }) => at <= now)) {
    // One that expires may clear others.
    if (!running.has(deadline)) continue;
    clearDeadline(deadline);
    deadline.expire();
  }
}

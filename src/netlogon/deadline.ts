/** One deadline for all steps of an exchange, on a clock that nobody sets. */
import { NetlogonError } from "./error.ts";

/** Milliseconds of `performance.now()`. */
export type Deadline = number;

export function deadlineIn(milliseconds: number): Deadline {
  return performance.now() + milliseconds;
}

/** Milliseconds, at least 1. Throws NetlogonError when there are none. */
export function remaining(deadline: Deadline): number {
  const left = deadline - performance.now();
  if (left <= 0) throw lateness();
  return Math.max(1, left);
}

export function lateness(): NetlogonError {
  return new NetlogonError("timeout", "no answer in time");
}

/** A question to somebody else, who may be slow: so many at once, so many waiting, and none longer than its time. */
import type { Gate } from "../gate.ts";

export interface DeadlineWords<T> {
  /** The answer of who has waited too long. */
  readonly late: T;
  /** The answer where too many are waiting. */
  readonly full: T;
}

/** `timeout`: milliseconds, waiting included. Rejects as `work` does. */
export function runWithin<T>(
  gate: Gate,
  timeout: number,
  work: () => Promise<T>,
  { late, full }: DeadlineWords<T>,
): Promise<T> {
  const deadline = performance.now() + timeout;
  // Whoever has waited too long has been answered already: nobody is asked for nothing.
  const answer = gate.run(async () => (performance.now() < deadline ? work() : late));
  return answer === undefined ? Promise.resolve(full) : within(timeout, answer, late);
}

async function within<T>(timeout: number, answer: Promise<T>, late: T): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const tooLate = new Promise<T>((resolve) => {
    timer = setTimeout(() => resolve(late), timeout);
  });
  try {
    return await Promise.race([answer, tooLate]);
  } finally {
    clearTimeout(timer);
  }
}

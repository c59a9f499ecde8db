/** Time as the guard needs it: the system's, unless a test wants to turn the hands itself. */

export interface Clock {
  /** Milliseconds since 1970: what is kept must mean the same after a restart. */
  now(): number;
  /** Calls once, so many milliseconds from now; what comes back takes it back. */
  after(milliseconds: number, call: () => void): () => void;
}

export const SYSTEM_CLOCK: Clock = {
  now: Date.now,
  after: (milliseconds, call) => {
    const timer = setTimeout(call, milliseconds);
    return () => clearTimeout(timer);
  },
};

export function sleep(clock: Clock, milliseconds: number): Promise<void> {
  return new Promise((resolve) => void clock.after(milliseconds, resolve));
}

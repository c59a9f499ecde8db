/** Time as isolation needs it: the system's, unless a test wants to turn the hands itself. */

export interface Clock {
  /** Milliseconds that never run backwards. */
  now(): number;
  /** Calls once, so many milliseconds from now; what comes back takes it back. */
  after(milliseconds: number, call: () => void): () => void;
}

export const SYSTEM_CLOCK: Clock = {
  now: () => performance.now(),
  // What waits for a time-out holds a connection, and that keeps the process alive.
  after: (milliseconds, call) => {
    const timer = setTimeout(call, milliseconds).unref();
    return () => clearTimeout(timer);
  },
};

/** How much of one validator's trouble others may feel. */

export interface IsolationLimits {
  /** Milliseconds that a question may take, from the moment in which the validator is asked. */
  readonly timeout: number;
  /** Questions that the validator is asked at once. */
  readonly concurrency: number;
  /** Questions that may wait for others to end. */
  readonly queue: number;
  /** Milliseconds that one of them may wait. */
  readonly queueTime: number;
  readonly breaker: BreakerLimits;
}

export interface BreakerLimits {
  /** Failures in a row after which the validator is left alone. */
  readonly failures: number;
  /** Milliseconds until it is tried again. */
  readonly rest: number;
}

/** A directory that needs longer than 10 s is no help to a client that gives up after 30 s. */
export const DEFAULT_LIMITS: IsolationLimits = {
  timeout: 10_000,
  concurrency: 64,
  queue: 256,
  queueTime: 5_000,
  breaker: { failures: 10, rest: 5_000 },
};

export type IsolationLog = (
  level: "error" | "warn" | "info",
  message: string,
  fields: Readonly<Record<string, string | number>>,
) => void;

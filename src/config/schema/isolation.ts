/** `limits:` of a validator: how long it may take, how much it is asked at once, and when it is left alone. */
import { z } from "zod";
import { count, duration } from "../scalars.ts";

export const isolationSchema = z.strictObject({
  timeout: duration().default(10_000).describe("What one question may take; then the client is told to try later."),
  concurrency: count(1, 10_000).default(64).describe("Questions that the validator is asked at once."),
  queue: count(0, 100_000).default(256).describe("Logons that may wait until it is their turn."),
  queueTime: duration().default(5000).describe("How long one of them may wait."),
  breaker: z
    .strictObject({
      failures: count(1, 1000).default(10).describe("Failures in a row after which it is left alone."),
      rest: duration().default(5000).describe("How long, until one logon tries it again."),
    })
    .prefault({})
    .describe("A time-out or an outage is a failure; a wrong password or an unknown name is none."),
});

/** Milliseconds. */
export type IsolationConfig = z.output<typeof isolationSchema>;

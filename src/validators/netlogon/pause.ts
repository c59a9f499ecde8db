/** How long a controller that could not be asked is left alone. */
import { NetlogonError } from "../../netlogon/error.ts";

/** Milliseconds. A restart takes seconds: whoever is back is asked again soon. */
const FIRST_PAUSE = 500;
const LONGEST_PAUSE = 15_000;
/** MS-NRPC 3.1.4.6: after a refusal not more often than this. */
const REFUSED_PAUSE = 45_000;

/** Milliseconds before the next attempt, after so many that have failed. */
export function pauseAfter(error: unknown, attempts: number): number {
  if (error instanceof NetlogonError && error.kind === "refused") return REFUSED_PAUSE;
  return Math.min(FIRST_PAUSE * 2 ** Math.min(attempts, 10), LONGEST_PAUSE);
}

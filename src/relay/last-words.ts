/**
 * Passing an end on, a moment late. Whoever has heard the last word of a mail dialogue mostly closes by itself, at once;
 * then one close says everything, and a half-close before it would only have woken somebody who is about to go. Those who
 * wait for our end hear it after the moment, all of them together.
 */
import { inBatches } from "../wire/batch.ts";

/** Milliseconds: longer than a program on this machine or in its network takes to close. */
const MOMENT = 1;

export interface Speaker {
  /** The moment is over. */
  sayLastWord(): void;
}

export const sayLastWordSoon = inBatches<Speaker>(
  (go) => setTimeout(go, MOMENT),
  (speaker) => speaker.sayLastWord(),
);

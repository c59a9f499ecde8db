/**
 * Passing an end on, a moment late. Whoever has heard the last word of a mail dialogue mostly closes by itself, at once;
 * then one close says everything, and a half-close before it would only have woken somebody who is about to go. Those who
 * wait for our end hear it after the moment, all of them together.
 */

/** Milliseconds: longer than a program on this machine or in its network takes to close. */
const MOMENT = 1;

export interface Speaker {
  /** The moment is over. */
  sayLastWord(): void;
}

let waiting: Speaker[] = [];

export function sayLastWordSoon(speaker: Speaker): void {
  if (waiting.push(speaker) === 1) setTimeout(momentIsOver, MOMENT);
}

function momentIsOver(): void {
  const all = waiting;
  waiting = [];
  for (const speaker of all) speaker.sayLastWord();
}

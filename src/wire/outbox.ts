/**
 * What is written in a turn of the event loop is sent at its end, in one go. Each send wakes whoever waits for it on
 * another core, and that costs more than the send itself; whoever has just been woken takes the next bytes for nothing.
 * So when several wait to be sent, the loop looks once or twice more for what has come meanwhile before they are.
 * It never waits for anything: with nothing to hear, everything is sent at once. Connecting is sending, too.
 */

/** Whoever has something to send. */
export interface Sender {
  /** Sends what there is; called once for each `sendSoon`, so there may be nothing left. Does not throw. */
  send(): void;
}

/** More than these are worth another look. */
const FEW = 2;
/** Times the loop looks for more in all. */
const LOOKS = 3;

let waiting: Sender[] = [];
let looks = 0;

/** `send()` is called at the end of this turn. */
export function sendSoon(sender: Sender): void {
  if (waiting.push(sender) === 1) setImmediate(turnEnds);
}

function turnEnds(): void {
  looks += 1;
  if (waiting.length > FEW && looks < LOOKS) return void setImmediate(turnEnds);
  looks = 0;
  const batch = waiting;
  // Who hears of a failure may have something to say to another.
  waiting = [];
  for (const sender of batch) sender.send();
}

/**
 * What is written in a turn of the event loop is sent at its end, in one go. Each send wakes whoever waits for it on
 * another core, and that costs more than the send itself; whoever has just been woken takes the next bytes for nothing.
 * So when several wait to be sent, the loop looks up to three times more for what has come meanwhile before they are, and
 * what servers get is sent in one row, before what clients get. Nothing is waited for: when there is nothing to hear,
 * everything is sent at once. Connecting is sending, too.
 */

/** Who is on the other side of a connection. */
export type Side = "client" | "server";

/** Whoever has something to send. */
export interface Sender {
  /** Sends what there is; called once for each `sendSoon`, so there may be nothing left. Does not throw. */
  send(): void;
}

/** More than these are worth another look. */
const FEW = 2;
/** Times the loop looks for more in all. */
const LOOKS = 4;

let toServers: Sender[] = [];
let toClients: Sender[] = [];
let looks = 0;

/** `send()` is called at the end of this turn. */
export function sendSoon(sender: Sender, to: Side): void {
  if (toServers.length + toClients.length === 0) setImmediate(turnEnds);
  (to === "server" ? toServers : toClients).push(sender);
}

function turnEnds(): void {
  looks += 1;
  if (looks < LOOKS && toServers.length + toClients.length > FEW) return void setImmediate(turnEnds);
  looks = 0;
  const [first, second] = [toServers, toClients];
  // Who hears of a failure may have something to say to another.
  toServers = [];
  toClients = [];
  for (const sender of first) sender.send();
  for (const sender of second) sender.send();
}

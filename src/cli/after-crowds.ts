/**
 * When a crowd of sessions has left, what it leaves behind is collected at once. V8 sees small objects in a heap that has
 * not doubled yet, and waits; but each TLS session's stands between pieces of OpenSSL's memory that could else be joined,
 * and `malloc` then looks through thousands of holes for each handshake, which takes a sixth longer.
 */
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";

/** Sessions. With so few left, looking through the heap takes some 30 ms; so many gone are worth it. */
const CROWD = 1_000;
/** Milliseconds between two looks at how many there are. */
const INTERVAL = 2_000;

/** `sessions`: how many there are now. Does not keep the process alive. */
export function collectAfterCrowds(sessions: () => number, collect = collectNow): NodeJS.Timeout {
  let most = 0;
  const look = (): void => {
    const now = sessions();
    most = Math.max(most, now);
    if (now >= CROWD || most - now < CROWD) return;
    most = now;
    collect();
  };
  return setInterval(look, INTERVAL).unref();
}

/** Node gives the function to whoever starts it with `--expose-gc`; set later, the flag counts in contexts made from then on. */
export function collectNow(): void {
  setFlagsFromString("--expose-gc");
  // Made each time, so that no second context is kept.
  (runInNewContext("gc") as () => void)();
}

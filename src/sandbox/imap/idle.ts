/** IDLE (RFC 2177): the client is told of changes as they happen, until it says DONE. */
import { LINE_LIMIT } from "./command-reader.ts";
import type { Scanner } from "./grammar.ts";
import { type AuthenticatedSession, type CommandTable, type Reply, tellNews } from "./session.ts";

export const idleCommands: CommandTable = {
  IDLE: { state: "authenticated", run: idle },
};

async function idle(session: AuthenticatedSession, args: Scanner): Promise<Reply> {
  args.end();
  const { reader, out } = session.connection;
  await out.write("+ idling\r\n");
  const bell = new Bell();
  const unwatch = session.selected?.mailbox.watch(() => bell.ring());
  let ended = false;
  const line = reader.line(LINE_LIMIT).finally(() => {
    ended = true;
    bell.ring();
  });
  // It is awaited below, unless writing fails first; the connection is over then.
  line.catch(() => undefined);
  try {
    while (!ended) {
      // A slow client is waited for here, so what piles up for it is only ever one difference.
      await tellNews(session, true);
      await out.flush();
      await bell.rung();
    }
  } finally {
    unwatch?.();
  }
  return (await line).trim().toUpperCase() === "DONE" ? "OK Awake" : "BAD IDLE ends with DONE";
}

/** Remembers that it was rung until somebody has listened. */
class Bell {
  #ringing = false;
  #wake: (() => void) | undefined;

  ring(): void {
    this.#ringing = true;
    this.#wake?.();
  }

  async rung(): Promise<void> {
    if (!this.#ringing) await new Promise<void>((resolve) => (this.#wake = resolve));
    this.#ringing = false;
    this.#wake = undefined;
  }
}

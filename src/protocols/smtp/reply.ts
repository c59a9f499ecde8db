/** SMTP replies as a client reads them (RFC 5321 section 4.2): lines of one code, the last with a blank behind it. */
import { ServerUnavailable } from "../enter.ts";
import { WAIT } from "../../wire/line-buffer.ts";
import type { Wire } from "../../wire/wire.ts";

export interface Reply {
  readonly code: number;
  /** The text of each line. */
  readonly lines: readonly string[];
}

/** An EHLO answer has one line per extension; nobody has this many. */
const LINES = 100;

const CODE = /^[2-5]\d\d(?:[ -]|$)/;

/** Throws ServerUnavailable for anything but a reply; WireClosed. */
export async function readReply(server: Wire): Promise<Reply> {
  const lines: string[] = [];
  let first: string | undefined;
  for (;;) {
    const atHand = server.lineAtHand();
    const line = (atHand === WAIT ? await server.readLine() : atHand) ?? "";
    const code = line.slice(0, 3);
    first ??= code;
    if (!CODE.test(line) || code !== first || lines.length >= LINES)
      throw new ServerUnavailable("answer not understood", line);
    lines.push(line.slice(4));
    if (line[3] !== "-") return { code: Number(code), lines };
  }
}

export function said({ code, lines }: Reply): string {
  return `${code} ${lines.join(" / ")}`;
}

/** SMTP replies as a client reads them (RFC 5321 section 4.2): lines of one code, the last with a blank behind it. */
import { ServerRefused, ServerUnavailable } from "../enter.ts";
import type { Wire } from "../../wire/wire.ts";

/** An EHLO answer has one line per extension; nobody has this many. */
const LINES = 100;

/**
 * The text of the next reply's lines, when it has the code that is wanted. Throws ServerRefused for a refusal for good,
 * ServerUnavailable for anything else; WireClosed.
 */
export function expectReply(server: Wire, wanted: string): Promise<readonly string[]> {
  const lines: string[] = [];
  let code = wanted;
  return server.readAnswer((line) => {
    if (lines.length === 0 && !line.startsWith(wanted)) code = codeOf(line);
    if (!isLineOf(line, code) || lines.length >= LINES) throw new ServerUnavailable("answer not understood", line);
    lines.push(line.slice(4));
    if (line[3] === "-") return undefined;
    if (code === wanted) return lines;
    throw refusal(code, lines.join(" / "));
  });
}

function refusal(code: string, text: string): Error {
  const said = `${code} ${text}`;
  return code.startsWith("5") ? new ServerRefused("refused", said) : new ServerUnavailable("not now", said);
}

/** Throws ServerUnavailable where there is none. */
function codeOf(line: string): string {
  const [code] = /^[2-5]\d\d/.exec(line) ?? [];
  if (code === undefined) throw new ServerUnavailable("answer not understood", line);
  return code;
}

function isLineOf(line: string, code: string): boolean {
  return line.startsWith(code) && (line.length === 3 || line[3] === " " || line[3] === "-");
}

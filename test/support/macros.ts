/** The macros of transcripts: `{b64 \0alice\0secret}` and its like become the bytes that go over the wire. */
import { authenticateMessage, negotiateMessage } from "../../src/ntlm/initiator.ts";

/** `␠` is a blank that would not be seen at the end of a line. */
const BLANK = /␠/g;
const MACRO = /\{(b64|bytes|fill|negotiate|authenticate|open)(?: ([^{}]*))?\}/g;

/** What a transcript has learned so far. */
export interface Memory {
  /** The last CHALLENGE_MESSAGE, base64. */
  challenge: string;
}

/** The bytes of a line as the script's voice says it, CRLF included unless `{open}` stands in it. */
export function bytesToSay(text: string, memory: Memory): Buffer {
  const pieces: Buffer[] = [];
  let done = 0;
  for (const match of text.matchAll(MACRO)) {
    pieces.push(plain(text.slice(done, match.index)), expand(match[1]!, match[2] ?? "", memory));
    done = match.index + match[0].length;
  }
  pieces.push(plain(text.slice(done)));
  if (!text.includes("{open}")) pieces.push(Buffer.from("\r\n"));
  return Buffer.concat(pieces);
}

/** Whether Postern said what the line wants; `{challenge}` stands for any base64, which is remembered. */
export function isExpected(wanted: string, said: string, memory: Memory): boolean {
  if (!wanted.includes("{challenge}")) return bytesToSay(`${wanted}{open}`, memory).toString() === said;
  const [before = "", after = ""] = wanted.replaceAll(BLANK, " ").split("{challenge}");
  if (!said.startsWith(before) || !said.endsWith(after)) return false;
  memory.challenge = said.slice(before.length, said.length - after.length);
  return /^[A-Za-z0-9+/]+={0,2}$/.test(memory.challenge);
}

function plain(text: string): Buffer {
  return Buffer.from(text.replaceAll(BLANK, " "));
}

function expand(macro: string, argument: string, memory: Memory): Buffer {
  switch (macro) {
    case "b64":
      return Buffer.from(Buffer.from(unescape(argument)).toString("base64"));
    case "bytes":
      return Buffer.from(argument.replaceAll(" ", ""), "hex");
    case "fill": {
      const [text = "", count = ""] = argument.split(" ");
      return Buffer.from(text.repeat(Number(count)));
    }
    case "negotiate":
      return Buffer.from(negotiateMessage().toString("base64"));
    case "authenticate":
      return Buffer.from(authenticate(argument, memory).toString("base64"));
    default:
      return Buffer.alloc(0);
  }
}

/** `\0`, `\n`, `\r` and `\\`. */
function unescape(text: string): string {
  const meant: Readonly<Record<string, string>> = { "0": "\0", n: "\n", r: "\r", "\\": "\\" };
  return text.replace(/\\([0nr\\])/g, (_whole, each: string) => meant[each]!);
}

/** `EXAMPLE\alice secret`, NTLMv2, or `alice secret NTLMv1` for another scheme. */
function authenticate(argument: string, { challenge }: Memory): Buffer {
  const [name = "", password = "", scheme = "NTLMv2"] = argument.split(" ");
  const [user = "", domain = ""] = name.split("\\").reverse();
  return authenticateMessage({
    user,
    domain,
    password,
    scheme: scheme as "NTLMv2" | "NTLMv1" | "NTLM2 session",
    negotiate: negotiateMessage(),
    challenge: Buffer.from(challenge, "base64"),
    clientChallenge: Buffer.alloc(8, 0xaa),
    time: 0n,
    exportedSessionKey: Buffer.alloc(16, 0x55),
  }).message;
}

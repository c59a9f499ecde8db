/** Finds NTLM messages in whatever was pasted: base64 whole or wrapped, hex, a dialogue with tags around it. */
import { readDescriptor, SIGNATURE } from "../../ntlm/fields.ts";

/** All messages in the order they stand there; empty when there are none. */
export function findMessages(text: string): readonly Buffer[] {
  const found = [...findBase64(text), ...findHex(text)];
  return found.sort((a, b) => a.at - b.at).map(({ bytes }) => bytes);
}

interface Found {
  readonly at: number;
  readonly bytes: Buffer;
}

/** "NTLMSSP\0" in base64, as far as it does not depend on the message type. */
const BASE64_START = /TlRMTVNTUA[A-Za-z0-9+/]/g;
const BASE64_CHUNK = /^\s*(?:[A-Za-z0-9+/]+={0,2}|={1,2})(?=[^A-Za-z0-9+/=]|$)/;

function findBase64(text: string): readonly Found[] {
  const found: Found[] = [];
  for (const { index } of text.matchAll(BASE64_START)) {
    if (index < (found.at(-1)?.at ?? -1)) continue;
    found.push({ at: index, bytes: Buffer.from(gatherBase64(text.slice(index, index + LONGEST_TEXT)), "base64") });
  }
  return found;
}

/**
 * Takes one run of base64 after another, over blanks and line ends, until the message has all bytes that its fields
 * point to: the only way to know where a wrapped message ends and the dialogue goes on.
 */
function gatherBase64(text: string): string {
  let rest = text;
  let token = "";
  for (let chunk = nextChunk(rest); chunk !== undefined; chunk = nextChunk(rest)) {
    const characters = chunk.trimStart();
    if (token !== "" && characters.startsWith("TlRMTVNT")) break;
    token += characters;
    rest = rest.slice(chunk.length);
    if (token.endsWith("=") || isComplete(Buffer.from(token, "base64"))) break;
  }
  return token;
}

function nextChunk(text: string): string | undefined {
  return BASE64_CHUNK.exec(text)?.[0];
}

const HEX_START = /4e[\s:,-]*54[\s:,-]*4c[\s:,-]*4d[\s:,-]*53[\s:,-]*53[\s:,-]*50[\s:,-]*00/gi;
const HEX_RUN = /^(?:[0-9a-f]{2}[\s:,-]*)+/i;

function findHex(text: string): readonly Found[] {
  return [...text.matchAll(HEX_START)].map(({ index }) => {
    const run = HEX_RUN.exec(text.slice(index, index + LONGEST_TEXT))?.[0] ?? "";
    const bytes = Buffer.from(run.replace(/[^0-9a-f]/gi, ""), "hex");
    const next = bytes.indexOf(SIGNATURE, SIGNATURE.length);
    return { at: index, bytes: next < 0 ? bytes : bytes.subarray(0, next) };
  });
}

/** True when the fixed header is there and every field ends inside the message. */
function isComplete(bytes: Buffer): boolean {
  if (bytes.length < 12) return false;
  const layout = LAYOUTS[bytes.readUInt32LE(8)];
  if (!layout || bytes.length < layout.header) return false;
  return layout.fields.every((at) => {
    if (at + 8 > bytes.length) return true;
    const { length, offset } = readDescriptor(bytes, at);
    return length === 0 || offset + length <= bytes.length;
  });
}

/** Where the descriptors stand, and the shortest header (MS-NLMP 2.2.1). */
const LAYOUTS: Readonly<Record<number, { header: number; fields: readonly number[] }>> = {
  1: { header: 16, fields: [16, 24] },
  2: { header: 32, fields: [12, 40] },
  3: { header: 52, fields: [12, 20, 28, 36, 44, 52] },
};

/** No message is longer; with separators hex takes four characters a byte. */
const LONGEST_TEXT = 4 * 8192;

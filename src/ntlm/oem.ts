/** OEM character sets: 8-bit names come in a code page that NTLM does not negotiate (MS-NLMP 2.2, ntlm facts section 12). */
import { TextDecoder } from "node:util";
import { CP437, CP850, CP852 } from "./code-pages.ts";

/** What an 8-bit name can be written in: UTF-8, the OEM code pages of Windows by country, and Western Windows' own. */
export type OemCharset = "utf-8" | keyof typeof UPPER_HALF | keyof typeof LABELS;

/** Most likely first: UTF-8 is what curl and Linux clients send, CP850 what Samba and Windows mean. */
export const OEM_CHARSETS: readonly OemCharset[] = ["utf-8", "cp850", "cp437", "windows-1252"];

/** The bytes read in a character set, or undefined where they mean nothing in it. */
export function decodeOem(bytes: Uint8Array, charset: OemCharset): string | undefined {
  if (!isTable(charset)) return decodeStrictly(bytes, charset);
  const upper = UPPER_HALF[charset];
  let text = "";
  for (const byte of bytes) text += byte < 0x80 ? String.fromCharCode(byte) : upper[byte - 0x80];
  return text.includes(UNDEFINED) ? undefined : text;
}

/** The text in a character set; undefined where that has no bytes for a character, or the text is no well-formed Unicode. */
export function encodeOem(text: string, charset: OemCharset): Buffer | undefined {
  if (!text.isWellFormed()) return undefined;
  if (charset === "utf-8") return Buffer.from(text, "utf8");
  const parts: Buffer[] = [];
  for (const character of text) {
    const isAscii = character.charCodeAt(0) < 0x80;
    const bytes = isAscii ? Buffer.from(character, "latin1") : tableOf(charset).get(character);
    if (bytes === undefined) return undefined;
    parts.push(bytes);
  }
  return Buffer.concat(parts);
}

/** The text in code page 437, the OEM code page of LM hashes; undefined where it has no byte for a character. */
export function encodeCp437(text: string): Buffer | undefined {
  return encodeOem(text, "cp437");
}

function isTable(charset: OemCharset): charset is keyof typeof UPPER_HALF {
  return Object.hasOwn(UPPER_HALF, charset);
}

/** Decoders by label: a strict one throws at bytes that mean nothing. */
const decoders = new Map<string, TextDecoder>();

function decodeStrictly(bytes: Uint8Array, charset: Exclude<OemCharset, keyof typeof UPPER_HALF>): string | undefined {
  const label = charset === "utf-8" ? charset : LABELS[charset];
  const decoder = decoders.get(label) ?? new TextDecoder(label, { fatal: true, ignoreBOM: true });
  decoders.set(label, decoder);
  try {
    return decoder.decode(bytes);
  } catch {
    return undefined;
  }
}

const tables = new Map<OemCharset, ReadonlyMap<string, Buffer>>();

/** The bytes of every character beyond ASCII, found by reading all one- and two-byte sequences once. */
function tableOf(charset: OemCharset): ReadonlyMap<string, Buffer> {
  const known = tables.get(charset);
  if (known) return known;
  const table = new Map<string, Buffer>();
  const note = (...octets: readonly number[]) => {
    const bytes = Buffer.from(octets);
    const text = decodeOem(bytes, charset);
    // The Encoding Standard fills gaps with control characters, which no name has.
    if (text !== undefined && text >= "\u00a0" && [...text].length === 1 && !table.has(text)) table.set(text, bytes);
  };
  for (let first = 0x80; first < 0x100; first++) note(first);
  if (isDoubleByte(charset)) {
    for (let first = 0x81; first < 0xff; first++) for (let second = 0x40; second < 0xff; second++) note(first, second);
  }
  tables.set(charset, table);
  return table;
}

function isDoubleByte(charset: OemCharset): boolean {
  return ["cp932", "cp936", "cp949", "cp950"].includes(charset);
}

const UNDEFINED = "\ufffd";

const WINDOWS_1252 =
  "€�‚ƒ„…†‡ˆ‰Š‹Œ�Ž��‘’“”•–—˜™š›œ�žŸ" +
  "\u00a0¡¢£¤¥¦§¨©ª«¬\u00ad®¯°±²³´µ¶·¸¹º»¼½¾¿" +
  "ÀÁÂÃÄÅÆÇÈÉÊËÌÍÎÏÐÑÒÓÔÕÖ×ØÙÚÛÜÝÞß" +
  "àáâãäåæçèéêëìíîïðñòóôõö÷øùúûüýþÿ";

/** Bytes 0x80 to 0xff of each code page that the Encoding Standard does not have, or has with other gaps. */
const UPPER_HALF = { cp437: CP437, cp850: CP850, cp852: CP852, "windows-1252": WINDOWS_1252 };

/** OEM code pages under their names in the Encoding Standard. */
const LABELS = {
  cp866: "ibm866",
  cp874: "windows-874",
  cp932: "shift_jis",
  cp936: "gbk",
  cp949: "euc-kr",
  cp950: "big5",
} as const;

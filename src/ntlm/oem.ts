/** OEM character sets: 8-bit names come in a code page that NTLM does not negotiate (MS-NLMP 2.2, ntlm facts section 12). */

export type OemCharset = "utf-8" | "cp850" | "cp437" | "windows-1252";

/** Most likely first: UTF-8 is what curl and Linux clients send, CP850 what Samba and Windows mean. */
export const OEM_CHARSETS: readonly OemCharset[] = ["utf-8", "cp850", "cp437", "windows-1252"];

/** The bytes read in a character set, or undefined where they mean nothing in it. */
export function decodeOem(bytes: Uint8Array, charset: OemCharset): string | undefined {
  if (charset === "utf-8") return decodeUtf8(bytes);
  const upper = UPPER_HALF[charset];
  let text = "";
  for (const byte of bytes) text += byte < 0x80 ? String.fromCharCode(byte) : upper[byte - 0x80];
  return text.includes(UNDEFINED) ? undefined : text;
}

/** The text in code page 437, the OEM code page of LM hashes; undefined where it has no byte for a character. */
export function encodeCp437(text: string): Buffer | undefined {
  const bytes: number[] = [];
  for (const character of text) {
    const code = character.codePointAt(0)!;
    const byte = code < 0x80 ? code : UPPER_HALF.cp437.indexOf(character) + 0x80;
    if (byte < 0x80 && code >= 0x80) return undefined;
    bytes.push(byte);
  }
  return Buffer.from(bytes);
}

const utf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

function decodeUtf8(bytes: Uint8Array): string | undefined {
  try {
    return utf8.decode(bytes);
  } catch {
    return undefined;
  }
}

const UNDEFINED = "\ufffd";

const CP437 =
  "ÇüéâäàåçêëèïîìÄÅÉæÆôöòûùÿÖÜ¢£¥₧ƒ" +
  "áíóúñÑªº¿⌐¬½¼¡«»░▒▓│┤╡╢╖╕╣║╗╝╜╛┐" +
  "└┴┬├─┼╞╟╚╔╩╦╠═╬╧╨╤╥╙╘╒╓╫╪┘┌█▄▌▐▀" +
  "αßΓπΣσµτΦΘΩδ∞φε∩≡±≥≤⌠⌡÷≈°∙·√ⁿ²■\u00a0";

const CP850 =
  "ÇüéâäàåçêëèïîìÄÅÉæÆôöòûùÿÖÜø£Ø×ƒ" +
  "áíóúñÑªº¿®¬½¼¡«»░▒▓│┤ÁÂÀ©╣║╗╝¢¥┐" +
  "└┴┬├─┼ãÃ╚╔╩╦╠═╬¤ðÐÊËÈıÍÎÏ┘┌█▄¦Ì▀" +
  "ÓßÔÒõÕµþÞÚÛÙýÝ¯´\u00ad±‗¾¶§÷¸°¨·¹³²■\u00a0";

const WINDOWS_1252 =
  "€�‚ƒ„…†‡ˆ‰Š‹Œ�Ž��‘’“”•–—˜™š›œ�žŸ" +
  "\u00a0¡¢£¤¥¦§¨©ª«¬\u00ad®¯°±²³´µ¶·¸¹º»¼½¾¿" +
  "ÀÁÂÃÄÅÆÇÈÉÊËÌÍÎÏÐÑÒÓÔÕÖ×ØÙÚÛÜÝÞß" +
  "àáâãäåæçèéêëìíîïðñòóôõö÷øùúûüýþÿ";

/** Bytes 0x80 to 0xff of each code page. */
const UPPER_HALF = { cp437: CP437, cp850: CP850, "windows-1252": WINDOWS_1252 };

/** Base64 as SASL profiles use it (RFC 4648 section 4): nothing is skipped, padding is required. */
import { isAscii } from "./ascii.ts";

/** undefined for anything but clean base64; Buffer alone would forgive everything. */
export function decodeBase64(text: string): Buffer | undefined {
  return isBase64(text) ? Buffer.from(text, "base64") : undefined;
}

function isBase64(text: string): boolean {
  if (text.length % 4 !== 0) return false;
  const padding = text.endsWith("==") ? 2 : text.endsWith("=") ? 1 : 0;
  for (let index = 0; index < text.length - padding; index++) if (!isDigit(text.charCodeAt(index))) return false;
  return true;
}

/** `A` to `Z`, `a` to `z`, `0` to `9`, `+` and `/`. */
function isDigit(code: number): boolean {
  const letter = code | 0x20;
  return (letter > 0x60 && letter < 0x7b) || (code > 0x2f && code < 0x3a) || code === 0x2b || code === 0x2f;
}

export function encodeBase64(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString("base64");
}

/** The text's UTF-8 in base64. */
export function base64OfText(text: string): string {
  return isAscii(text) ? btoa(text) : Buffer.from(text).toString("base64");
}

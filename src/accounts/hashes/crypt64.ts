/** The base 64 of crypt(3): its own alphabet, least significant 6 bits first. */
const ALPHABET = "./0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

/** The lowest `length` * 6 bits of `value`, which has up to 30. */
export function encodeNumber(value: number, length: number): string {
  return Array.from({ length }, (_, index) => ALPHABET[(value >>> (6 * index)) & 63]).join("");
}

/** undefined when a character is not of the alphabet. */
export function decodeNumber(text: string): number | undefined {
  let value = 0;
  for (const [index, character] of [...text].entries()) {
    const digit = ALPHABET.indexOf(character);
    if (digit < 0) return undefined;
    value += digit * 64 ** index;
  }
  return value;
}

/** Three bytes to four characters, the first byte lowest, as scrypt's `$7$` has it. */
export function encodeBytes(bytes: Uint8Array): string {
  let text = "";
  for (let offset = 0; offset < bytes.length; offset += 3) {
    const group = bytes.subarray(offset, offset + 3);
    const value = group.reduce((sum, byte, index) => sum + (byte << (8 * index)), 0);
    text += encodeNumber(value, group.length + 1);
  }
  return text;
}

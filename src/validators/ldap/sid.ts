/** SIDs as directories store them, MS-DTYP 2.4.2.2: to text, MS-DTYP 2.4.2.1. */

/** undefined for bytes that are no SID. */
export function sidText(bytes: Uint8Array): string | undefined {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const count = buffer[1] ?? 0;
  if (buffer[0] !== 1 || count > 15 || buffer.length !== 8 + 4 * count) return undefined;
  const authority = buffer.readUIntBE(2, 6);
  const parts = Array.from({ length: count }, (_, index) => buffer.readUInt32LE(8 + 4 * index));
  const first = authority < 2 ** 32 ? String(authority) : `0x${authority.toString(16).padStart(12, "0")}`;
  return ["S-1", first, ...parts].join("-");
}

/** Base64 as SASL profiles use it (RFC 4648 section 4): nothing is skipped, padding is required. */

const ALPHABET = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/;

/** undefined for anything but clean base64; Buffer alone would forgive everything. */
export function decodeBase64(text: string): Buffer | undefined {
  return ALPHABET.test(text) ? Buffer.from(text, "base64") : undefined;
}

export function encodeBase64(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString("base64");
}

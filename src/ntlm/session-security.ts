/** Signing and sealing after a logon, MS-NLMP 3.4. Mail never uses them; recorded exchanges are proven with them. */
import { hasFlag, NegotiateFlag as Flag } from "./flags.ts";
import { hmacMd5, md5 } from "./md5.ts";
import { Rc4 } from "./rc4.ts";

export type Direction = "client-to-server" | "server-to-client";

/** SIGNKEY, 16 bytes; undefined without extended session security, which has none. */
export function signKey(exportedSessionKey: Uint8Array, flags: number, direction: Direction): Buffer | undefined {
  if (!hasFlag(flags, Flag.NTLMSSP_NEGOTIATE_EXTENDED_SESSIONSECURITY)) return undefined;
  return md5(exportedSessionKey, magic(direction, "signing"));
}

/** SEALKEY, 16 bytes, or 8 for the weakened keys of LM_KEY. */
export function sealKey(exportedSessionKey: Uint8Array, flags: number, direction: Direction): Buffer {
  const key = Buffer.from(exportedSessionKey);
  const is56 = hasFlag(flags, Flag.NTLMSSP_NEGOTIATE_56);
  if (hasFlag(flags, Flag.NTLMSSP_NEGOTIATE_EXTENDED_SESSIONSECURITY)) {
    const weakened = is56 ? key.subarray(0, 7) : key.subarray(0, 5);
    const strength = hasFlag(flags, Flag.NTLMSSP_NEGOTIATE_128) ? key : weakened;
    return md5(strength, magic(direction, "sealing"));
  }
  const isWeak = hasFlag(flags, Flag.NTLMSSP_NEGOTIATE_LM_KEY) || hasFlag(flags, Flag.NTLMSSP_NEGOTIATE_DATAGRAM);
  if (!isWeak) return key;
  return is56 ? Buffer.concat([key.subarray(0, 7), TAIL_56]) : Buffer.concat([key.subarray(0, 5), TAIL_40]);
}

/** The signatures and ciphertexts of one side's messages; the other side's have a context of their own. */
export interface Sealer {
  /** GSS_GetMIC: the 16-byte signature of the next message. */
  sign(message: Uint8Array): Buffer;
  /** GSS_Wrap: the next message encrypted, and its signature. */
  seal(message: Uint8Array): { readonly ciphertext: Buffer; readonly signature: Buffer };
}

/**
 * The contexts of both directions. Without extended session security they are one, with one key stream and one
 * counter, as Samba and gss-ntlmssp do it; no published example shows traffic both ways.
 */
export function sessionSecurity(exportedSessionKey: Uint8Array, flags: number): Record<Direction, Sealer> {
  const sealerOf = (direction: Direction): Sealer => {
    const signingKey = signKey(exportedSessionKey, flags, direction);
    const sealingKey = sealKey(exportedSessionKey, flags, direction);
    return signingKey ? extendedSealer(signingKey, sealingKey, flags) : oldSealer(sealingKey, flags);
  };
  const client = sealerOf("client-to-server");
  const isExtended = hasFlag(flags, Flag.NTLMSSP_NEGOTIATE_EXTENDED_SESSIONSECURITY);
  return { "client-to-server": client, "server-to-client": isExtended ? sealerOf("server-to-client") : client };
}

/** Section 3.4.4.2: HMAC-MD5 signatures, encrypted once more under KEY_EXCH. */
function extendedSealer(signingKey: Buffer, sealingKey: Buffer, flags: number): Sealer {
  const isDatagram = hasFlag(flags, Flag.NTLMSSP_NEGOTIATE_DATAGRAM);
  let handle = new Rc4(sealingKey);
  let sequence = 0;
  const sign = (message: Uint8Array): Buffer => {
    const number = uint32(sequence);
    const checksum = hmacMd5(signingKey, number, message).subarray(0, 8);
    const isEncrypted = hasFlag(flags, Flag.NTLMSSP_NEGOTIATE_KEY_EXCH);
    sequence += 1;
    return Buffer.concat([uint32(1), isEncrypted ? handle.apply(checksum) : checksum, number]);
  };
  const start = () => {
    if (isDatagram) handle = new Rc4(md5(sealingKey, uint32(sequence)));
  };
  return {
    sign(message) {
      start();
      return sign(message);
    },
    seal(message) {
      start();
      // The message first, then its checksum, on one stream.
      const ciphertext = handle.apply(message);
      return { ciphertext, signature: sign(message) };
    },
  };
}

/** Section 3.4.4.1: a CRC32 and the sequence number, both encrypted; the pad in bytes 4 to 7 means nothing. */
function oldSealer(sealingKey: Buffer, flags: number): Sealer {
  const isDatagram = hasFlag(flags, Flag.NTLMSSP_NEGOTIATE_DATAGRAM);
  const isDummy = !hasFlag(flags, Flag.NTLMSSP_NEGOTIATE_SIGN) && !hasFlag(flags, Flag.NTLMSSP_NEGOTIATE_SEAL);
  let handle = new Rc4(sealingKey);
  let sequence = 0;
  const restart = () => {
    if (isDatagram) handle = new Rc4(sealingKey);
  };
  const sign = (message: Uint8Array): Buffer => {
    restart();
    const pad = handle.apply(uint32(0));
    const checksum = handle.apply(uint32(crc32(message)));
    const number = handle.apply(uint32(0)).readUInt32LE() ^ (isDatagram ? 0 : sequence);
    sequence += 1;
    return Buffer.concat([uint32(1), pad, checksum, uint32(number)]);
  };
  return {
    // ALWAYS_SIGN alone: a signature of zeros that uses up neither key stream nor number.
    sign: (message) => (isDummy ? Buffer.concat([uint32(1), Buffer.alloc(12)]) : sign(message)),
    seal(message) {
      restart();
      const ciphertext = handle.apply(message);
      return { ciphertext, signature: sign(message) };
    },
  };
}

function magic(direction: Direction, use: "signing" | "sealing"): Buffer {
  return Buffer.from(`session key to ${direction} ${use} key magic constant\0`, "ascii");
}

function uint32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32LE(value >>> 0);
  return bytes;
}

/** The CRC of zlib and Ethernet, bit by bit: nothing long is ever signed here. */
function crc32(data: Uint8Array): number {
  let crc = 0xffffffff;
  for (const byte of data) {
    crc ^= byte;
    for (let bit = 0; bit < 8; bit++) crc = (crc >>> 1) ^ (crc & 1 ? 0xedb88320 : 0);
  }
  return (crc ^ 0xffffffff) >>> 0;
}

const TAIL_56 = Buffer.from("a0", "hex");
const TAIL_40 = Buffer.from("e538b0", "hex");

/**
 * The messages of one direction, MS-NLMP 3.4.3 and 3.4.4: a key stream, a sequence number, and the signatures that both
 * go into. Without extended session security both directions share one.
 */
import { crc32 } from "node:zlib";
import { hasFlag, NegotiateFlag as Flag } from "./flags.ts";
import { hmacMd5, md5 } from "./md5.ts";
import { Rc4 } from "./rc4.ts";
import { sealKey, signKey, type Direction } from "./session-keys.ts";

export const SIGNATURE_LENGTH = 16;

export class MessageStream {
  readonly #flags: number;
  /** Only extended session security has one. */
  readonly #signKey: Buffer | undefined;
  readonly #sealKey: Buffer;
  #handle: Rc4;
  /** SeqNum of the next message. */
  #sequence = 0;

  constructor(exportedSessionKey: Uint8Array, flags: number, direction: Direction) {
    this.#flags = flags;
    this.#signKey = signKey(exportedSessionKey, flags, direction);
    this.#sealKey = sealKey(exportedSessionKey, flags, direction);
    this.#handle = new Rc4(this.#sealKey);
  }

  get sequence(): number {
    return this.#sequence;
  }

  /** GSS_GetMIC of the next message: 16 bytes. `sequence` is the application's, without connections only. */
  sign(message: Uint8Array, sequence?: number): Buffer {
    // ALWAYS_SIGN alone: a signature that proves nothing and uses up neither key stream nor number.
    if (!this.isProtected) return Buffer.from(DUMMY);
    const number = this.#number(sequence);
    this.#restart(number);
    return this.#mac(message, number);
  }

  /** Encrypts or decrypts the next message; the signature is about the input when encrypting, else about the output. */
  crypt(
    message: Uint8Array,
    signed: "input" | "output",
    sequence?: number,
  ): { readonly output: Buffer; readonly signature: Buffer } {
    const number = this.#number(sequence);
    this.#restart(number);
    // The message first, then its checksum, on one stream.
    const output = this.#handle.apply(message);
    if (!this.#signKey) this.#restart(number);
    return { output, signature: this.#mac(signed === "input" ? message : output, number) };
  }

  /** SIGN is agreed: signatures without sealing are real. SEAL alone does not make them so for Samba and gss-ntlmssp. */
  get isProtected(): boolean {
    return hasFlag(this.#flags, Flag.NTLMSSP_NEGOTIATE_SIGN);
  }

  /** Puts back what it was when called: the key stream, and the sequence number unless that is to be kept. */
  save(): (what: "all" | "key stream") => void {
    const [restoreHandle, handle, sequence] = [this.#handle.save(), this.#handle, this.#sequence];
    return (what) => {
      this.#handle = handle;
      restoreHandle();
      if (what === "all") this.#sequence = sequence;
    };
  }

  /** Without connections messages get lost: each has a key stream of its own. */
  #restart(sequence: number): void {
    if (!this.#isDatagram) return;
    this.#handle = new Rc4(this.#signKey ? md5(this.#sealKey, uint32(sequence)) : this.#sealKey);
  }

  #mac(message: Uint8Array, sequence: number): Buffer {
    this.#sequence = (this.#sequence + 1) >>> 0;
    return this.#signKey ? this.#extendedMac(this.#signKey, message, sequence) : this.#oldMac(message, sequence);
  }

  /** Section 3.4.4.2: HMAC-MD5, encrypted once more under KEY_EXCH. */
  #extendedMac(key: Buffer, message: Uint8Array, sequence: number): Buffer {
    const checksum = hmacMd5(key, uint32(sequence), message).subarray(0, 8);
    const isEncrypted = hasFlag(this.#flags, Flag.NTLMSSP_NEGOTIATE_KEY_EXCH);
    return Buffer.concat([VERSION, isEncrypted ? this.#handle.apply(checksum) : checksum, uint32(sequence)]);
  }

  /**
   * Section 3.4.4.1: a CRC32 and the sequence number, both encrypted. The pad before them is encrypted too, and then
   * zeros are sent in its place, as the section says: gss-ntlmssp 1.2.0 refuses anything else there.
   */
  #oldMac(message: Uint8Array, sequence: number): Buffer {
    this.#handle.apply(NO_PAD);
    const checksum = this.#handle.apply(uint32(crc32(message)));
    const number = this.#handle.apply(uint32(0)).readUInt32LE() ^ sequence;
    return Buffer.concat([VERSION, NO_PAD, checksum, uint32(number)]);
  }

  /** Without extended session security Windows' connectionless messages have no number but the application's: 0. */
  #number(given: number | undefined): number {
    if (!this.#isDatagram) return this.#sequence;
    return given ?? (this.#signKey ? this.#sequence : 0);
  }

  get #isDatagram(): boolean {
    return hasFlag(this.#flags, Flag.NTLMSSP_NEGOTIATE_DATAGRAM);
  }
}

function uint32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32LE(value >>> 0);
  return bytes;
}

/** Version of NTLMSSP_MESSAGE_SIGNATURE (MS-NLMP 2.2.2.9). */
const VERSION = uint32(1);
const NO_PAD = uint32(0);
const DUMMY = Buffer.concat([VERSION, Buffer.alloc(12)]);

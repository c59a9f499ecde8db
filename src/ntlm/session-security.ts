/**
 * Session security of one side after a logon, MS-NLMP 3.4: signing and sealing in both directions, connection-oriented
 * and connectionless, with and without extended session security. Mail never uses it after a logon; SPNEGO does within.
 */
import { timingSafeEqual } from "node:crypto";
import { hasFlag, NegotiateFlag as Flag } from "./flags.ts";
import { MessageStream, SIGNATURE_LENGTH } from "./message-stream.ts";

export { sealKey, signKey, type Direction } from "./session-keys.ts";
export { SIGNATURE_LENGTH } from "./message-stream.ts";

export type Role = "client" | "server";

/** A message as it goes out: the 16-byte signature usually stands before the ciphertext. */
export interface Sealed {
  readonly ciphertext: Buffer;
  readonly signature: Buffer;
}

/**
 * One side's context. Messages have to be verified in the order in which they were signed; one that is wrong changes
 * nothing, so that the next can still be right. Where DATAGRAM is agreed the application may number messages itself.
 */
export class SessionSecurity {
  /** SIGN is agreed: signatures are real. */
  readonly integrity: boolean;
  /** SEAL is agreed: sealing is meant to be used. */
  readonly confidentiality: boolean;
  readonly #isExtended: boolean;
  readonly #sending: MessageStream;
  readonly #receiving: MessageStream;
  /** The key stream behind our mechListMIC. */
  #goOn: ((what: "key stream") => void) | undefined;

  /** `exportedSessionKey` has 16 bytes; `flags` are the ones agreed at the end of the exchange. */
  constructor(exportedSessionKey: Uint8Array, flags: number, role: Role) {
    this.#isExtended = hasFlag(flags, Flag.NTLMSSP_NEGOTIATE_EXTENDED_SESSIONSECURITY);
    const own = new MessageStream(exportedSessionKey, flags, role === "client" ? TO_SERVER : TO_CLIENT);
    this.#sending = own;
    // One key stream and one number for both directions, as Samba and gss-ntlmssp have it: one side talks at a time.
    this.#receiving = this.#isExtended
      ? new MessageStream(exportedSessionKey, flags, role === "client" ? TO_CLIENT : TO_SERVER)
      : own;
    this.integrity = own.isProtected;
    this.confidentiality = hasFlag(flags, Flag.NTLMSSP_NEGOTIATE_SEAL);
  }

  /** SeqNum of the next message that is signed or sealed here. */
  get sendSequence(): number {
    return this.#sending.sequence;
  }

  /** SeqNum that the other side's next message must have. */
  get receiveSequence(): number {
    return this.#receiving.sequence;
  }

  /** GSS_GetMIC: the 16-byte signature of the next message; without SIGN one that proves nothing. */
  sign(message: Uint8Array, sequence?: number): Buffer {
    return this.#sending.sign(message, sequence);
  }

  /** GSS_VerifyMIC of the other side's next message. */
  verify(message: Uint8Array, signature: Uint8Array, sequence?: number): boolean {
    const restore = this.#receiving.save();
    const isRight = this.#isSame(this.#receiving.sign(message, sequence), signature);
    if (!isRight) restore("all");
    return isRight;
  }

  /** GSS_Wrap: the next message encrypted, and its signature. */
  seal(message: Uint8Array, sequence?: number): Sealed {
    const { output, signature } = this.#sending.crypt(message, "input", sequence);
    return { ciphertext: output, signature };
  }

  /** GSS_Unwrap of the other side's next message; undefined when its signature is wrong. */
  unseal(ciphertext: Uint8Array, signature: Uint8Array, sequence?: number): Buffer | undefined {
    const restore = this.#receiving.save();
    const { output, signature: expected } = this.#receiving.crypt(ciphertext, "output", sequence);
    if (this.#isSame(expected, signature)) return output;
    restore("all");
    return undefined;
  }

  /** GSS_Wrap as gss-ntlmssp and Windows put it on the wire: the signature, then the ciphertext. */
  wrap(message: Uint8Array): Buffer {
    const { ciphertext, signature } = this.seal(message);
    return Buffer.concat([signature, ciphertext]);
  }

  /** GSS_Unwrap of such a token; undefined when it is too short or its signature is wrong. */
  unwrap(token: Uint8Array): Buffer | undefined {
    if (token.length < SIGNATURE_LENGTH) return undefined;
    return this.unseal(token.subarray(SIGNATURE_LENGTH), token.subarray(0, SIGNATURE_LENGTH));
  }

  /** The mechListMIC of SPNEGO (RFC 4178 section 5): a signature that takes a number, but gives the key stream back. */
  signMechTypeList(list: Uint8Array): Buffer {
    const restore = this.#sending.save();
    const signature = this.#sending.sign(list);
    this.#goOn = this.#sending.save();
    restore("key stream");
    return signature;
  }

  /**
   * Whether the other side's mechListMIC is right. Where one key stream serves both directions, gss-ntlmssp answers ours
   * with the stream given back as well, and Samba with one that has gone on.
   */
  verifyMechTypeList(list: Uint8Array, signature: Uint8Array): boolean {
    const restore = this.#receiving.save();
    let isRight = this.#isSame(this.#receiving.sign(list), signature);
    if (!isRight && !this.#isExtended && this.#goOn) {
      restore("all");
      this.#goOn("key stream");
      isRight = this.#isSame(this.#receiving.sign(list), signature);
    }
    restore(isRight ? "key stream" : "all");
    return isRight;
  }

  #isSame(expected: Buffer, signature: Uint8Array): boolean {
    if (signature.length !== SIGNATURE_LENGTH) return false;
    if (this.#isExtended) return timingSafeEqual(expected, signature);
    // Bytes 4 to 7 are a pad that everybody fills differently.
    const isSameVersion = timingSafeEqual(expected.subarray(0, 4), signature.subarray(0, 4));
    return timingSafeEqual(expected.subarray(8), signature.subarray(8)) && isSameVersion;
  }
}

const TO_SERVER = "client-to-server";
const TO_CLIENT = "server-to-client";

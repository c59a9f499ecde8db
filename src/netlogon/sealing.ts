/**
 * Netlogon as a security provider, in AES only: the tokens of bind, signing and sealing (MS-NRPC 2.2.1.3.1, 2.2.1.3.3,
 * 3.3.4.2). A connection's two directions share one sequence number, which is why it carries one call at a time.
 */
import { randomBytes, timingSafeEqual } from "node:crypto";
import { hmac } from "../core/hmac.ts";
import { encodeCp437 } from "../ntlm/oem.ts";
import { decrypt, encrypt } from "./cfb8.ts";
import { malformed } from "./error.ts";
import type { MachineAccount } from "./netlogon.ts";

/** Of an NL_AUTH_SHA2_SIGNATURE, bytes. */
export const TOKEN_LENGTH = 56;
/** SignatureAlgorithm HMAC-SHA256, SealAlgorithm AES-128, Pad, Flags. */
const SIGNATURE_HEADER = Buffer.from("13001a00ffff0000", "hex");
const UNUSED = Buffer.alloc(24);
/** Of the sequence number, the checksum and the confounder. */
const FIELD = 8;

/** NL_AUTH_MESSAGE of bind: NetBIOS domain name and NetBIOS computer name. Throws RangeError for names that are none. */
export function negotiateToken({ domain, computer }: Pick<MachineAccount, "domain" | "computer">): Buffer {
  const names = encodeCp437(`${domain}\0${computer}\0`);
  if (names === undefined) throw new RangeError("a NetBIOS name with characters outside of the OEM code page");
  return Buffer.concat([Buffer.of(0, 0, 0, 0, 3, 0, 0, 0), names]);
}

/** NL_AUTH_MESSAGE of bind_ack; nothing but its type is said to mean anything. Throws NetlogonError. */
export function checkNegotiateAnswer(token: Buffer | undefined): void {
  if (token === undefined || token.length < 8 || token.readUInt32LE(0) !== 1) {
    throw malformed("a bind_ack that does not agree to sealing");
  }
}

export interface Sealed {
  readonly sealed: Buffer;
  /** 56 bytes. */
  readonly token: Buffer;
}

/** One connection's security context. */
export class Sealing {
  readonly #sessionKey: Buffer;
  readonly #sealKey: Buffer;
  readonly #isClient: boolean;
  readonly #draw: (count: number) => Buffer;
  #sequence = 0;

  /** `draw` gives the confounders, `side` says who is sealing. */
  constructor(sessionKey: Buffer, side: "client" | "server" = "client", draw: (count: number) => Buffer = randomBytes) {
    this.#sessionKey = sessionKey;
    this.#sealKey = Buffer.from(sessionKey.map((byte) => byte ^ 0xf0));
    this.#isClient = side === "client";
    this.#draw = draw;
  }

  seal(plain: Buffer): Sealed {
    const sequence = this.#nextSequence(this.#isClient);
    const confounder = this.#draw(FIELD);
    const checksum = this.#checksum(confounder, plain);
    const sealed = encrypt(this.#sealKey, twice(sequence), Buffer.concat([confounder, plain]));
    const sealedSequence = encrypt(this.#sessionKey, twice(checksum), sequence);
    const token = Buffer.concat([SIGNATURE_HEADER, sealedSequence, checksum, sealed.subarray(0, FIELD), UNUSED]);
    return { sealed: sealed.subarray(FIELD), token };
  }

  /** Throws NetlogonError for anything that the other side has not sealed just so, and as its next message. */
  unseal(sealed: Buffer, token: Buffer): Buffer {
    if (token.length !== TOKEN_LENGTH || !token.subarray(0, FIELD).equals(SIGNATURE_HEADER)) {
      throw malformed("a signature that is not of AES and HMAC-SHA256");
    }
    const sequence = this.#nextSequence(!this.#isClient);
    const checksum = token.subarray(16, 24);
    const theirSequence = decrypt(this.#sessionKey, twice(checksum), token.subarray(8, 16));
    const open = decrypt(this.#sealKey, twice(sequence), Buffer.concat([token.subarray(24, 32), sealed]));
    const [confounder, plain] = [open.subarray(0, FIELD), open.subarray(FIELD)];
    const isSequence = timingSafeEqual(theirSequence, sequence);
    const isChecksum = timingSafeEqual(this.#checksum(confounder, plain), checksum);
    if (!isSequence || !isChecksum) throw malformed("a seal that is broken or out of order");
    return plain;
  }

  /** Big-endian, and the highest bit of the fifth byte for what the client sends. */
  #nextSequence(isFromClient: boolean): Buffer {
    const sequence = Buffer.alloc(FIELD);
    sequence.writeUInt32BE(this.#sequence);
    sequence[4] = isFromClient ? 0x80 : 0;
    this.#sequence = (this.#sequence + 1) >>> 0;
    return sequence;
  }

  #checksum(confounder: Buffer, plain: Buffer): Buffer {
    return hmac("sha256", this.#sessionKey, SIGNATURE_HEADER, confounder, plain).subarray(0, FIELD);
  }
}

/** As an initialization vector. */
function twice(field: Buffer): Buffer {
  return Buffer.concat([field, field]);
}

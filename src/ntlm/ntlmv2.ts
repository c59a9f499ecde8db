/** Version 2 responses: NTLMv2 with its NTLMv2_CLIENT_CHALLENGE, and LMv2, MS-NLMP 3.3.2 and 2.2.2.7. */
import { decodeAvPairs, encodeAvPairs, type AvPair } from "./av-pairs.ts";
import { hmacMd5 } from "./md5.ts";

export const PROOF_LENGTH = 16;

/** NTLMv2_CLIENT_CHALLENGE, "temp" in section 3.3.2: what the proof covers besides the server's challenge. */
export interface ClientChallenge {
  /** FILETIME: the server's MsvAvTimestamp where it sent one. */
  readonly timestamp: bigint;
  /** 8 bytes. */
  readonly challenge: Buffer;
  readonly pairs: readonly AvPair[];
  /** What follows MsvAvEOL: four zero bytes from most clients, none from Samba and Thunderbird; means nothing. */
  readonly trailer: Buffer;
}

/** Reads the client challenge of an NTLMv2 response of 48 or more bytes. Throws NtlmError on a broken AV list. */
export function decodeClientChallenge(ntResponse: Buffer): ClientChallenge {
  const list = ntResponse.subarray(AV_PAIRS);
  const { pairs, length } = decodeAvPairs(list);
  return {
    timestamp: ntResponse.readBigUInt64LE(TIMESTAMP),
    challenge: ntResponse.subarray(CHALLENGE, CHALLENGE + 8),
    pairs,
    trailer: list.subarray(length),
  };
}

/** The bytes behind the proof. */
export function encodeClientChallenge(clientChallenge: ClientChallenge): Buffer {
  const fixed = Buffer.alloc(AV_PAIRS - PROOF_LENGTH);
  fixed[0] = RESPONSE_VERSION;
  fixed[1] = RESPONSE_VERSION;
  fixed.writeBigUInt64LE(clientChallenge.timestamp, TIMESTAMP - PROOF_LENGTH);
  fixed.set(clientChallenge.challenge, CHALLENGE - PROOF_LENGTH);
  return Buffer.concat([fixed, encodeAvPairs(clientChallenge.pairs), clientChallenge.trailer]);
}

/** NTProofStr over the bytes as received: a rebuilt blob would lose trailers that clients include in the proof. */
export function ntProofStr(ntowfv2: Uint8Array, serverChallenge: Uint8Array, temp: Uint8Array): Buffer {
  return hmacMd5(ntowfv2, serverChallenge, temp);
}

/** The 24-byte LMv2 response: a proof over both challenges, and the client's challenge. */
export function lmv2Response(ntowfv2: Uint8Array, serverChallenge: Uint8Array, clientChallenge: Uint8Array): Buffer {
  return Buffer.concat([hmacMd5(ntowfv2, serverChallenge, clientChallenge), clientChallenge]);
}

/** SessionBaseKey of version 2: HMAC-MD5 over the proof, which is the first 16 bytes of the response that was right. */
export function version2SessionBaseKey(ntowfv2: Uint8Array, response: Uint8Array): Buffer {
  return hmacMd5(ntowfv2, response.subarray(0, PROOF_LENGTH));
}

/** Offsets in an NTLMv2 response, proof included. */
const TIMESTAMP = 24;
const CHALLENGE = 32;
const AV_PAIRS = 44;
/** RespType and HiRespType: "current version is 0x01". */
const RESPONSE_VERSION = 1;

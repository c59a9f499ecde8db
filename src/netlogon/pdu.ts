/** PDUs of connection-oriented RPC: the common header, and the security trailer with its token (C706 12.6, MS-RPCE 2.2.2.11). */
import { malformed } from "./error.ts";

/** Longest fragment either way, in bytes: what Windows and Samba offer in their own binds. */
export const FRAGMENT_LIMIT = 5840;

export const HEADER_LENGTH = 16;
const TRAILER_LENGTH = 8;
/** Integers little-endian, characters ASCII, IEEE floating point. */
const DATA_REPRESENTATION = 0x10;

export const PduType = {
  request: 0,
  response: 2,
  fault: 3,
  bind: 11,
  bindAck: 12,
  bindNak: 13,
} as const;

export const PduFlag = { first: 1, last: 2 } as const;

/** auth_type of Netlogon (MS-RPCE 2.2.1.1.7) and auth_level for signing and sealing (2.2.1.1.8). */
const RPC_C_AUTHN_NETLOGON = 0x44;
const RPC_C_AUTHN_LEVEL_PKT_PRIVACY = 6;
/** Any value does, as long as the connection stays with it. */
const AUTH_CONTEXT_ID = 1;

/** The security trailer, always Netlogon's and sealed: nothing else is read or written. */
export interface Verifier {
  /** Bytes before the trailer that are no stub. */
  readonly padLength: number;
  readonly token: Buffer;
}

export interface Pdu {
  readonly type: number;
  readonly flags: number;
  readonly callId: number;
  /** Behind the header, without the security trailer. */
  readonly body: Buffer;
  readonly verifier: Verifier | undefined;
}

export function encodePdu({ type, flags, callId, body, verifier }: Pdu): Buffer {
  const trailer = verifier ? [encodeTrailer(verifier.padLength), verifier.token] : [];
  const header = Buffer.alloc(HEADER_LENGTH);
  header[0] = 5;
  header[2] = type;
  header[3] = flags;
  header[4] = DATA_REPRESENTATION;
  header.writeUInt16LE(verifier?.token.length ?? 0, 10);
  header.writeUInt32LE(callId, 12);
  const pdu = Buffer.concat([header, body, ...trailer]);
  pdu.writeUInt16LE(pdu.length, 8);
  return pdu;
}

/** frag_length out of a common header that is there whole. Throws NetlogonError for a header that is none. */
export function fragmentLength(header: Buffer): number {
  const [major, minor] = header;
  if (major !== 5 || minor !== 0) throw malformed(`RPC version ${major}.${minor}`);
  if (header[4] !== DATA_REPRESENTATION) throw malformed("a data representation that is not little-endian");
  const length = header.readUInt16LE(8);
  if (length < HEADER_LENGTH || length > FRAGMENT_LIMIT) throw malformed(`a fragment of ${length} bytes`);
  return length;
}

/** A whole fragment, of fragmentLength's length. Throws NetlogonError. */
export function decodePdu(fragment: Buffer): Pdu {
  const tokenLength = fragment.readUInt16LE(10);
  const bodyEnd = tokenLength === 0 ? fragment.length : fragment.length - tokenLength - TRAILER_LENGTH;
  if (bodyEnd < HEADER_LENGTH) throw malformed(`a token of ${tokenLength} bytes in a fragment of ${fragment.length}`);
  return {
    type: fragment[2]!,
    flags: fragment[3]!,
    callId: fragment.readUInt32LE(12),
    body: fragment.subarray(HEADER_LENGTH, bodyEnd),
    verifier: tokenLength === 0 ? undefined : decodeVerifier(fragment.subarray(bodyEnd)),
  };
}

/** How much longer a PDU is for its security. */
export function verifierLength(tokenLength: number): number {
  return TRAILER_LENGTH + tokenLength;
}

function encodeTrailer(padLength: number): Buffer {
  const trailer = Buffer.of(RPC_C_AUTHN_NETLOGON, RPC_C_AUTHN_LEVEL_PKT_PRIVACY, padLength, 0, 0, 0, 0, 0);
  trailer.writeUInt32LE(AUTH_CONTEXT_ID, 4);
  return trailer;
}

function decodeVerifier(bytes: Buffer): Verifier {
  const [type, level, padLength] = bytes;
  if (type !== RPC_C_AUTHN_NETLOGON || level !== RPC_C_AUTHN_LEVEL_PKT_PRIVACY) {
    throw malformed(`security of type ${type}, level ${level}`);
  }
  if (bytes.readUInt32LE(4) !== AUTH_CONTEXT_ID) throw malformed("another security context");
  return { padLength: padLength!, token: bytes.subarray(TRAILER_LENGTH) };
}

/** Requests and responses: fragments out of a stub and a stub out of fragments (C706 12.6.4.9, 12.6.4.10, 12.6.4.7). */
import { malformed, NetlogonError } from "./error.ts";
import { encodePdu, HEADER_LENGTH, PduFlag, PduType, verifierLength, type Pdu } from "./pdu.ts";
import { TOKEN_LENGTH, type Sealing } from "./sealing.ts";

/** Longest reply, in bytes of its stub: 130,000 groups, where Windows allows an account a thousand. */
export const REPLY_LIMIT = 1024 * 1024;
/** As many as such a reply needs of the shortest fragments that a server has reason to send. */
export const FRAGMENT_COUNT_LIMIT = 1024;

/** nca_s and Windows status: the security package does not know or trust us; the connection is of no use any more. */
export const RPC_S_SEC_PKG_ERROR = 0x721;

/** Allocation hint, context and opnum; of a response the cancel count stands there. */
const FIXED_LENGTH = 8;
/** A sealed stub is padded to a multiple of this. */
const PADDING = 16;

export interface Call {
  readonly callId: number;
  readonly opnum: number;
  readonly stub: Buffer;
}

/** The request's fragments, none longer than `sendLimit`; each sealed on its own where there is a `sealing`. */
export function encodeRequest(
  { callId, opnum, stub }: Call,
  sendLimit: number,
  sealing: Sealing | undefined,
): Buffer[] {
  const overhead = HEADER_LENGTH + FIXED_LENGTH + (sealing ? verifierLength(TOKEN_LENGTH) : 0);
  const size = Math.floor((sendLimit - overhead) / PADDING) * PADDING;
  const fragments: Buffer[] = [];
  for (let at = 0; at === 0 || at < stub.length; at += size) {
    const isLast = at + size >= stub.length;
    const flags = (at === 0 ? PduFlag.first : 0) | (isLast ? PduFlag.last : 0);
    const fixed = Buffer.alloc(FIXED_LENGTH);
    fixed.writeUInt32LE(stub.length - at, 0);
    fixed.writeUInt16LE(opnum, 6);
    const part = stub.subarray(at, at + size);
    fragments.push(encodePdu({ type: PduType.request, flags, callId, ...protect(fixed, part, sealing) }));
  }
  return fragments;
}

/** The rest of a request or response PDU: fixed fields and stub, sealed where there is a `sealing`. */
export function protect(fixed: Buffer, stub: Buffer, sealing: Sealing | undefined): Pick<Pdu, "body" | "verifier"> {
  if (!sealing) return { body: Buffer.concat([fixed, stub]), verifier: undefined };
  const padLength = (PADDING - (stub.length % PADDING)) % PADDING;
  const { sealed, token } = sealing.seal(Buffer.concat([stub, Buffer.alloc(padLength)]));
  return { body: Buffer.concat([fixed, sealed]), verifier: { padLength, token } };
}

/** Joins the fragments of one reply. */
export class Reply {
  readonly #callId: number;
  readonly #sealing: Sealing | undefined;
  readonly #stubs: Buffer[] = [];
  #length = 0;

  constructor(callId: number, sealing: Sealing | undefined) {
    this.#callId = callId;
    this.#sealing = sealing;
  }

  /** The whole stub once its last fragment has come. Throws NetlogonError, for a fault with its status. */
  take(pdu: Pdu): Buffer | undefined {
    if (pdu.callId !== this.#callId) throw malformed(`an answer to call ${pdu.callId} instead of ${this.#callId}`);
    if (pdu.type === PduType.fault) throw faultOf(pdu);
    if (pdu.type !== PduType.response) throw malformed(`a PDU of type ${pdu.type} in answer to a request`);
    if (pdu.body.length < FIXED_LENGTH) throw malformed(`a response of ${pdu.body.length} bytes`);
    const isFirst = (pdu.flags & PduFlag.first) !== 0;
    if (isFirst !== (this.#stubs.length === 0)) throw malformed("fragments out of order");
    this.#add(open(pdu, this.#sealing));
    return (pdu.flags & PduFlag.last) === 0 ? undefined : Buffer.concat(this.#stubs, this.#length);
  }

  #add(stub: Buffer): void {
    this.#stubs.push(stub);
    this.#length += stub.length;
    if (this.#length > REPLY_LIMIT || this.#stubs.length > FRAGMENT_COUNT_LIMIT) throw malformed("a reply without end");
  }
}

/** The stub of a request or response PDU. Throws NetlogonError for one that is not protected just as the connection is. */
export function open({ body, verifier }: Pdu, sealing: Sealing | undefined): Buffer {
  const stub = body.subarray(FIXED_LENGTH);
  if (!sealing && !verifier) return stub;
  if (!sealing) throw malformed("a sealed PDU on a plain connection");
  if (!verifier) throw malformed("an unsealed PDU on a sealed connection");
  const plain = sealing.unseal(stub, verifier.token);
  if (verifier.padLength > plain.length) throw malformed(`a padding of ${verifier.padLength} bytes`);
  return plain.subarray(0, plain.length - verifier.padLength);
}

/** An RPC fault: the call was not done. Faults come unprotected and mean nothing but that. */
export class RpcFault extends NetlogonError {}

function faultOf({ body }: Pdu): RpcFault {
  if (body.length < FIXED_LENGTH + 4) throw malformed(`a fault of ${body.length} bytes`);
  const status = body.readUInt32LE(FIXED_LENGTH);
  const isKeyStale = status === RPC_S_SEC_PKG_ERROR;
  return new RpcFault("protocol", `the call failed: RPC fault 0x${status.toString(16)}`, { status, isKeyStale });
}

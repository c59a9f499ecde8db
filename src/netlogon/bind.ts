/** bind, bind_ack and bind_nak: agreeing on an interface, and on security (C706 12.6.4.3 to 12.6.4.5). */
import { malformed, NetlogonError } from "./error.ts";
import { NDR, type SyntaxId } from "./interfaces.ts";
import { FRAGMENT_LIMIT, PduFlag, PduType, type Pdu } from "./pdu.ts";

/** Every implementation must take fragments of this size (C706 12.6.3.1, MustRecvFragSize). */
const MUST_RECEIVE = 1432;

const CONTEXT_ID = 0;

/** `token`: an NL_AUTH_MESSAGE for a sealed connection. */
export function bindPdu(callId: number, abstractSyntax: SyntaxId, token: Buffer | undefined): Pdu {
  const body = Buffer.alloc(16);
  body.writeUInt16LE(FRAGMENT_LIMIT, 0);
  body.writeUInt16LE(FRAGMENT_LIMIT, 2);
  // No association group: a new one. Then one context with one transfer syntax.
  body[8] = 1;
  body.writeUInt16LE(CONTEXT_ID, 12);
  body[14] = 1;
  return {
    type: PduType.bind,
    flags: PduFlag.first | PduFlag.last,
    callId,
    body: Buffer.concat([body, abstractSyntax, NDR]),
    verifier: token && { padLength: 0, token },
  };
}

export interface BindAck {
  /** Longest fragment that the other side takes, and that we send. */
  readonly sendLimit: number;
  /** The other side's NL_AUTH_MESSAGE. */
  readonly token: Buffer | undefined;
}

/** Throws NetlogonError: "refused" for a bind_nak and an interface that is not there. */
export function readBindAnswer(pdu: Pdu, callId: number): BindAck {
  if (pdu.callId !== callId) throw malformed(`an answer to call ${pdu.callId} instead of ${callId}`);
  if (pdu.type === PduType.bindNak) throw refusal(pdu.body);
  if (pdu.type !== PduType.bindAck) throw malformed(`a PDU of type ${pdu.type} in answer to bind`);
  const { body } = pdu;
  if (body.length < 10) throw malformed(`a bind_ack of ${body.length} bytes`);
  checkResult(body, Math.ceil((10 + body.readUInt16LE(8)) / 4) * 4);
  const theirLimit = body.readUInt16LE(2);
  if (theirLimit < MUST_RECEIVE) throw malformed(`a limit of ${theirLimit} bytes for a fragment`);
  return { sendLimit: Math.min(theirLimit, FRAGMENT_LIMIT), token: pdu.verifier?.token };
}

/** p_result_list_t: exactly one, and acceptance. Alignment is the PDU's, whose header is a multiple of 4. */
function checkResult(body: Buffer, at: number): void {
  if (body.length < at + 28) throw malformed("a bind_ack without its results");
  const result = body.readUInt16LE(at + 4);
  const reason = body.readUInt16LE(at + 6);
  if (body[at] !== 1) throw malformed(`a bind_ack with ${body[at]} results`);
  if (result !== 0)
    throw new NetlogonError("unreachable", `the interface is refused (result ${result}, reason ${reason})`);
  if (!body.subarray(at + 8, at + 28).equals(NDR)) throw malformed("another transfer syntax than NDR");
}

function refusal(body: Buffer): NetlogonError {
  const reason = body.length < 2 ? "none" : body.readUInt16LE(0);
  return new NetlogonError("refused", `bind is refused (reason ${reason})`, { isKeyStale: true });
}

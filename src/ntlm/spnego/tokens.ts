/** The tokens of SPNEGO, RFC 4178 section 4.2 and MS-SPNG 2.2.1: reading and writing, without any opinion. */
import { malformed, NtlmError } from "../error.ts";
import { SIGNATURE } from "../fields.ts";
import { asn1, context, readAll, readOnly, Tag, type Asn1Value } from "./asn1.ts";

/** Object identifiers as hex of their content octets. */
export const Oid = {
  spnego: "2b0601050502",
  ntlm: "2b06010401823702020a",
  negoex: "2b06010401823702021e",
  kerberos: "2a864886f712010202",
  /** Windows 2000 left out bits of the number, and all have offered both since. */
  microsoftKerberos: "2a864882f712010202",
  kerberosUserToUser: "2a864886f71201020203",
} as const;

export const NegState = { acceptCompleted: 0, acceptIncomplete: 1, reject: 2, requestMic: 3 } as const;

/** The first token of whoever begins: a client's NegTokenInit or, with hints, a server's NegTokenInit2. */
export interface NegTokenInit {
  readonly kind: "NegTokenInit";
  /** Object identifiers in hex, the preferred one first. */
  readonly mechTypes: readonly string[];
  /** MechTypeList in DER as received: what a mechListMIC is about. */
  readonly mechTypeList: Buffer;
  readonly mechToken?: Buffer;
  readonly mechListMIC?: Buffer;
}

/** Every later token. */
export interface NegTokenResp {
  readonly kind: "NegTokenResp";
  readonly negState?: number;
  /** An object identifier in hex. */
  readonly supportedMech?: string;
  readonly responseToken?: Buffer;
  readonly mechListMIC?: Buffer;
}

/** A message of NTLM itself: who has no other mechanism leaves SPNEGO out. */
export function isRawNtlm(bytes: Uint8Array): boolean {
  return bytes.length >= SIGNATURE.length && SIGNATURE.equals(bytes.subarray(0, SIGNATURE.length));
}

/** Reads a token of either kind. Fields are views of `bytes`. Throws NtlmError. */
export function decodeNegotiationToken(bytes: Uint8Array): NegTokenInit | NegTokenResp {
  if (bytes[0] === context(1)) return decodeResp(readOnly(bytes, context(1), "NegTokenResp"));
  const frame = readOnly(bytes, Tag.initialContextToken, "InitialContextToken");
  const [mechanism, token, ...more] = readAll(frame.content, "InitialContextToken", 2);
  if (mechanism?.tag !== Tag.oid || more.length > 0) throw malformed("InitialContextToken without a mechanism");
  if (hex(mechanism) !== Oid.spnego) throw new NtlmError("unsupported", `mechanism ${hex(mechanism)}, not SPNEGO`);
  if (token?.tag !== context(0)) throw malformed("InitialContextToken without NegTokenInit");
  return decodeInit(token);
}

/** A client's NegTokenInit in its InitialContextToken. */
export function encodeNegTokenInit(mechTypes: readonly string[], mechToken?: Uint8Array): Buffer {
  const token = mechToken ? [asn1(context(2), asn1(Tag.octetString, mechToken))] : [];
  return initialContextToken(asn1(Tag.sequence, asn1(context(0), encodeMechTypeList(mechTypes)), ...token));
}

/** A server's NegTokenInit2 (MS-SPNG 2.2.1): what it can do, said before a client has said anything. */
export function encodeNegTokenInit2(mechTypes: readonly string[]): Buffer {
  const hint = asn1(context(0), asn1(Tag.generalString, Buffer.from(HINT_NAME, "ascii")));
  const hints = asn1(context(3), asn1(Tag.sequence, hint));
  return initialContextToken(asn1(Tag.sequence, asn1(context(0), encodeMechTypeList(mechTypes)), hints));
}

export function encodeNegTokenResp(token: Omit<NegTokenResp, "kind">): Buffer {
  const { negState, supportedMech, responseToken, mechListMIC } = token;
  const state = negState === undefined ? [] : [asn1(context(0), asn1(Tag.enumerated, Buffer.from([negState])))];
  const mechanism = supportedMech === undefined ? [] : [asn1(context(1), oid(supportedMech))];
  const response = responseToken ? [asn1(context(2), asn1(Tag.octetString, responseToken))] : [];
  const mic = mechListMIC ? [asn1(context(3), asn1(Tag.octetString, mechListMIC))] : [];
  return asn1(context(1), asn1(Tag.sequence, ...state, ...mechanism, ...response, ...mic));
}

/** MechTypeList in DER. */
export function encodeMechTypeList(mechTypes: readonly string[]): Buffer {
  return asn1(Tag.sequence, ...mechTypes.map(oid));
}

function initialContextToken(sequence: Buffer): Buffer {
  return asn1(Tag.initialContextToken, oid(Oid.spnego), asn1(context(0), sequence));
}

function decodeInit(token: Asn1Value): NegTokenInit {
  const fields = readFields(token, "NegTokenInit", 4);
  const list = fields.get(0);
  if (list === undefined) throw malformed("NegTokenInit without mechTypes");
  const mechTypeList = readOnly(list, Tag.sequence, "mechTypes");
  const mechTypes = readAll(mechTypeList.content, "mechTypes", MECHANISMS);
  if (mechTypes.length === 0 || mechTypes.some(({ tag }) => tag !== Tag.oid)) throw malformed("mechTypes of no OIDs");
  const mechToken = octets(fields, 2, "mechToken");
  // [3] of a NegTokenInit2 are its hints, which stand for nothing; the MIC is [4] then.
  const isHints = fields.get(3)?.[0] === Tag.sequence;
  const mechListMIC = octets(fields, isHints ? 4 : 3, "mechListMIC");
  return {
    kind: "NegTokenInit",
    mechTypes: mechTypes.map(hex),
    mechTypeList: mechTypeList.encoded,
    ...(mechToken ? { mechToken } : {}),
    ...(mechListMIC ? { mechListMIC } : {}),
  };
}

function decodeResp(token: Asn1Value): NegTokenResp {
  const fields = readFields(token, "NegTokenResp", 3);
  const state = fields.get(0) && readOnly(fields.get(0)!, Tag.enumerated, "negState").content;
  if (state && (state.length !== 1 || state[0]! > NegState.requestMic)) throw malformed("negState of no known value");
  const mechanism = fields.get(1) && readOnly(fields.get(1)!, Tag.oid, "supportedMech");
  const responseToken = octets(fields, 2, "responseToken");
  const mechListMIC = octets(fields, 3, "mechListMIC");
  return {
    kind: "NegTokenResp",
    ...(state ? { negState: state[0]! } : {}),
    ...(mechanism ? { supportedMech: hex(mechanism) } : {}),
    ...(responseToken ? { responseToken } : {}),
    ...(mechListMIC ? { mechListMIC } : {}),
  };
}

type Fields = ReadonlyMap<number, Buffer>;

/** The fields of the SEQUENCE in an explicit tag, by number: in rising order, none twice, none above `highest`. */
function readFields(token: Asn1Value, name: string, highest: number): Fields {
  const { content } = readOnly(token.content, Tag.sequence, name);
  const fields = new Map<number, Buffer>();
  let last = -1;
  for (const field of readAll(content, name, highest + 1)) {
    const number = field.tag - context(0);
    if (number <= last || number > highest) throw malformed(`${name} has a field where none of its kind can be`);
    last = number;
    fields.set(number, field.content);
  }
  return fields;
}

function octets(fields: Fields, number: number, name: string): Buffer | undefined {
  const field = fields.get(number);
  return field && readOnly(field, Tag.octetString, name).content;
}

function oid(content: string): Buffer {
  return asn1(Tag.oid, Buffer.from(content, "hex"));
}

function hex(value: Asn1Value): string {
  return value.content.toString("hex");
}

/** Windows offers five; RFC 4178 sets no limit. */
const MECHANISMS = 16;
const HINT_NAME = "not_defined_in_RFC4178@please_ignore";

/** SPNEGO tokens in words, with the places of all parts (RFC 4178 section 4.2, MS-SPNG 2.2.1 for negHints). */
import { NtlmError } from "../ntlm/error.ts";
import { context, readAll, readOnly, Tag } from "../ntlm/spnego/asn1.ts";
import { isRawNtlm, Oid } from "../ntlm/spnego/tokens.ts";
import { fieldOf, textOf, type FieldInWords } from "./message-words.ts";
import { ntlmWords, type NtlmDescription, type WordsContext } from "./ntlm-words.ts";

export interface SpnegoDescription {
  readonly message: "NegTokenInit" | "NegTokenInit2" | "NegTokenResp" | "not a SPNEGO token";
  /** Bytes. */
  readonly length: number;
  readonly fields: readonly FieldInWords[];
  /** The NTLM message inside; its offsets count from its own start. */
  readonly ntlm?: NtlmDescription;
  /** Where that begins in the token. */
  readonly ntlmOffset?: number;
  readonly problem?: string;
}

/** Never throws: what cannot be read is described as far as it can be, with the problem said. */
export function spnegoWords(token: Uint8Array, words: WordsContext = {}): SpnegoDescription {
  const bytes = Buffer.from(token.buffer, token.byteOffset, token.byteLength);
  const base = { length: bytes.length, fields: [] as FieldInWords[] };
  let message: SpnegoDescription["message"] = "not a SPNEGO token";
  try {
    const opened = open(bytes);
    message = opened.message;
    for (const [number, element] of opened.elements)
      base.fields.push(...describe(bytes, NAMES[opened.message][number] ?? `[${number}]`, element));
    const ntlm = ntlmIn(opened.elements);
    if (!ntlm) return { message, ...base };
    return { message, ...base, ntlm: ntlmWords(ntlm, words), ntlmOffset: ntlm.byteOffset - bytes.byteOffset };
  } catch (error) {
    if (!(error instanceof NtlmError)) throw error;
    return { message, ...base, problem: error.message };
  }
}

/** The NTLM message that the token carries, a view; undefined without one. */
export function ntlmInside(token: Uint8Array): Buffer | undefined {
  try {
    return ntlmIn(open(token).elements);
  } catch (error) {
    if (error instanceof NtlmError) return undefined;
    throw error;
  }
}

type Message = Exclude<SpnegoDescription["message"], "not a SPNEGO token">;
/** By the numbers of their context tags. */
type Elements = ReadonlyMap<number, Buffer>;

/** Any elements in any order: what is shown need not be what an acceptor takes. */
function open(bytes: Uint8Array): { readonly message: Message; readonly elements: Elements } {
  if (bytes[0] === context(1))
    return { message: "NegTokenResp", elements: elementsOf(readOnly(bytes, context(1), "NegTokenResp").content) };
  const frame = readOnly(bytes, Tag.initialContextToken, "InitialContextToken");
  const [mechanism, choice] = readAll(frame.content, "InitialContextToken", 2);
  if (mechanism?.content.toString("hex") !== Oid.spnego || choice?.tag !== context(0))
    throw new NtlmError("unsupported", "a token of another mechanism");
  const elements = elementsOf(choice.content);
  // Only Microsoft's has five elements, and a SEQUENCE where RFC 4178 has mechListMIC.
  const isHinted = elements.has(4) || elements.get(3)?.[0] === Tag.sequence;
  return { message: isHinted ? "NegTokenInit2" : "NegTokenInit", elements };
}

function elementsOf(content: Buffer): Elements {
  const values = readAll(readOnly(content, Tag.sequence, "token").content, "token", ELEMENT_LIMIT);
  return new Map(values.map((value) => [value.tag - context(0), value.content]));
}

function ntlmIn(elements: Elements): Buffer | undefined {
  const element = elements.get(2);
  const carried = element && readOnly(element, Tag.octetString, "mechToken").content;
  return carried && isRawNtlm(carried) ? carried : undefined;
}

function describe(token: Buffer, name: string, element: Buffer): readonly FieldInWords[] {
  const field = (value: Buffer, text: string, meaning?: string, title = name) =>
    fieldOf(title, { offset: value.byteOffset - token.byteOffset, bytes: value }, text, meaning);
  const content = (tag: number) => readOnly(element, tag, name).content;
  switch (name) {
    case "mechTypes":
      return readAll(content(Tag.sequence), name, ELEMENT_LIMIT).map(({ content: oid }, index) =>
        field(oid, mechanismName(oid), index === 0 ? "preferred" : undefined, "mechType"),
      );
    case "supportedMech":
      return [field(content(Tag.oid), mechanismName(content(Tag.oid)))];
    case "negState":
      return [field(content(Tag.enumerated), STATES[content(Tag.enumerated)[0] ?? -1] ?? hexOf(element))];
    case "mechToken":
    case "responseToken":
      return [field(content(Tag.octetString), kindOf(content(Tag.octetString)))];
    case "mechListMIC":
      return [field(content(Tag.octetString), hexOf(content(Tag.octetString)), micKind(content(Tag.octetString)))];
    case "negHints":
      return [field(element, hintIn(content(Tag.sequence)))];
    default:
      return [field(element, hexOf(element), name === "reqFlags" ? "to be ignored" : undefined)];
  }
}

function mechanismName(oid: Buffer): string {
  const dotted = dottedOid(oid);
  const name = MECHANISMS[oid.toString("hex")];
  return name === undefined ? dotted : `${name} (${dotted})`;
}

/** X.690 8.19: two numbers in the first octets, then seven bits an octet. */
function dottedOid(oid: Buffer): string {
  const numbers: number[] = [];
  let value = 0;
  for (const byte of oid.subarray(0, OID_LIMIT)) {
    value = value * 128 + (byte & 0x7f);
    if ((byte & 0x80) !== 0) continue;
    const first = Math.min(2, Math.floor(value / 40));
    numbers.push(...(numbers.length === 0 ? [first, value - 40 * first] : [value]));
    value = 0;
  }
  return numbers.join(".");
}

function kindOf(bytes: Buffer): string {
  if (isRawNtlm(bytes)) return "NTLM";
  return bytes[0] === Tag.initialContextToken ? "a token of another mechanism (Kerberos), not decoded" : "not decoded";
}

/** A session without integrity has a signature of a 1 and zeros (MS-NLMP 2.2.2.9.1). */
function micKind(mic: Buffer): string {
  return mic.subarray(4).every((byte) => byte === 0) ? "a dummy, which proves nothing" : "a signature over mechTypes";
}

/** hintName, a GeneralString. */
function hintIn(hints: Buffer): string {
  const [hint] = readAll(hints, "negHints", ELEMENT_LIMIT);
  return hint ? textOf(readOnly(hint.content, Tag.generalString, "hintName").content) : "(empty)";
}

function hexOf(bytes: Buffer): string {
  return bytes.length > SHOWN ? `${bytes.toString("hex", 0, SHOWN)}...` : bytes.toString("hex");
}

const SHOWN = 32;
/** No client offers more than a handful of mechanisms. */
const ELEMENT_LIMIT = 64;
const OID_LIMIT = 64;

const NAMES: Readonly<Record<Message, readonly string[]>> = {
  NegTokenInit: ["mechTypes", "reqFlags", "mechToken", "mechListMIC"],
  NegTokenInit2: ["mechTypes", "reqFlags", "mechToken", "negHints", "mechListMIC"],
  NegTokenResp: ["negState", "supportedMech", "responseToken", "mechListMIC"],
};

const STATES = ["accept-completed", "accept-incomplete", "reject", "request-mic"];

const MECHANISMS: Readonly<Record<string, string>> = {
  [Oid.ntlm]: "NTLM",
  [Oid.negoex]: "NEGOEX",
  [Oid.kerberos]: "Kerberos",
  [Oid.microsoftKerberos]: "Kerberos, as Microsoft mistyped it",
  [Oid.kerberosUserToUser]: "Kerberos user-to-user",
};

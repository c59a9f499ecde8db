/** SCRAM messages in words: every attribute by name with its place and what it means (RFC 5802 sections 5 and 7). */
import {
  fieldOf,
  secretText,
  splitAt,
  textOf,
  type FieldInWords,
  type Part,
  type SaslDescription,
  type SecrecyContext,
} from "./message-words.ts";

export type ScramMessageName =
  "client-first-message" | "server-first-message" | "client-final-message" | "server-final-message";

/** What the messages before said. */
export interface ScramContext extends SecrecyContext {
  /** `r=` of the client-first-message. */
  readonly clientNonce?: string;
  /** Of the client-first-message, "n,," and the like. */
  readonly gs2Header?: string;
}

export interface ScramMessage {
  readonly name: ScramMessageName;
  /** Only of a client-first-message: as sent, with both commas. */
  readonly gs2Header: string;
  /** In their order, each as `x=value`; without the GS2 header. */
  readonly attributes: readonly Part[];
}

/** Commas beyond these are no message of SCRAM: eight attributes are defined. */
const ATTRIBUTE_LIMIT = 32;
const COMMA = 0x2c;

/** undefined for anything that does not begin as one of the four messages. */
export function readScram(bytes: Uint8Array): ScramMessage | undefined {
  const name = nameOf(Buffer.from(bytes.subarray(0, HEAD_LENGTH)).toString("latin1"));
  if (name === undefined) return undefined;
  const parts = splitAt(bytes, COMMA, ATTRIBUTE_LIMIT);
  if (name !== "client-first-message") return { name, gs2Header: "", attributes: parts };
  const bareAt = parts[2]?.offset ?? bytes.length;
  return { name, gs2Header: textOf(bytes.subarray(0, bareAt)), attributes: parts.slice(2) };
}

/** The value of the first attribute with that letter, as sent. */
export function scramValue({ attributes }: ScramMessage, letter: string): string | undefined {
  const part = attributes.find(({ bytes }) => letterOf(bytes) === letter);
  return part && textOf(part.bytes.subarray(2));
}

/** True for bytes that can hardly be anything else: all attributes of one of the four messages stand in their places. */
export function isScram(bytes: Uint8Array): boolean {
  if (bytes.length > WHOLE_LIMIT || (bytes[1] !== EQUALS && bytes[1] !== COMMA)) return false;
  const text = Buffer.from(bytes).toString("latin1");
  return WHOLE.some((pattern) => pattern.test(text));
}

/** Never throws: what cannot be read is described as far as it can be, with the problem said. */
export function scramWords(bytes: Uint8Array, context: ScramContext = {}): SaslDescription {
  const message = readScram(bytes);
  if (!message) return { message: "not a SCRAM message", length: bytes.length, fields: [], problem: "no attribute" };
  const header = message.name === "client-first-message" ? headerFields(bytes) : [];
  const attributes = message.attributes.flatMap((part) => attributeInWords(part, message, context));
  const notes = notesOn(message, context);
  const missing = MISSING[message.name].filter(
    (letters) => !letters.some((each) => scramValue(message, each) !== undefined),
  );
  return {
    message: message.name,
    length: bytes.length,
    fields: [...header, ...attributes],
    ...(notes.length > 0 ? { notes } : {}),
    ...(missing.length > 0
      ? { problem: `without ${missing.map((letters) => `${letters.join("= or ")}=`).join(", ")}` }
      : {}),
  };
}

function nameOf(head: string): ScramMessageName | undefined {
  if (/^(?:n|y|p=[A-Za-z0-9.-]*),(?:a=[^,]*)?,/.test(head)) return "client-first-message";
  if (/^(?:m=[^,]*,)?r=/.test(head)) return "server-first-message";
  if (head.startsWith("c=")) return "client-final-message";
  return /^[ve]=/.test(head) ? "server-final-message" : undefined;
}

/** gs2-cbind-flag and authzid: section 7, "gs2-header". */
function headerFields(bytes: Uint8Array): readonly FieldInWords[] {
  const [flag, authzid] = splitAt(bytes, COMMA, 3) as [Part, Part];
  const text = textOf(flag.bytes);
  const fields = [fieldOf("gs2-cbind-flag", flag, text, flagInWords(text))];
  if (authzid.bytes.length === 0) return fields;
  return [...fields, fieldOf("authzid", authzid, saslname(textOf(authzid.bytes.subarray(2))), "acts as this user")];
}

function flagInWords(flag: string): string {
  if (flag === "n") return "the client knows no channel binding";
  if (flag === "y") return "the client could bind, but saw no -PLUS offered";
  return `bound to the TLS connection by ${flag.slice(2)}`;
}

function attributeInWords(part: Part, message: ScramMessage, context: ScramContext): readonly FieldInWords[] {
  const letter = letterOf(part.bytes);
  const describe = letter === undefined ? undefined : DESCRIBE[letter];
  if (!describe) return [fieldOf("extension", part, textOf(part.bytes))];
  return [describe({ offset: part.offset, bytes: part.bytes }, message, context)];
}

type Describe = (part: Part, message: ScramMessage, context: ScramContext) => FieldInWords;

const DESCRIBE: Readonly<Record<string, Describe>> = {
  a: (part) => fieldOf("authzid", part, saslname(valueOf(part)), "acts as this user"),
  n: (part) => fieldOf("username", part, saslname(valueOf(part))),
  m: (part) => fieldOf("mandatory extension", part, valueOf(part), "must be refused by whoever does not know it"),
  r: (part, message, context) => fieldOf("nonce", part, valueOf(part), nonceInWords(valueOf(part), message, context)),
  s: (part) => fieldOf("salt", part, valueOf(part), lengthInWords(part)),
  i: (part) => fieldOf("iteration-count", part, valueOf(part), iterationsInWords(valueOf(part))),
  c: (part, _message, context) => fieldOf("channel-binding", part, valueOf(part), bindingInWords(part, context)),
  p: (part, _message, context) => fieldOf("proof", part, secretText(rawOf(part), context), hashInWords(part)),
  v: (part, _message, context) => fieldOf("verifier", part, secretText(rawOf(part), context), hashInWords(part)),
  e: (part) => fieldOf("server-error", part, valueOf(part)),
};

function nonceInWords(nonce: string, { name }: ScramMessage, { clientNonce }: ScramContext): string {
  if (name === "client-first-message") return `the client's, ${nonce.length} characters`;
  if (clientNonce === undefined) return `both parts, ${nonce.length} characters`;
  if (!nonce.startsWith(clientNonce)) return "does not begin with the client's";
  return `the client's ${clientNonce.length} characters, and the server's ${JSON.stringify(nonce.slice(clientNonce.length))}`;
}

/** RFC 5802 section 5.1 and RFC 7677 section 4: at least 4096. */
const FEWEST_ITERATIONS = 4096;

function iterationsInWords(text: string): string {
  if (!/^[1-9]\d{0,9}$/.test(text)) return "not a number";
  return Number(text) < FEWEST_ITERATIONS ? `fewer than the ${FEWEST_ITERATIONS} that are asked for` : "rounds of HMAC";
}

/** The GS2 header once more, then what the TLS connection is known by. */
function bindingInWords(part: Part, { gs2Header }: ScramContext): string {
  const bytes = decoded(part);
  const [flag, , data] = splitAt(bytes, COMMA, 3);
  if (!flag || !data) return "no GS2 header in it";
  const header = textOf(bytes.subarray(0, data.offset));
  const differs = gs2Header !== undefined && header !== gs2Header ? ", NOT that of the client-first-message" : "";
  const shown = JSON.stringify(header);
  if (data.bytes.length === 0) return `GS2 header ${shown}${differs}, no binding data`;
  const hex = Buffer.from(data.bytes).toString("hex");
  return `GS2 header ${shown}${differs}, ${data.bytes.length} bytes of ${textOf(flag.bytes).slice(2)}: ${hex.slice(0, 128)}`;
}

function notesOn(message: ScramMessage, { clientNonce }: ScramContext): readonly string[] {
  const nonce = scramValue(message, "r");
  const isAnswer = message.name === "server-first-message" || message.name === "client-final-message";
  if (!isAnswer || clientNonce === undefined || nonce === undefined) return [];
  if (!nonce.startsWith(clientNonce)) return ["the nonce is of another exchange: it must be refused"];
  return nonce.length === clientNonce.length ? ["the server added nothing to the nonce: it must be refused"] : [];
}

/** SHA-1 makes 20 bytes, SHA-256 32, SHA-512 64. */
function hashInWords(part: Part): string {
  const { length } = decoded(part);
  return { 20: "20 bytes: SHA-1", 32: "32 bytes: SHA-256", 64: "64 bytes: SHA-512" }[length] ?? `${length} bytes`;
}

function lengthInWords(part: Part): string {
  return `${decoded(part).length} bytes`;
}

/** saslname: "=2C" and "=3D" stand for comma and equals sign. */
export function saslname(text: string): string {
  return text.replace(/=(2C|3D)/g, (_whole, code: string) => (code === "2C" ? "," : "="));
}

function letterOf(bytes: Uint8Array): string | undefined {
  return bytes[1] === EQUALS ? String.fromCharCode(bytes[0] ?? 0) : undefined;
}

function rawOf(part: Part): Uint8Array {
  return part.bytes.subarray(2);
}

function valueOf(part: Part): string {
  return textOf(rawOf(part));
}

function decoded(part: Part): Buffer {
  return Buffer.from(valueOf(part), "base64");
}

const EQUALS = 0x3d;
/** No real message comes near. */
const WHOLE_LIMIT = 4096;
/** More than the GS2 header of any client: only the name of the message is looked for in it. */
const HEAD_LENGTH = 2048;

const WHOLE: readonly RegExp[] = [
  /^(?:n|y|p=[A-Za-z0-9.-]+),(?:a=[^,]+)?,(?:m=[^,]+,)?n=[^,]+,r=[!-+\--~]+(?:,[A-Za-z]=[^,]*)*$/,
  /^(?:m=[^,]+,)?r=[!-+\--~]+,s=[A-Za-z0-9+/]+={0,2},i=\d+(?:,[A-Za-z]=[^,]*)*$/,
  /^c=[A-Za-z0-9+/]+={0,2},r=[!-+\--~]+(?:,[A-Za-z]=[^,]*)*,p=[A-Za-z0-9+/]+={0,2}$/,
  /^(?:v=[A-Za-z0-9+/]{27,86}={1,2}|e=[a-z-]{5,60})(?:,[A-Za-z]=[^,]*)*$/,
];

/** Of each group one must be there. */
const MISSING: Readonly<Record<ScramMessageName, readonly (readonly string[])[]>> = {
  "client-first-message": [["n"], ["r"]],
  "server-first-message": [["r"], ["s"], ["i"]],
  "client-final-message": [["c"], ["r"], ["p"]],
  "server-final-message": [["v", "e"]],
};

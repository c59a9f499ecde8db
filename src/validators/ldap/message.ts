/**
 * LDAPMessage as servers may send it, RFC 4511 section 4.1.1 and appendix B, held against the grammar byte by byte: the
 * driver behind takes lengths on trust and can be sent into endless loops by those that do not fit.
 */

/** Of a BER element. */
interface Element {
  readonly tag: number;
  /** Offsets of the contents. */
  readonly start: number;
  readonly end: number;
}

const Tag = {
  integer: 0x02,
  octetString: 0x04,
  enumerated: 0x0a,
  sequence: 0x30,
  set: 0x31,
  bindResponse: 0x61,
  searchResultEntry: 0x64,
  searchResultDone: 0x65,
  searchResultReference: 0x73,
  extendedResponse: 0x78,
  serverSaslCreds: 0x87,
  responseName: 0x8a,
  responseValue: 0x8b,
  controls: 0xa0,
  referral: 0xa3,
} as const;

/** Bytes of the first message, header included; undefined as long as its header is not there. Throws Error. */
export function messageLength(bytes: Buffer): number | undefined {
  if (bytes.length > 0 && bytes[0] !== Tag.sequence) throw malformed();
  const length = bytes.length > 1 ? lengthAt(bytes, 1) : undefined;
  return length && length.start + length.value;
}

/** The message without its controls, which nobody here has asked for. Throws Error where it breaks the grammar. */
export function checkMessage(message: Buffer): Buffer {
  const [whole, ...others] = elements(message, 0, message.length);
  if (whole?.tag !== Tag.sequence || others.length > 0) throw malformed();
  const [id, operation, controls, ...more] = elements(message, whole.start, whole.end);
  if (id?.tag !== Tag.integer || operation === undefined || more.length > 0) throw malformed();
  if (id.end - id.start < 1 || id.end - id.start > 4) throw malformed();
  if (controls !== undefined && controls.tag !== Tag.controls) throw malformed();
  checkOperation(message, operation);
  return wrap(message.subarray(whole.start, operation.end));
}

function checkOperation(message: Buffer, { tag, start, end }: Element): void {
  const parts = elements(message, start, end);
  switch (tag) {
    case Tag.bindResponse:
      return checkResult(message, parts, [Tag.referral, Tag.serverSaslCreds]);
    case Tag.searchResultDone:
      return checkResult(message, parts, [Tag.referral]);
    case Tag.extendedResponse:
      return checkResult(message, parts, [Tag.referral, Tag.responseName, Tag.responseValue]);
    case Tag.searchResultEntry:
      return checkEntry(message, parts);
    case Tag.searchResultReference:
      return all(parts, Tag.octetString);
    default:
      throw malformed();
  }
}

/** LDAPResult, section 4.1.9, and what each operation may have behind it, in that order. */
function checkResult(message: Buffer, [code, dn, text, ...rest]: readonly Element[], allowed: readonly number[]): void {
  if (code?.tag !== Tag.enumerated || code.end - code.start < 1 || code.end - code.start > 2) throw malformed();
  if (dn?.tag !== Tag.octetString || text?.tag !== Tag.octetString) throw malformed();
  let next = 0;
  for (const { tag, start, end } of rest) {
    const at = allowed.indexOf(tag, next);
    if (at < 0) throw malformed();
    if (tag === Tag.referral) all(elements(message, start, end), Tag.octetString);
    next = at + 1;
  }
}

/** Section 4.5.2: a name and its attributes, each a type and a set of values. */
function checkEntry(message: Buffer, [name, attributes, ...more]: readonly Element[]): void {
  if (name?.tag !== Tag.octetString || attributes?.tag !== Tag.sequence || more.length > 0) throw malformed();
  for (const attribute of elements(message, attributes.start, attributes.end)) {
    const [type, values, ...others] = elements(message, attribute.start, attribute.end);
    if (attribute.tag !== Tag.sequence || type?.tag !== Tag.octetString) throw malformed();
    if (values?.tag !== Tag.set || others.length > 0) throw malformed();
    all(elements(message, values.start, values.end), Tag.octetString);
  }
}

function all(parts: readonly Element[], tag: number): void {
  if (!parts.every((part) => part.tag === tag)) throw malformed();
}

/** What fills the bytes from `start` to `end` exactly. */
function elements(message: Buffer, start: number, end: number): readonly Element[] {
  const found: Element[] = [];
  for (let at = start; at < end;) {
    const length = at + 1 < end ? lengthAt(message.subarray(0, end), at + 1) : undefined;
    if (length === undefined || length.start + length.value > end) throw malformed();
    found.push({ tag: message.readUInt8(at), start: length.start, end: length.start + length.value });
    at = length.start + length.value;
  }
  return found;
}

/** Definite lengths of up to four bytes (section 5.1); undefined: not all of it is there. */
function lengthAt(bytes: Buffer, at: number): { readonly start: number; readonly value: number } | undefined {
  const first = bytes[at];
  if (first === undefined) return undefined;
  if (first < 0x80) return { start: at + 1, value: first };
  const size = first & 0x7f;
  if (size === 0 || size > 4) throw malformed();
  return bytes.length < at + 1 + size ? undefined : { start: at + 1 + size, value: bytes.readUIntBE(at + 1, size) };
}

function wrap(contents: Buffer): Buffer {
  const header = Buffer.alloc(6);
  header.writeUInt8(Tag.sequence, 0);
  header.writeUInt8(0x84, 1);
  header.writeUInt32BE(contents.length, 2);
  return Buffer.concat([header, contents]);
}

function malformed(): Error {
  return new Error("the server's answer is no LDAP");
}

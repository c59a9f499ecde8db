/** The messages of SCRAM, read and written as RFC 5802 section 7 spells them; the same for both sides. */
import { decodeBase64, encodeBase64 } from "../core/base64.ts";

/** The message is not one of SCRAM's. Says what is wrong, without the peer's text. */
export class ScramSyntaxError extends Error {
  override readonly name = "ScramSyntaxError";
}

/** What the client thinks of channel binding: cannot, could but was not offered it, does with this type. */
export type BindingFlag =
  { readonly kind: "n" } | { readonly kind: "y" } | { readonly kind: "p"; readonly type: string };

export interface ClientFirst {
  readonly flag: BindingFlag;
  /** undefined: as the user itself. */
  readonly authzid: string | undefined;
  /** Decoded, not prepared. */
  readonly username: string;
  readonly nonce: string;
  /** gs2-header and client-first-message-bare as they came: both are authenticated as bytes. */
  readonly header: string;
  readonly bare: string;
}

export interface ServerFirst {
  readonly nonce: string;
  readonly salt: Uint8Array;
  readonly iterations: number;
}

export interface ClientFinal {
  /** Decoded `c=`: gs2-header and binding data. */
  readonly binding: Buffer;
  readonly nonce: string;
  readonly proof: Buffer;
  readonly withoutProof: string;
}

/** How a server ends: with its signature, or with one of the errors of RFC 5802 section 7. */
export type ServerFinal =
  { readonly kind: "signature"; readonly signature: Buffer } | { readonly kind: "error"; readonly error: string };

/** Ours have 24 characters, nobody's more than a hundred. */
const NONCE_LIMIT = 512;
const NONCE = /^[\x21-\x2b\x2d-\x7e]+$/;
/** Longest salt that we believe, bytes. */
const SALT_LIMIT = 512;

export function readClientFirst(message: string): ClientFirst {
  const [, header = "", flag = "", authzid, bare = ""] = /^((n|y|p=[^,]*),(?:a=([^,]*))?,)(.*)$/s.exec(message) ?? [];
  if (header === "") throw new ScramSyntaxError("there is no gs2-header");
  const [name = "", nonce = "", ...extensions] = bare.split(",");
  if (name.startsWith("m=")) throw new ScramSyntaxError("a mandatory extension is asked for (m=), none is supported");
  checkExtensions(extensions);
  const username = fromSaslName(valueOf(name, "n"));
  const names = { username, authzid: authzid === undefined ? undefined : fromSaslName(authzid) };
  return { flag: readFlag(flag), ...names, nonce: nonceIn(nonce), header, bare };
}

function readFlag(flag: string): BindingFlag {
  if (flag === "n" || flag === "y") return { kind: flag };
  const type = flag.slice("p=".length);
  if (!/^[A-Za-z0-9.-]{1,64}$/.test(type)) throw new ScramSyntaxError("p= names no channel binding type");
  return { kind: "p", type };
}

/** The gs2-header, and the message without it. */
export function writeClientFirst(flag: BindingFlag, authzid: string, username: string, nonce: string) {
  const header = `${flag.kind === "p" ? `p=${flag.type}` : flag.kind},${authzid && `a=${toSaslName(authzid)}`},`;
  return { header, bare: `n=${toSaslName(username)},r=${nonce}` };
}

export function readServerFirst(message: string): ServerFirst {
  const [nonce = "", salt = "", iterations = "", ...extensions] = message.split(",");
  if (nonce.startsWith("m=")) throw new ScramSyntaxError("a mandatory extension is asked for (m=), none is supported");
  checkExtensions(extensions);
  const count = valueOf(iterations, "i");
  if (!/^[1-9][0-9]{0,9}$/.test(count)) throw new ScramSyntaxError("i= is no number");
  const bytes = base64In(salt, "s");
  if (bytes.length === 0 || bytes.length > SALT_LIMIT) throw new ScramSyntaxError("s= is empty or too long");
  return { nonce: nonceIn(nonce), salt: bytes, iterations: Number(count) };
}

export function writeServerFirst({ nonce, salt, iterations }: ServerFirst): string {
  return `r=${nonce},s=${encodeBase64(salt)},i=${iterations}`;
}

export function readClientFinal(message: string): ClientFinal {
  const parts = message.split(",");
  const proof = base64In(parts.pop() ?? "", "p");
  const [binding = "", nonce = "", ...extensions] = parts;
  checkExtensions(extensions);
  return { binding: base64In(binding, "c"), nonce: nonceIn(nonce), proof, withoutProof: parts.join(",") };
}

/** Without `,p=` and the proof, which is computed from this. */
export function writeClientFinal(binding: Uint8Array, nonce: string): string {
  return `c=${encodeBase64(binding)},r=${nonce}`;
}

export function readServerFinal(message: string): ServerFinal {
  const [first = "", ...extensions] = message.split(",");
  checkExtensions(extensions);
  if (first.startsWith("e=")) return { kind: "error", error: valueOf(first, "e") };
  return { kind: "signature", signature: base64In(first, "v") };
}

/** What the proof and the signature are made over. */
export function authMessage(clientFirstBare: string, serverFirst: string, clientFinalWithoutProof: string): string {
  return `${clientFirstBare},${serverFirst},${clientFinalWithoutProof}`;
}

/** Optional extensions are skipped when they look like ones; a mandatory one must not be (section 5.1 on `m`). */
function checkExtensions(extensions: readonly string[]): void {
  for (const extension of extensions) {
    if (!/^[A-Za-z]=[^\0]+$/.test(extension) || extension.startsWith("m="))
      throw new ScramSyntaxError("an extension is malformed or mandatory");
  }
}

function valueOf(attribute: string, letter: string): string {
  const value = attribute.slice(2);
  if (!attribute.startsWith(`${letter}=`) || value === "" || value.includes("\0"))
    throw new ScramSyntaxError(`${letter}= is missing, empty or in the wrong place`);
  return value;
}

function nonceIn(attribute: string): string {
  const nonce = valueOf(attribute, "r");
  if (nonce.length > NONCE_LIMIT || !NONCE.test(nonce)) throw new ScramSyntaxError("r= is no nonce");
  return nonce;
}

function base64In(attribute: string, letter: string): Buffer {
  const bytes = decodeBase64(valueOf(attribute, letter));
  if (bytes === undefined) throw new ScramSyntaxError(`${letter}= is not base64`);
  return bytes;
}

/** saslname: `=2C` and `=3D` stand for the two characters that have a meaning. */
function fromSaslName(text: string): string {
  if (text === "" || text.includes("\0") || /=(?!2C|3D)/.test(text))
    throw new ScramSyntaxError("a name is empty or has an = that begins neither =2C nor =3D");
  return text.replaceAll("=2C", ",").replaceAll("=3D", "=");
}

function toSaslName(name: string): string {
  return name.replaceAll("=", "=3D").replaceAll(",", "=2C");
}

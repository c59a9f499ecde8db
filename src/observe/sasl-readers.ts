/**
 * What may be shown of each mechanism's messages, in a few words. Only what is read to its last byte is shown: a message
 * that is not quite what it should be stays hidden, for what looks like a name in it may be a password.
 */
import { isUtf8 } from "node:buffer";
import { isPlausibleName } from "../core/identity.ts";
import { isRawNtlm } from "../ntlm/spnego/tokens.ts";
import { ntlmWords, type NtlmDescription } from "./ntlm-words.ts";
import { printable } from "./printable.ts";
import { readScram, saslname, scramValue } from "./scram-words.ts";
import { spnegoWords } from "./spnego-words.ts";

export interface ShownMessage {
  readonly text: string;
  /** The NTLM message in it. */
  readonly ntlm?: NtlmDescription;
}

/** What a reader may know of the messages before. */
export interface Course {
  /** NegotiateFlags of the CHALLENGE_MESSAGE. */
  challengeFlags: number | undefined;
  /** The server's last challenge; undefined while it has sent none. */
  prompt: string | undefined;
}

/** undefined for bytes that are no such message: they stay hidden. */
export type Read = (bytes: Buffer, course: Course) => string | ShownMessage | undefined;

export interface Reader {
  readonly challenge: Read;
  readonly response: Read;
}

function textOf(bytes: Uint8Array): string | undefined {
  return isUtf8(bytes) ? Buffer.from(bytes).toString("utf8") : undefined;
}

function userName(name: string): string | undefined {
  return isPlausibleName(name) ? `user name ${printable(name)}` : undefined;
}

/** An empty one is none. */
function actsAs(authzid: string): string | undefined {
  if (authzid === "") return "";
  return isPlausibleName(authzid) ? `, acts as ${printable(authzid)}` : undefined;
}

/** The parts in one pair of brackets; undefined when one of them is not what it should be. */
function bracketed(...parts: readonly (string | undefined)[]): string | undefined {
  return parts.includes(undefined) ? undefined : `<${parts.join("")}>`;
}

const nothing: Read = () => undefined;
/** Of mechanisms that are not read here. */
export const HIDDEN: Reader = { challenge: nothing, response: nothing };

/** RFC 4616: all three parts, or what looks like a name may be a password. */
const plain: Read = (bytes) => {
  const [authzid, authcid, passwd, ...more] = (textOf(bytes) ?? "").split("\0");
  if (authzid === undefined || authcid === undefined || !passwd || more.length > 0) return undefined;
  return bracketed(userName(authcid), actsAs(authzid), ", password hidden");
};

/** The prompt says what the client is asked for; what it sends with the command is the name. */
const login: Read = (bytes, { prompt }) => {
  const isName = prompt === undefined || /^user ?name/i.test(prompt);
  return isName ? bracketed(userName(textOf(bytes) ?? "")) : "<password hidden>";
};

const loginPrompt: Read = (bytes) => {
  const [, prompt] = /^(User ?name|Password):?\0?$/i.exec(bytes.toString("latin1")) ?? [];
  return prompt && `<${prompt}>`;
};

/** RFC 2195. */
const cramMd5: Read = (bytes) => {
  const [, name] = /^(.*) [0-9a-f]{32}$/is.exec(textOf(bytes) ?? "") ?? [];
  return bracketed(userName(name ?? ""), ", digest hidden");
};

const cramMd5Challenge: Read = (bytes) => {
  const text = bytes.toString("latin1");
  return /^<[!-;=?-~]{1,250}>$/.test(text) ? `<challenge ${text.slice(1)}` : undefined;
};

/** RFC 4422 appendix A. */
const external: Read = (bytes) => bracketed("the certificate's identity", actsAs(textOf(bytes) ?? "\0"));

/** RFC 7628 section 3.1. */
const oauthbearer: Read = (bytes) => {
  const [, authzid = ""] = OAUTHBEARER.exec(textOf(bytes) ?? "\0") ?? ["", "\0"];
  return acknowledged(bytes) ?? bearer(saslname(authzid));
};
const OAUTHBEARER =
  /^(?:n|y|p=[A-Za-z0-9.-]*),(?:a=([^,\x01]*))?,\x01(?:(?:host|port|mthd|path|post|qs)=[^\x01]*\x01)*auth=[^\x01]*\x01(?:(?:host|port|mthd|path|post|qs)=[^\x01]*\x01)*\x01$/;

const xoauth2: Read = (bytes) => {
  const [, user] = /^user=([^\x01]*)\x01auth=[^\x01]*\x01\x01$/.exec(textOf(bytes) ?? "") ?? ["", "\0"];
  return acknowledged(bytes) ?? bearer(user ?? "");
};

function bearer(user: string): string | undefined {
  if (user === "") return "<bearer token hidden, no user>";
  return isPlausibleName(user) ? `<bearer token hidden, user ${printable(user)}>` : undefined;
}

/** RFC 7628 section 3.2.3: a client that was shown an error answers with this, or nothing. */
function acknowledged(bytes: Buffer): string | undefined {
  return bytes.length === 1 && bytes[0] === 1 ? "<acknowledged>" : undefined;
}

const oauthError: Read = (bytes) => {
  const text = textOf(bytes) ?? "";
  return text.startsWith("{") && text.length <= SHOWN_ERROR ? `<error ${printable(text)}>` : undefined;
};
/** Ours is a status, a scope and an address. */
const SHOWN_ERROR = 512;

/** RFC 5802 section 5. Proof and verifier let whoever sees them guess passwords offline. */
const scramResponse: Read = (bytes) => {
  const message = readScram(bytes);
  const value = (letter: string): string => (message && scramValue(message, letter)) ?? "";
  if (message?.name === "client-final-message")
    return isBase64(value("p")) ? "<client-final, proof hidden>" : undefined;
  if (message?.name !== "client-first-message" || value("r") === "") return undefined;
  const [flag = "", authzid = ""] = message.gs2Header.split(",");
  const name = saslname(value("n"));
  const acts = saslname(authzid.slice("a=".length));
  return bracketed("client-first, ", userName(name), acts === name ? "" : actsAs(acts), `, ${bindingInWords(flag)}`);
};

function bindingInWords(flag: string): string {
  if (flag === "y") return "could bind to TLS but was not offered it";
  const [, type] = /^p=([a-z0-9.-]{1,40})$/.exec(flag) ?? [];
  return type === undefined ? "not bound to TLS" : `bound to TLS by ${type}`;
}

const scramChallenge: Read = (bytes) => {
  const message = readScram(bytes);
  const value = (letter: string): string => (message && scramValue(message, letter)) ?? "";
  if (message?.name === "server-first-message")
    return /^\d{1,10}$/.test(value("i")) ? `<server-first, ${value("i")} iterations>` : undefined;
  if (message?.name !== "server-final-message") return undefined;
  if (isBase64(value("v"))) return "<server-final, verifier hidden>";
  return /^[a-z-]{1,60}$/.test(value("e")) ? `<server-final, error ${value("e")}>` : undefined;
};

function isBase64(text: string): boolean {
  return text !== "" && BASE64.test(text);
}

const ntlm: Read = (bytes, course) => {
  if (!isRawNtlm(bytes)) return undefined;
  const description = ntlmWords(bytes, contextOf(course));
  return {
    text: `<NTLM ${notice(description, course)}, ${bytes.length} bytes>`,
    ntlm: description,
  };
};

/** RFC 4178. A client may leave SPNEGO out. */
const spnego: Read = (bytes, course) => {
  if (isRawNtlm(bytes)) return ntlm(bytes, course);
  const { message, ntlm: inside } = spnegoWords(bytes, contextOf(course));
  if (message === "not a SPNEGO token") return undefined;
  if (!inside) return `<${message}, ${bytes.length} bytes>`;
  return {
    text: `<${message} with NTLM ${notice(inside, course)}, ${bytes.length} bytes>`,
    ntlm: inside,
  };
};

function contextOf({ challengeFlags }: Course): { readonly now: Date; readonly challengeFlags?: number } {
  return { now: new Date(), ...(challengeFlags !== undefined && { challengeFlags }) };
}

/** The message's name; of a challenge the flags are kept, by which the next message is read. */
function notice({ message, flags }: NtlmDescription, course: Course): string {
  if (message === "CHALLENGE_MESSAGE") course.challengeFlags = flags?.value;
  return message;
}

/** Canonical base64 (RFC 4648 section 4), or nothing. */
export const BASE64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/;

const SCRAM: Reader = { challenge: scramChallenge, response: scramResponse };

/** By the mechanism's name in capitals. */
export const READERS: ReadonlyMap<string, Reader> = new Map([
  ["PLAIN", { challenge: nothing, response: plain }],
  ["LOGIN", { challenge: loginPrompt, response: login }],
  ["CRAM-MD5", { challenge: cramMd5Challenge, response: cramMd5 }],
  ["EXTERNAL", { challenge: nothing, response: external }],
  ["OAUTHBEARER", { challenge: oauthError, response: oauthbearer }],
  ["XOAUTH2", { challenge: oauthError, response: xoauth2 }],
  ["SCRAM-SHA-1", SCRAM],
  ["SCRAM-SHA-1-PLUS", SCRAM],
  ["SCRAM-SHA-256", SCRAM],
  ["SCRAM-SHA-256-PLUS", SCRAM],
  ["NTLM", { challenge: ntlm, response: ntlm }],
  // What Outlook before 2000 calls NTLM.
  ["MSN", { challenge: ntlm, response: ntlm }],
  ["GSS-SPNEGO", { challenge: spnego, response: spnego }],
]);

/** Finds logon messages in whatever was pasted, and puts those together that belong to one exchange. */
import { ntlmInside } from "../../observe/spnego-words.ts";
import { bareBytes, SaslDialogue, type SaslMessage } from "./dialogue.ts";
import { readScram } from "../../observe/scram-words.ts";
import { guessMechanism } from "../../observe/sasl-words.ts";
import { findTokens, MESSAGE_COUNT_LIMIT, type Token } from "./tokens.ts";

/** One message, in the text's order. */
export type Found = FoundNtlm | FoundSasl;

export interface FoundNtlm {
  readonly kind: "NTLM" | "SPNEGO";
  /** From 1. */
  readonly line: number;
  /** The token: around NTLM, if it is SPNEGO. */
  readonly bytes: Buffer;
  /** The NTLM message in it; undefined where SPNEGO carries none. */
  readonly ntlm: Buffer | undefined;
}

export interface FoundSasl {
  readonly kind: "SASL";
  readonly line: number;
  readonly sasl: SaslMessage;
  readonly bytes: Buffer;
}

export { MESSAGE_COUNT_LIMIT } from "./tokens.ts";

/** All messages in the order they stand there; empty when there are none. Linear in the text's length. */
export function findMessages(text: string): readonly Found[] {
  const found = walk(text, findTokens(text));
  return found.length > 0 ? found : bareWhole(text);
}

function walk(text: string, tokens: readonly Token[]): readonly Found[] {
  const dialogue = new SaslDialogue();
  const found: Found[] = [];
  let line = 0;
  let next = 0;
  for (let at = 0; at <= text.length && found.length < MESSAGE_COUNT_LIMIT;) {
    const newline = text.indexOf("\n", at);
    const end = newline < 0 ? text.length : newline;
    line += 1;
    const isInside = (tokens[next - 1]?.end ?? 0) > at;
    if (isInside || (tokens[next]?.at ?? Infinity) < end) dialogue.leave();
    else if (end - at > 1 || text[at] === CANCEL) found.push(...hearLine(dialogue, text.slice(at, end), line));
    for (; (tokens[next]?.at ?? Infinity) < end; next++) found.push(foundToken(tokens[next]!, line));
    at = end + 1;
  }
  return found;
}

function hearLine(dialogue: SaslDialogue, text: string, line: number): readonly Found[] {
  const sasl = dialogue.hear(text);
  return sasl ? [{ kind: "SASL", line, sasl, bytes: sasl.bytes }] : [];
}

function foundToken({ kind, bytes }: Token, line: number): FoundNtlm {
  return { kind, line, bytes, ntlm: kind === "NTLM" ? bytes : ntlmInside(bytes) };
}

/** One message and nothing else, wrapped or with blanks in it. */
function bareWhole(text: string): readonly Found[] {
  if (text.length > BARE_LIMIT) return [];
  const bytes = bareBytes(text.replace(/\s+/g, ""));
  const mechanism = bytes && guessMechanism(bytes);
  if (!bytes || mechanism === undefined) return [];
  return [{ kind: "SASL", line: 1, sasl: { mechanism, from: "client", index: 0, exchange: undefined, bytes }, bytes }];
}

/** The one line of a single character that says something. */
const CANCEL = "*";
/** The longest token of OAuth with its base64. */
const BARE_LIMIT = 256 * 1024;

/** Cuts the messages into exchanges, in their order. */
export function groupExchanges(messages: readonly Found[]): readonly (readonly Found[])[] {
  const groups: Found[][] = [];
  for (const message of messages) {
    const current = groups.at(-1);
    const last = current?.at(-1);
    if (current && last && continues(last, message)) current.push(message);
    else groups.push([message]);
  }
  return groups;
}

/** An AUTHENTICATE ends an exchange of NTLM, a message of a type already seen begins the next; so with SCRAM's four. */
function continues(last: Found, message: Found): boolean {
  if (last.kind === "SASL" || message.kind === "SASL") return continuesSasl(last, message);
  // The end of SPNEGO carries no NTLM: it belongs to what came before.
  if (!message.ntlm) return message.kind === "SPNEGO" && last.kind === "SPNEGO";
  return ntlmType(last.ntlm) < ntlmType(message.ntlm) && last.ntlm !== undefined;
}

function continuesSasl(last: Found, message: Found): boolean {
  if (last.kind !== "SASL" || message.kind !== "SASL") return false;
  const { exchange } = message.sasl;
  if (exchange !== undefined || last.sasl.exchange !== undefined) return exchange === last.sasl.exchange;
  return scramStep(last) >= 0 && scramStep(last) < scramStep(message);
}

function scramStep({ bytes, kind, ...rest }: Found): number {
  const isBareScram = kind === "SASL" && "sasl" in rest && rest.sasl.mechanism === "SCRAM";
  return isBareScram ? SCRAM_ORDER.indexOf(readScram(bytes)?.name ?? "") : -1;
}

const SCRAM_ORDER: readonly string[] = [
  "client-first-message",
  "server-first-message",
  "client-final-message",
  "server-final-message",
];

export function ntlmType(message: Buffer | undefined): number {
  return message && message.length >= 12 ? message.readUInt32LE(8) : 0;
}

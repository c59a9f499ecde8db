/** What every decoded message has in common: its fields by name with their places, and secrets that stay hidden. */

import { isUtf8 } from "node:buffer";

/** A field with its place in the message, in bytes. */
export interface FieldInWords {
  /** The specification's name. */
  readonly name: string;
  readonly offset: number;
  readonly length: number;
  /** The value, or what it is where it must not be shown. */
  readonly text: string;
  /** What the value says. */
  readonly meaning?: string;
}

/** A SASL message in words. */
export interface SaslDescription {
  /** Its name in the mechanism's specification. */
  readonly message: string;
  /** Bytes. */
  readonly length: number;
  readonly fields: readonly FieldInWords[];
  /** What follows from the fields together. */
  readonly notes?: readonly string[];
  /** What is wrong with the message; fields are then as far as they could be read. */
  readonly problem?: string;
}

export interface SecrecyContext {
  /** Passwords, tokens, proofs and responses whole; otherwise only their lengths. */
  readonly showSecrets?: boolean;
  /** For ages and clock skew. */
  readonly now?: Date;
}

/** A value that is shown only on demand. */
export function secretText(value: Uint8Array, { showSecrets }: SecrecyContext): string {
  if (showSecrets === true) return textOf(value);
  return value.length === 0 ? "(empty)" : "(hidden)";
}

/** UTF-8 where it is, else hex digits. */
export function textOf(value: Uint8Array): string {
  const bytes = Buffer.from(value.buffer, value.byteOffset, value.byteLength);
  return isUtf8(bytes) ? bytes.toString("utf8") : `0x${bytes.toString("hex")}`;
}

/** A part of a message, cut out at a separator, with its place. */
export interface Part {
  readonly offset: number;
  readonly bytes: Uint8Array;
}

/** The parts between separators, at most `limit` of them: the last one then holds the rest. */
export function splitAt(message: Uint8Array, separator: number, limit: number): readonly Part[] {
  const parts: Part[] = [];
  let from = 0;
  while (parts.length < limit - 1) {
    const at = message.indexOf(separator, from);
    if (at < 0) break;
    parts.push({ offset: from, bytes: message.subarray(from, at) });
    from = at + 1;
  }
  return [...parts, { offset: from, bytes: message.subarray(from) }];
}

export function fieldOf(name: string, part: Part, text: string, meaning?: string): FieldInWords {
  const field = { name, offset: part.offset, length: part.bytes.length, text };
  return meaning === undefined ? field : { ...field, meaning };
}

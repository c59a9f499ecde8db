/** A message that SEARCH looks at: its texts are decoded when a key asks for them, and once only (RFC 3501 section 6.4.4). */
import type { StoredMessage } from "../mailbox.ts";
import { type MimePart, parseMime } from "../mime.ts";
import { decodeHeader, textOf, textParts } from "../mime-text.ts";
import type { Numbered } from "./selected.ts";

export class Candidate {
  readonly sequence: number;
  readonly recent: boolean;
  readonly message: StoredMessage;
  #structure: MimePart | undefined;
  #header: string | undefined;
  #texts: readonly string[] | undefined;

  constructor({ sequence, entry }: Numbered) {
    this.sequence = sequence;
    this.recent = entry.recent;
    this.message = entry.message;
  }

  /** The decoded values of a header field, in lower case, none where there is no such field. */
  field(name: string): readonly string[] {
    const fields = this.#parsed.fields.filter((field) => field.name === name);
    return fields.map(({ value }) => decodeHeader(value).toLowerCase());
  }

  /** All header fields, decoded, in lower case. */
  get header(): string {
    this.#header ??= this.#parsed.fields
      .map(({ name, value }) => `${name}: ${decodeHeader(value)}`)
      .join("\r\n")
      .toLowerCase();
    return this.#header;
  }

  /** The decoded text parts, in lower case. */
  get texts(): readonly string[] {
    this.#texts ??= [...textParts(this.#parsed)].map((part) => textOf(this.message.raw, part).toLowerCase());
    return this.#texts;
  }

  get #parsed(): MimePart {
    return (this.#structure ??= parseMime(this.message.raw));
  }
}

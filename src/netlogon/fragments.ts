/** Cuts what comes over TCP into RPC fragments (C706 12.6.2); memory is one fragment, work is linear in the bytes. */
import { FRAGMENT_LIMIT, fragmentLength, HEADER_LENGTH } from "./pdu.ts";

export class Fragments {
  readonly #buffer = Buffer.alloc(FRAGMENT_LIMIT);
  #length = 0;

  /** Calls `whole` for each fragment, which may keep it. Throws NetlogonError for a header that is none. */
  push(chunk: Buffer, whole: (fragment: Buffer) => void): void {
    for (let at = 0; at < chunk.length;) {
      const wanted = this.#wanted();
      const part = chunk.subarray(at, at + wanted - this.#length);
      part.copy(this.#buffer, this.#length);
      this.#length += part.length;
      at += part.length;
      if (this.#length < HEADER_LENGTH || this.#length < this.#wanted()) continue;
      const fragment = Buffer.from(this.#buffer.subarray(0, this.#length));
      this.#length = 0;
      whole(fragment);
    }
  }

  #wanted(): number {
    return this.#length < HEADER_LENGTH ? HEADER_LENGTH : fragmentLength(this.#buffer);
  }
}

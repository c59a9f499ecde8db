/** Reads the subset of NDR 2.0 (C706 chapter 14) that Netlogon's replies need; no byte outside of the stub, no size believed. */
import { malformed } from "./error.ts";

/** Length of an RPC_UNICODE_STRING (MS-DTYP 2.3.10) whose text comes later; undefined: it has none. */
export type DeferredText = number | undefined;

export class NdrReader {
  readonly #stub: Buffer;
  /** Alignment counts from the beginning of the stub. */
  #at = 0;

  constructor(stub: Buffer) {
    this.#stub = stub;
  }

  get remaining(): number {
    return this.#stub.length - this.#at;
  }

  u8(): number {
    return this.#stub[this.#claim(1, 1)]!;
  }

  u16(): number {
    return this.#stub.readUInt16LE(this.#claim(2, 2));
  }

  u32(): number {
    return this.#stub.readUInt32LE(this.#claim(4, 4));
  }

  /** FILETIME or OLD_LARGE_INTEGER: two u32, so that 4 is its alignment. */
  u64(): bigint {
    return this.#stub.readBigUInt64LE(this.#claim(8, 4));
  }

  /** A fixed array of bytes; a view. */
  bytes(count: number): Buffer {
    const at = this.#claim(count, 1);
    return this.#stub.subarray(at, at + count);
  }

  align(to: number): void {
    this.#claim(0, to);
  }

  /** A unique pointer's referent: whether there is something to come. */
  pointer(): boolean {
    return this.u32() !== 0;
  }

  /** How many elements of at least `size` bytes follow: never more than the bytes that are left can hold. */
  count(size: number): number {
    const count = this.u32();
    if (count * size > this.remaining) throw malformed(`an array of ${count} elements in ${this.remaining} bytes`);
    return count;
  }

  /** The part of an RPC_UNICODE_STRING that stands in its structure. */
  deferredText(): DeferredText {
    const length = this.u16();
    this.u16();
    return this.pointer() ? length : undefined;
  }

  /** The part that was deferred. */
  text(length: DeferredText): string {
    if (length === undefined) return "";
    const maximum = this.u32();
    const offset = this.u32();
    const units = this.count(2);
    if (offset !== 0 || units > maximum || units * 2 !== length) {
      throw malformed(`a string of ${length} bytes as ${units} of ${maximum} characters from ${offset}`);
    }
    return this.bytes(length).toString("utf16le");
  }

  #claim(count: number, alignment: number): number {
    const at = Math.ceil(this.#at / alignment) * alignment;
    if (at + count > this.#stub.length)
      throw malformed(`the stub ends at ${this.#stub.length}, ${count} bytes are missing`);
    this.#at = at + count;
    return at;
  }
}

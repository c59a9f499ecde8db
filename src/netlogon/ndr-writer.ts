/** Writes the subset of NDR 2.0 (C706 chapter 14) that Netlogon's requests need. */
import { unicode } from "../ntlm/hashes.ts";

/** The first number of a pointer that is not null; they only have to differ. */
const FIRST_REFERENT = 0x20004;

export class NdrWriter {
  readonly #parts: Buffer[] = [];
  #length = 0;
  #referent = FIRST_REFERENT;
  /** What pointers of the structure under work point to, in their order. */
  #deferred: (() => void)[] = [];

  u8(value: number): this {
    return this.#add(Buffer.of(value));
  }

  u16(value: number): this {
    const part = Buffer.alloc(2);
    part.writeUInt16LE(value);
    return this.align(2).#add(part);
  }

  u32(value: number): this {
    const part = Buffer.alloc(4);
    part.writeUInt32LE(value);
    return this.align(4).#add(part);
  }

  /** As two u32, so that 4 is its alignment. */
  u64(value: bigint): this {
    const part = Buffer.alloc(8);
    part.writeBigUInt64LE(value);
    return this.align(4).#add(part);
  }

  /** A fixed array of bytes. */
  bytes(bytes: Uint8Array): this {
    return this.#add(Buffer.from(bytes));
  }

  align(to: number): this {
    const rest = this.#length % to;
    return rest === 0 ? this : this.#add(Buffer.alloc(to - rest));
  }

  nullPointer(): this {
    return this.u32(0);
  }

  /** A pointer whose target is written next, or by `later`. */
  pointer(): this {
    this.u32(this.#referent);
    this.#referent += 4;
    return this;
  }

  /** A conformant-varying string, its NUL counted. */
  string(text: string): this {
    return this.#varying(unicode(`${text}\0`), 2);
  }

  /** RPC_UNICODE_STRING; the text itself comes with `finishStructure`. */
  unicodeString(text: string): this {
    return this.#counted(unicode(text), 2);
  }

  /** STRING of bytes. */
  byteString(bytes: Uint8Array): this {
    return this.#counted(Buffer.from(bytes), 1);
  }

  /** What the last pointer points to, to be written behind the structure under work. */
  later(write: () => void): this {
    this.#deferred.push(write);
    return this;
  }

  /** The outermost structure ends: what its pointers point to follows, each with what its own pointers point to. */
  finishStructure(): this {
    const writes = this.#deferred;
    this.#deferred = [];
    for (const write of writes) {
      write();
      this.finishStructure();
    }
    return this;
  }

  finish(): Buffer {
    return Buffer.concat(this.#parts, this.#length);
  }

  #counted(bytes: Buffer, unit: number): this {
    this.u16(bytes.length).u16(bytes.length).pointer();
    return this.later(() => this.#varying(bytes, unit));
  }

  #varying(bytes: Buffer, unit: number): this {
    const count = bytes.length / unit;
    return this.u32(count).u32(0).u32(count).bytes(bytes);
  }

  #add(part: Buffer): this {
    this.#parts.push(part);
    this.#length += part.length;
    return this;
  }
}

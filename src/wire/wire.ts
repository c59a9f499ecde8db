/**
 * A connection that is read line by line, and only when somebody asks: a client that talks before its turn fills no
 * memory. Knows bytes, lines and counted literals, but no protocol.
 */
import { LineBuffer, NOTHING, WAIT } from "./line-buffer.ts";
import type { Connection, Link, LinkUser } from "./link.ts";

/** Longest command line before logon, in bytes without CRLF: RFC 4954, 5034 and 9051 lines fit many times over. */
export const LINE_LIMIT = 8192;
/** Bytes kept although nobody asked; beyond it the socket is no longer read. A pipelining client fits in. */
const READ_AHEAD = 16384;
/** A client that does not read our answers is given up when this much is queued for it. */
const UNREAD_LIMIT = 65536;

const GONE = "the peer closed the connection";

/** The one error that reading a wire can throw: the connection is over. */
export class WireClosed extends Error {
  override readonly name = "WireClosed";
}

/** A connection on its way to TLS. */
export interface Detached {
  /** To be unplugged by whoever speaks TLS. */
  readonly link: Link;
  /** Bytes of the handshake that have come already. */
  readonly heard: Buffer;
}

/** What is left of a wire when the dialogue is over: the relay's business. */
export interface Released {
  readonly link: Link;
  /** Bytes that no line has claimed. */
  readonly pending: Buffer;
}

/** Hears every line and literal in both directions; only set where someone watches. Bytes are latin1 text. */
export type Tap = (direction: "heard" | "said", text: string, kind: "line" | "literal") => void;

/** Hears the lines of an answer, one by one, until it makes something of them. A line that is too long is empty. */
export type Hear<T> = (line: string) => T | undefined;

interface Want {
  /** Line: longest line in bytes. Bytes: how many. */
  readonly count: number;
  readonly line: boolean;
  /** An answer: all its lines. */
  readonly hear: Hear<unknown> | undefined;
  readonly resolve: (value: never) => void;
  readonly reject: (error: Error) => void;
}

export class Wire implements LinkUser {
  tap: Tap | undefined;
  #link: Link;
  readonly #unread = new LineBuffer();
  #paused = false;
  /** In the middle of a TLS handshake, where our words would be in the clear. */
  #isDetached = false;
  /** Nothing more will be heard. */
  #isSilent = false;
  #want: Want | undefined;
  /** Why it is over. An error is made of it only for whoever waits: a stack trace costs as much as a write. */
  #over: string | undefined;

  constructor(link: Link) {
    this.#link = link;
    link.user = this;
  }

  get socket(): Connection {
    return this.#link.socket;
  }

  /** True when the peer has gone, or says no more: whether it still listens cannot be known. */
  get isClosed(): boolean {
    return this.#isSilent || this.#over !== undefined;
  }

  /** Why the connection is over; undefined while it is not. */
  get whyClosed(): string | undefined {
    return this.#over;
  }

  /** True when the peer has said something that nobody asked for yet. */
  get hasUnread(): boolean {
    return this.#unread.length > 0;
  }

  /**
   * The next line without its CRLF (a bare LF ends a line too), one character a byte (latin1).
   * undefined: the line was longer than `limit`; it has been dropped. Throws WireClosed.
   */
  readLine(limit = LINE_LIMIT): Promise<string | undefined> {
    return new Promise((resolve, reject) => this.#ask({ count: limit, line: true, hear: undefined, resolve, reject }));
  }

  /** An answer of one line or more, for one promise. Throws what `hear` throws; WireClosed. */
  readAnswer<T>(hear: Hear<T>): Promise<T> {
    return new Promise((resolve, reject) => this.#ask({ count: LINE_LIMIT, line: true, hear, resolve, reject }));
  }

  /** Exactly `count` bytes. Throws WireClosed. The caller bounds `count`. */
  readBytes(count: number): Promise<Buffer> {
    return new Promise((resolve, reject) => this.#ask({ count, line: false, hear: undefined, resolve, reject }));
  }

  /** Sends text as UTF-8, so that no character can turn into a CR or LF; line ends are the caller's. */
  write(text: string): void {
    if (this.#over !== undefined || this.#isDetached) return;
    if (this.tap) for (const line of text.split("\r\n").slice(0, -1)) this.tap("said", line, "line");
    this.#link.write(text);
    if (this.#link.socket.writableLength > UNREAD_LIMIT) this.fail("the peer does not read");
  }

  /**
   * Lets go of the connection, for TLS. What has been heard is forgotten, since nothing said before STARTTLS may count
   * after it; unless it is `kept`, as the first bytes of a handshake behind a PROXY header must be. Throws WireClosed when
   * it is over: Node would end the process on finding a handle that is closed.
   */
  detach(kept = false): Detached {
    if (this.#over !== undefined) throw new WireClosed(this.#over);
    this.#isDetached = true;
    const heard = this.#unread.takeAll();
    return { link: this.#link, heard: kept ? heard : NOTHING };
  }

  /** Goes on with the same connection under TLS. */
  attach(link: Link): void {
    this.#link = link;
    link.user = this;
    this.#paused = false;
    this.#isDetached = false;
  }

  /** Hands the connection over. The wire is of no use afterwards. */
  release(): Released {
    const pending = this.#unread.takeAll();
    if (this.#paused) this.#link.socket.resume();
    this.#over = "released";
    return { link: this.#link, pending };
  }

  /** Sends what is queued, then closes. */
  close(): void {
    this.#over ??= "closed";
    this.#link.close();
  }

  /** Closes at once; whoever waits for a line gets a WireClosed that says why. */
  fail(why: string): void {
    this.#end(why);
    this.#link.destroy();
  }

  heard(buffer: Buffer, count: number): boolean {
    this.#unread.push(buffer, count);
    if (this.#want) this.#satisfy(this.#want);
    if (this.#want || this.#unread.length < READ_AHEAD) return true;
    this.#paused = true;
    this.#link.socket.pause();
    return false;
  }

  drained(): void {}

  /** The peer has said its last word, but may still listen: what it asked is answered (`printf ... | nc`). */
  ended(): void {
    this.#isSilent = true;
    this.#rejectWant(GONE);
  }

  broken(error: Error): void {
    this.#end(error.message);
  }

  closed(): void {
    this.#end(GONE);
  }

  #end(why: string): void {
    this.#over ??= why;
    this.#rejectWant(this.#over);
  }

  #rejectWant(why: string): void {
    const want = this.#want;
    this.#want = undefined;
    want?.reject(new WireClosed(why));
  }

  #ask(want: Want): void {
    if (this.#want) throw new Error("a wire has one reader at a time");
    this.#want = want;
    this.#satisfy(want);
    if (!this.#want) return;
    if (this.#over !== undefined) return this.#end(this.#over);
    if (this.#isSilent) return this.#rejectWant(GONE);
    if (!this.#paused) return;
    this.#paused = false;
    this.#link.socket.resume();
  }

  #satisfy(want: Want): void {
    try {
      const value = want.hear ? this.#tell(want, want.hear) : this.#take(want);
      if (value === WAIT) return;
      this.#want = undefined;
      want.resolve(value as never);
    } catch (error) {
      this.#want = undefined;
      want.reject(error as Error);
    }
  }

  #tell(want: Want, hear: Hear<unknown>): unknown {
    for (;;) {
      const line = this.#take(want);
      if (line === WAIT) return WAIT;
      const made = hear((line as string | undefined) ?? "");
      if (made !== undefined) return made;
    }
  }

  #take({ count, line }: Pick<Want, "count" | "line">): unknown {
    const value = line ? this.#unread.takeLine(count) : this.#unread.takeBytes(count);
    if (this.tap && typeof value === "string") this.tap("heard", value, "line");
    else if (this.tap && value instanceof Buffer) this.tap("heard", value.toString("latin1"), "literal");
    return value;
  }
}

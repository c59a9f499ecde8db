/** One end of a loopback connection in a test: says text, hears lines with a time limit, remembers what nobody asked for. */
import { once } from "node:events";
import { connect, type Socket } from "node:net";
import { after } from "node:test";
import { connect as connectTls, type ConnectionOptions, type TLSSocket } from "node:tls";

/** Longer than anything takes here, even on a busy machine; a missing line fails after it. */
const PATIENCE = 8_000;

export class Talker {
  socket: Socket;
  heard: Buffer = Buffer.alloc(0);
  /** The peer said its last word, or the connection broke. */
  over = false;
  error: Error | undefined;
  #wake: () => void = () => undefined;

  constructor(socket: Socket) {
    this.socket = socket;
    this.#listen();
  }

  #listen(): void {
    const { socket } = this;
    socket.on("data", this.#receive);
    socket.on("end", this.#end);
    socket.on("close", this.#end);
    socket.on("error", this.#break);
  }

  readonly #receive = (chunk: Buffer): void => {
    this.heard = Buffer.concat([this.heard, chunk]);
    this.#wake();
  };

  readonly #end = (): void => {
    this.over = true;
    this.#wake();
  };

  readonly #break = (error: Error): void => {
    this.error = error;
    this.#wake();
  };

  send(data: string | Uint8Array): void {
    this.socket.write(data);
  }

  /** A line without its CRLF. Rejects when there is none in time, or when it ends otherwise. */
  async line(milliseconds = PATIENCE): Promise<string> {
    await this.#until(() => this.heard.includes(10), milliseconds);
    const end = this.heard.indexOf(10);
    if (end < 0) throw new Error(`no line, but ${this.over ? "the end of the connection" : "silence"}${this.#rest()}`);
    const line = this.heard.toString("utf8", 0, end + 1);
    this.heard = this.heard.subarray(end + 1);
    if (!line.endsWith("\r\n")) throw new Error(`a line without CR: ${JSON.stringify(line)}`);
    return line.slice(0, -2);
  }

  /** As many lines as given, joined by `|`. */
  async lines(count: number): Promise<string> {
    const lines: string[] = [];
    for (let each = 0; each < count; each += 1) lines.push(await this.line());
    return lines.join("|");
  }

  async bytes(count: number, milliseconds = PATIENCE): Promise<Buffer> {
    await this.#until(() => this.heard.length >= count, milliseconds);
    if (this.heard.length < count) throw new Error(`${count} bytes wanted${this.#rest()}`);
    const bytes = this.heard.subarray(0, count);
    this.heard = this.heard.subarray(count);
    return bytes;
  }

  /** Waits for the end of the connection; everything heard until then that nobody read. */
  async end(milliseconds = PATIENCE): Promise<string> {
    await this.#until(() => this.over, milliseconds);
    if (!this.over) throw new Error(`the connection is still open${this.#rest()}`);
    return this.heard.toString();
  }

  /** Continues as a TLS client. Rejects when the handshake fails. */
  async secure(options: ConnectionOptions = {}): Promise<void> {
    const raw = this.letGo();
    await this.#adopt(connectTls({ socket: raw, rejectUnauthorized: false, ...options }), "secureConnect");
  }

  /** Continues with another socket over the same connection, once `event` says that it is ready. */
  async continueOn(socket: TLSSocket): Promise<void> {
    await this.#adopt(socket, "secure");
  }

  async #adopt(socket: Socket, event: string): Promise<void> {
    await new Promise<void>((resolve, reject) => {
      socket.once(event, resolve);
      socket.once("error", reject);
      for (const gone of ["end", "close"]) socket.once(gone, () => reject(new Error("closed during the handshake")));
    });
    this.socket = socket;
    this.#listen();
  }

  letGo(): Socket {
    const { socket } = this;
    socket.off("data", this.#receive);
    socket.off("end", this.#end);
    socket.off("close", this.#end);
    socket.off("error", this.#break);
    return socket;
  }

  destroy(): void {
    this.socket.destroy();
  }

  #rest(): string {
    return `${this.error ? ` (${this.error.message})` : ""}; unread: ${JSON.stringify(this.heard.toString())}`;
  }

  async #until(isThere: () => boolean, milliseconds: number): Promise<void> {
    if (isThere() || this.over) return;
    const end = setTimeout(() => this.#wake(), milliseconds);
    const deadline = Date.now() + milliseconds;
    while (!isThere() && !this.over && Date.now() < deadline) {
      await new Promise<void>((resolve) => (this.#wake = resolve));
    }
    clearTimeout(end);
  }
}

/** Connections are half open until their talker ends as well; what a test forgets must not keep its process alive. */
const dialled = new Set<Socket>();
after(() => {
  for (const socket of dialled) socket.destroy();
});

/** Dials a port on loopback. */
export async function dial(port: number, host = "127.0.0.1"): Promise<Talker> {
  const socket = connect({ port, host, noDelay: true, allowHalfOpen: true });
  dialled.add(socket);
  socket.once("close", () => dialled.delete(socket));
  await once(socket, "connect");
  return new Talker(socket);
}

/** Dials with TLS from the first byte. */
export async function dialTls(port: number, options: ConnectionOptions = {}): Promise<Talker> {
  const talker = await dial(port);
  await talker.secure(options);
  return talker;
}

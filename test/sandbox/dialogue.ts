/** A bare connection for tests: says what it is told and waits for what it is told to expect. All text is Latin-1. */
import { once } from "node:events";
import { connect, type Socket } from "node:net";
import { LOCALHOST, PASSWORD } from "./running.ts";

/** Milliseconds after which an answer that does not come fails the test. */
const DEADLINE = 10_000;

export class Dialogue {
  readonly #socket: Socket;
  #received = "";
  #over = false;
  #wake: (() => void) | undefined;

  private constructor(socket: Socket) {
    this.#socket = socket;
    socket.setEncoding("latin1");
    socket.on("data", (text: string) => {
      this.#received += text;
      this.#wake?.();
    });
    socket.on("error", () => undefined);
    socket.on("close", () => {
      this.#over = true;
      this.#wake?.();
    });
  }

  static async open(port: number): Promise<Dialogue> {
    const socket = connect({ port, host: LOCALHOST, noDelay: true });
    await once(socket, "connect");
    return new Dialogue(socket);
  }

  /** An IMAP connection on which alice, or somebody else, is logged on. */
  static async imap(port: number, user = "alice"): Promise<Dialogue> {
    const dialogue = await Dialogue.open(port);
    await dialogue.until(/^\* OK.*\r\n/);
    await dialogue.command(`LOGIN ${user} "${PASSWORD}"`);
    return dialogue;
  }

  /** A POP3 connection in the TRANSACTION state. */
  static async pop3(port: number, user = "alice"): Promise<Dialogue> {
    const dialogue = await Dialogue.open(port);
    await dialogue.until(/\+OK.*\r\n/);
    await dialogue.ask(`USER ${user}`);
    await dialogue.ask(`PASS ${PASSWORD}`);
    return dialogue;
  }

  send(text: string | Buffer): void {
    if (typeof text === "string") this.#socket.write(text, "latin1");
    else this.#socket.write(text);
  }

  /** Everything received up to the end of the pattern's match. */
  async until(pattern: RegExp): Promise<string> {
    const deadline = Date.now() + DEADLINE;
    for (;;) {
      const found = pattern.exec(this.#received);
      if (found !== null) {
        const end = found.index + found[0].length;
        const text = this.#received.slice(0, end);
        this.#received = this.#received.slice(end);
        return text;
      }
      const left = deadline - Date.now();
      if (this.#over || left <= 0) {
        throw new Error(`Expected ${String(pattern)}, got ${JSON.stringify(this.#received.slice(-500))}`);
      }
      await this.#news(left);
    }
  }

  /** Everything up to the end of the connection. */
  async end(): Promise<string> {
    const deadline = Date.now() + DEADLINE;
    while (!this.#over) {
      const left = deadline - Date.now();
      if (left <= 0) throw new Error(`The connection does not end: ${JSON.stringify(this.#received.slice(-500))}`);
      await this.#news(left);
    }
    return this.#received;
  }

  /** Sends a POP3 command; one line of answer. */
  async ask(command: string): Promise<string> {
    this.send(`${command}\r\n`);
    return this.until(/.*\r\n/);
  }

  /** Sends a POP3 command; its multi-line answer. */
  async askMore(command: string): Promise<string> {
    this.send(`${command}\r\n`);
    return this.until(/^-ERR.*\r\n|\r\n\.\r\n/);
  }

  /** Sends an IMAP command; everything up to and with its tagged response. */
  async command(command: string): Promise<string> {
    this.send(`T ${command}\r\n`);
    return this.until(/^T (OK|NO|BAD).*\r\n/m);
  }

  /** APPENDs with LITERAL+. */
  async append(mailbox: string, message: Buffer, rest = ""): Promise<string> {
    this.send(`T APPEND ${mailbox} ${rest}{${message.length}+}\r\n`);
    this.send(message);
    this.send("\r\n");
    return this.until(/^T (OK|NO|BAD).*\r\n/m);
  }

  /** Reads no more. */
  pause(): void {
    this.#socket.pause();
  }

  resume(): void {
    this.#socket.resume();
  }

  /** Says nothing more, but still listens. */
  finish(): void {
    this.#socket.end();
  }

  close(): void {
    this.#socket.destroy();
  }

  async #news(milliseconds: number): Promise<void> {
    let timer: NodeJS.Timeout | undefined;
    await new Promise<void>((resolve) => {
      this.#wake = resolve;
      timer = setTimeout(resolve, milliseconds);
    });
    clearTimeout(timer);
    this.#wake = undefined;
  }
}

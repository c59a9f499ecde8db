/** A winston transport that makes lines of records, and hands them on together when it is told: one system call for many. */
import Transport from "winston-transport";

export class LineTransport<Line> extends Transport {
  readonly #format: (line: Line) => string;
  readonly #output: NodeJS.WritableStream;
  #text = "";

  constructor(format: (line: Line) => string, output: NodeJS.WritableStream) {
    super();
    this.#format = format;
    this.#output = output;
  }

  override log(line: Line, next: () => void): void {
    this.#text += `${this.#format(line)}\n`;
    next();
  }

  handOn(): void {
    if (this.#text !== "") this.#output.write(this.#text);
    this.#text = "";
  }
}

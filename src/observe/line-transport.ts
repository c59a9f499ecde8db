/** A winston transport that collects lines and writes them together: one system call for a burst of logons. */
import Transport from "winston-transport";

/** Milliseconds a line may wait; errors do not wait. */
const PATIENCE = 100;
/** Characters collected at the most. */
const BATCH = 65_536;

export class LineTransport<Line extends { level: string }> extends Transport {
  readonly #format: (line: Line) => string;
  readonly #output: NodeJS.WritableStream;
  #batch = "";
  #timer: NodeJS.Timeout | undefined;

  constructor(format: (line: Line) => string, output: NodeJS.WritableStream) {
    super();
    this.#format = format;
    this.#output = output;
  }

  override log(line: Line, next: () => void): void {
    this.#batch += `${this.#format(line)}\n`;
    if (line.level === "error" || this.#batch.length > BATCH) this.#write();
    else this.#timer ??= setTimeout(() => this.#write(), PATIENCE);
    next();
  }

  flush(): Promise<void> {
    this.#write();
    return new Promise((resolve) => this.#output.write("", () => resolve()));
  }

  #write(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    if (this.#batch !== "") this.#output.write(this.#batch);
    this.#batch = "";
  }
}

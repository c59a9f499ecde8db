/** A program that stays and answers a line with a line: one process for hundreds of exchanges. */
import { spawn, type ChildProcessByStdio } from "node:child_process";
import type { Readable, Writable } from "node:stream";
import { createInterface } from "node:readline";

/** An answer takes milliseconds; a machine that stalls must not make a test fail. */
const PATIENCE = 20_000;

export class LinePeer {
  readonly #child: ChildProcessByStdio<Writable, Readable, Readable>;
  readonly #lines: AsyncIterator<string>;
  #complaints = "";

  constructor(program: string, args: readonly string[], env: Readonly<Record<string, string>> = {}) {
    this.#child = spawn(program, args, { env: { ...process.env, LC_ALL: "C.UTF-8", ...env }, stdio: "pipe" });
    this.#child.stderr.on("data", (bytes: Buffer) => (this.#complaints += bytes.toString("utf8")));
    // One that has died is noticed by its answer that does not come.
    this.#child.stdin.on("error", () => undefined);
    this.#lines = createInterface({ input: this.#child.stdout })[Symbol.asyncIterator]();
  }

  /** One request, one answer. Rejects when the program has ended or says nothing. */
  async ask(line: string): Promise<string> {
    this.#child.stdin.write(`${line}\n`);
    let timer: NodeJS.Timeout | undefined;
    const silence = new Promise<never>((_, reject) => {
      timer = setTimeout(() => reject(new Error(`no answer: ${this.#complaints}`)), PATIENCE);
    });
    try {
      const { done, value } = await Promise.race([this.#lines.next(), silence]);
      if (done) throw new Error(`the program has ended: ${this.#complaints}`);
      return value;
    } finally {
      clearTimeout(timer);
    }
  }

  /** Ends it by closing its input, by force if it does not listen. */
  async end(): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    const ended = new Promise((resolve) => this.#child.once("exit", resolve));
    const late = setTimeout(() => this.#child.kill("SIGKILL"), 2_000);
    this.#child.stdin.end();
    await ended;
    clearTimeout(late);
  }
}

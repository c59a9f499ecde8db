/**
 * One ntlm_auth process: asked one thing at a time, and killed at the first sign that its answers and our questions might
 * not belong together.
 */
import type { Readable, Writable } from "node:stream";
import { AnswerReader, type Answer, type Progress } from "./reply.ts";

/** What is needed of a child process; streams that only tests have do as well. */
export interface HelperProcess {
  readonly stdin: Writable;
  readonly stdout: Readable;
  readonly stderr: Readable;
  once(event: "exit", listener: (code: number | null, signal: NodeJS.Signals | null) => void): unknown;
  on(event: "error", listener: (error: Error) => void): unknown;
  kill(signal: NodeJS.Signals): unknown;
}

/** No answer that could be believed. The message is for the log and holds nothing that was asked. */
export class HelperFailure extends Error {
  override readonly name = "HelperFailure";
}

/** How long the second dot after a refusal may take before the helper is not trusted with another question. Milliseconds. */
const SECOND_DOT = 1000;
/** What is kept of the error output, to say why a process ended. Characters. */
const STDERR_KEPT = 300;

interface Waiting {
  readonly reader: AnswerReader;
  readonly resolve: (answer: Answer) => void;
  readonly reject: (failure: HelperFailure) => void;
  timer: NodeJS.Timeout;
}

export class Helper {
  readonly #process: HelperProcess;
  readonly #timeout: number;
  readonly #onEnd: (why: string) => void;
  #waiting: Waiting | undefined;
  #isBusy = false;
  #ended: string | undefined;
  #isRefusalKnown = false;
  #stderr = "";

  /** `onEnd` is called once, when no more questions can be asked. */
  constructor(process: HelperProcess, timeout: number, onEnd: (why: string) => void) {
    this.#process = process;
    this.#timeout = timeout;
    this.#onEnd = onEnd;
    process.stdout.on("data", (bytes: Buffer) => this.#hear(bytes));
    process.stderr.on("data", (bytes: Buffer) => {
      this.#stderr = (this.#stderr + bytes.toString("latin1").replace(/[^\x20-\x7e]+/g, " ")).slice(-STDERR_KEPT);
    });
    process.stdout.on("error", () => this.end("its output has failed"));
    process.stderr.on("error", () => undefined);
    process.stdin.on("error", () => this.end("it takes no more questions"));
    process.on("error", (error) => this.end(error.message));
    process.once("exit", (code, signal) => this.end(`it has ended with ${signal ?? String(code)}`));
  }

  get isIdle(): boolean {
    return !this.#isBusy && this.#ended === undefined;
  }

  get isAlive(): boolean {
    return this.#ended === undefined;
  }

  /** To be asked while idle. Rejects with HelperFailure, and the process is dead then. */
  async ask(question: string): Promise<Answer> {
    this.#isBusy = true;
    try {
      // What it has said unasked must be seen before the question: afterwards it would be the answer.
      await this.#silence();
      const answer = await this.#answer(question);
      await this.#silence();
      return answer;
    } finally {
      this.#isBusy = false;
    }
  }

  /** Kills the process; whoever waits for its answer is told. */
  end(why: string): void {
    if (this.#ended !== undefined) return;
    this.#ended = this.#stderr === "" ? why : `${why} (${this.#stderr.trim()})`;
    this.#process.kill("SIGKILL");
    this.#process.stdin.destroy();
    const waiting = this.#waiting;
    this.#waiting = undefined;
    if (waiting) {
      clearTimeout(waiting.timer);
      waiting.reject(new HelperFailure(this.#ended));
    }
    this.#onEnd(this.#ended);
  }

  /** One whole look at what is there to be read; twice, because the first may begin in the middle of such a look. */
  async #silence(): Promise<void> {
    for (let turn = 0; turn < 2; turn++) await new Promise((resolve) => setImmediate(resolve));
    // A refusal whose second dot is late is an answer all the same; the process is dead by then.
    if (this.#ended !== undefined && !this.#isRefusalKnown) throw new HelperFailure(this.#ended);
  }

  #answer(question: string): Promise<Answer> {
    return new Promise((resolve, reject) => {
      const late = () => this.end(`no answer within ${this.#timeout / 1000} s`);
      const timer = setTimeout(late, this.#timeout);
      this.#waiting = { reader: new AnswerReader(), resolve, reject, timer };
      this.#process.stdin.write(question);
    });
  }

  #hear(bytes: Buffer): void {
    if (this.#ended !== undefined) return;
    if (this.#waiting === undefined) return this.end("it spoke without having been asked");
    this.#follow(this.#waiting.reader.feed(bytes), this.#waiting);
  }

  #follow(progress: Progress, waiting: Waiting): void {
    switch (progress.state) {
      case "reading":
        return;
      case "broken":
        return this.end(progress.why);
      case "one dot":
        clearTimeout(waiting.timer);
        waiting.timer = setTimeout(() => this.#finishWithoutDot(waiting, progress.answer), SECOND_DOT);
        return;
      case "complete":
        return this.#finish(waiting, progress.answer);
    }
  }

  #finish(waiting: Waiting, answer: Answer): void {
    clearTimeout(waiting.timer);
    this.#waiting = undefined;
    waiting.resolve(answer);
  }

  #finishWithoutDot(waiting: Waiting, answer: Answer): void {
    this.#isRefusalKnown = true;
    this.#finish(waiting, answer);
    this.end("its refusal had no end");
  }
}

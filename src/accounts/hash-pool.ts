/** Slow password hashes are checked in worker threads: a logon takes its 50 ms without holding up those that only relay. */
import { Worker } from "node:worker_threads";
import type { Answer, Question } from "./hash-worker.ts";

export interface PoolOptions {
  readonly concurrency: number;
  /** How many checks may wait; more are turned away at once. */
  readonly queue: number;
}

/** What became of a check: undefined when nobody could look. */
export type Outcome = boolean | undefined;

/** Twice what the dearest hash allowed costs, and time for a thread to start. */
const ANSWER_LIMIT = 15_000;
/** In the worker: what argon2 may take is WebAssembly memory, outside of this heap. */
const HEAP_MIB = 64;

interface Job {
  readonly question: Question;
  readonly settle: (outcome: Outcome) => void;
}

interface Thread {
  readonly worker: Worker;
  job: Job | undefined;
  timer: NodeJS.Timeout | undefined;
}

export class HashPool {
  readonly #options: PoolOptions;
  readonly #workerUrl: URL;
  readonly #waiting: Job[] = [];
  readonly #threads = new Set<Thread>();
  #isClosed = false;

  /** `workerUrl` is for tests that need a worker which fails. */
  constructor(options: PoolOptions, workerUrl = WORKER_URL) {
    this.#options = options;
    this.#workerUrl = workerUrl;
  }

  verify(question: Question): Promise<Outcome> {
    if (this.#isClosed || this.#waiting.length >= this.#options.queue) return Promise.resolve(undefined);
    return new Promise((settle) => {
      this.#waiting.push({ question, settle });
      this.#dispatch();
    });
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    for (const { settle } of this.#waiting.splice(0)) settle(undefined);
    await Promise.all([...this.#threads].map((thread) => this.#discard(thread)));
  }

  #dispatch(): void {
    for (const thread of this.#threads) if (thread.job === undefined) this.#give(thread);
    while (this.#waiting.length > 0 && this.#threads.size < this.#options.concurrency) this.#give(this.#start());
  }

  #give(thread: Thread): void {
    const job = this.#waiting.shift();
    if (job === undefined) return;
    thread.job = job;
    thread.timer = setTimeout(() => void this.#discard(thread), ANSWER_LIMIT);
    thread.worker.ref(); // a command that waits for this answer must not end before it
    thread.worker.postMessage(job.question);
  }

  #start(): Thread {
    // Neither our environment nor our options: `--input-type` and `--test` mean nothing in a thread.
    const isolation = { env: {}, argv: [], execArgv: [] };
    const resourceLimits = { maxOldGenerationSizeMb: HEAP_MIB };
    const worker = new Worker(this.#workerUrl, { ...isolation, resourceLimits });
    const thread: Thread = { worker, job: undefined, timer: undefined };
    this.#threads.add(thread);
    worker.on("message", ({ isRight }: Answer) => {
      this.#finish(thread, isRight);
      this.#dispatch();
    });
    worker.on("error", () => void this.#discard(thread));
    worker.on("exit", () => void this.#discard(thread));
    return thread;
  }

  #finish(thread: Thread, outcome: Outcome): void {
    clearTimeout(thread.timer);
    thread.worker.unref(); // an idle thread keeps no process alive
    const { job } = thread;
    thread.job = undefined;
    job?.settle(outcome);
  }

  /** Crashed, too slow or no longer wanted: its question is unanswered, and the next one gets a new thread. */
  async #discard(thread: Thread): Promise<void> {
    if (!this.#threads.delete(thread)) return;
    this.#finish(thread, undefined);
    await thread.worker.terminate();
    if (!this.#isClosed) this.#dispatch();
  }
}

/** Compiled, or as it is under a runtime that strips types. */
const EXTENSION = import.meta.url.endsWith(".ts") ? "ts" : "js";
const WORKER_URL = new URL(`./hash-worker.${EXTENSION}`, import.meta.url);

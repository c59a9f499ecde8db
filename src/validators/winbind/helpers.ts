/** A few helpers and the logons that wait for them: bounded in number and time, and never waiting for what cannot come. */
import { Helper, HelperFailure, type HelperProcess } from "./helper.ts";
import type { Answer } from "./reply.ts";

export interface HelpersOptions {
  readonly start: () => HelperProcess;
  readonly helpers: number;
  /** Milliseconds for each answer. */
  readonly timeout: number;
  readonly queue: number;
  /** Milliseconds. */
  readonly queueTimeout: number;
  /** Told of each helper that had to be ended or has ended by itself. */
  readonly onLoss: (why: string) => void;
}

/** Pauses before another helper is started, in milliseconds: none after the first loss, doubling from then on. */
const FIRST_PAUSE = 100;
const LONGEST_PAUSE = 10_000;

interface Waiting {
  readonly question: string;
  readonly resolve: (answer: Answer) => void;
  readonly reject: (failure: HelperFailure) => void;
  readonly timer: NodeJS.Timeout;
}

export class Helpers {
  readonly #options: HelpersOptions;
  readonly #helpers = new Set<Helper>();
  readonly #queue: Waiting[] = [];
  /** Since the last answer. */
  #losses = 0;
  #lastLoss = "";
  #pauseEnds = 0;
  #isClosed = false;

  constructor(options: HelpersOptions) {
    this.#options = options;
  }

  /** Rejects with HelperFailure when there is no answer that can be believed. */
  ask(question: string): Promise<Answer> {
    if (this.#isClosed) return Promise.reject(new HelperFailure("the validator is closed"));
    if (this.#queue.length >= this.#options.queue)
      return Promise.reject(new HelperFailure("too many logons are waiting"));
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => this.#giveUp(waiting), this.#options.queueTimeout);
      const waiting = { question, resolve, reject, timer };
      this.#queue.push(waiting);
      this.#dispatch();
    });
  }

  /** Whoever waits for an answer gets none; others are asked by new helpers. */
  restart(why: string): void {
    for (const helper of this.#helpers) helper.end(why);
  }

  close(): void {
    this.#isClosed = true;
    this.#rejectAll("the validator is closed");
    for (const helper of this.#helpers) helper.end("the validator is closed");
  }

  #giveUp(waiting: Waiting): void {
    this.#queue.splice(this.#queue.indexOf(waiting), 1);
    waiting.reject(new HelperFailure(`no helper was free within ${this.#options.queueTimeout / 1000} s`));
  }

  #dispatch(): void {
    while (this.#queue.length > 0) {
      const helper = this.#freeHelper();
      if (helper === undefined) break;
      const waiting = this.#queue.shift()!;
      clearTimeout(waiting.timer);
      void this.#serve(helper, waiting);
    }
    if (this.#helpers.size === 0) this.#rejectAll(`no helper: ${this.#lastLoss}`);
  }

  #freeHelper(): Helper | undefined {
    for (const helper of this.#helpers) if (helper.isIdle) return helper;
    if (this.#isClosed || this.#helpers.size >= this.#options.helpers || Date.now() < this.#pauseEnds) return undefined;
    return this.#start();
  }

  #start(): Helper | undefined {
    try {
      const helper: Helper = new Helper(this.#options.start(), this.#options.timeout, (why) => this.#lose(helper, why));
      this.#helpers.add(helper);
      return helper;
    } catch (error) {
      this.#lose(undefined, error instanceof Error ? error.message : String(error));
      return undefined;
    }
  }

  async #serve(helper: Helper, { question, resolve, reject }: Waiting): Promise<void> {
    try {
      const answer = await helper.ask(question);
      this.#losses = 0;
      resolve(answer);
    } catch (error) {
      reject(error instanceof HelperFailure ? error : new HelperFailure("the helper has failed"));
    }
    this.#dispatch();
  }

  #lose(helper: Helper | undefined, why: string): void {
    if (helper) this.#helpers.delete(helper);
    if (this.#isClosed) return;
    this.#losses += 1;
    this.#lastLoss = why;
    const pause = this.#losses === 1 ? 0 : Math.min(FIRST_PAUSE * 2 ** (this.#losses - 2), LONGEST_PAUSE);
    this.#pauseEnds = Date.now() + pause;
    this.#options.onLoss(why);
    this.#dispatch();
  }

  #rejectAll(why: string): void {
    for (const { timer, reject } of this.#queue.splice(0)) {
      clearTimeout(timer);
      reject(new HelperFailure(why));
    }
  }
}

/**
 * One way of asking a validator, with bulkheads around it: so many questions at once, so many waiting and for so long, a
 * time limit for each, and a breaker. Nothing that a validator does or leaves undone holds a question longer than that.
 */
import type { Unavailable } from "../../core/verdict.ts";
import { Breaker } from "./breaker.ts";
import type { Clock } from "./clock.ts";
import type { IsolationLimits, IsolationLog } from "./options.ts";

/** Milliseconds below which a failure held nobody up. */
const QUICK = 1_000;
/** Characters of a validator's fault that go into the log. */
const FAULT_LIMIT = 2_000;

interface Question {
  /** Let go of as soon as it is asked: the evidence in it is not ours to keep. */
  ask: (() => Promise<unknown>) | undefined;
  answer: (verdict: unknown) => void;
  readonly client: string;
  readonly isTrial: boolean;
  /** Until when it may wait; once asked, until when the answer counts. */
  deadline: number;
}

export class Compartment {
  readonly #limits: IsolationLimits;
  readonly #log: (level: "error" | "warn" | "info", message: string, fields?: Record<string, string | number>) => void;
  readonly #clock: Clock;
  readonly #breaker: Breaker;
  /** Both in the order of their deadlines, because all have the same time. */
  readonly #asked = new Set<Question>();
  readonly #waiting = new Set<Question>();
  readonly #now = (): number => this.#clock.now();
  /** When the timer strikes. */
  #due = Infinity;
  #stopTimer: () => void = () => undefined;

  /** `fields` go into each line of the log: which validator it is, and which way of asking. */
  constructor(limits: IsolationLimits, fields: Readonly<Record<string, string>>, log: IsolationLog, clock: Clock) {
    this.#limits = limits;
    this.#clock = clock;
    this.#log = (level, message, more) => log(level, message, { ...fields, ...more });
    this.#breaker = new Breaker(limits.breaker, {
      opened: (why) => this.#opened(why),
      closed: () => this.#log("info", "validator is asked again"),
    });
  }

  /** `client`: the address on whose behalf it is asked. Resolves with the answer, or with the limit that was hit. */
  ask<T>(ask: () => Promise<T>, client: string): Promise<T | Unavailable> {
    const admission = this.#breaker.admit(this.#now);
    if (admission === "refused") return refused(RESTING);
    const isTrial = admission === "trial";
    const isNow = isTrial || this.#asked.size < this.#limits.concurrency;
    if (!isNow && this.#waiting.size >= this.#limits.queue)
      return refused(`the validator's queue is full: ${this.#limits.queue} logons are waiting`);
    return new Promise((resolve) => {
      const answer = resolve as (verdict: unknown) => void;
      const question: Question = { ask, answer, client, isTrial, deadline: 0 };
      if (isNow) this.#put(question);
      else this.#enqueue(question);
    });
  }

  /** Ends every question, for nobody will hear an answer. */
  close(): void {
    for (const question of [...this.#asked, ...this.#waiting]) question.answer(unavailable("the validator is closed"));
    this.#asked.clear();
    this.#waiting.clear();
    this.#stopTimer();
    this.#due = Infinity;
  }

  #put(question: Question): void {
    const { ask } = question;
    question.ask = undefined;
    question.deadline = this.#clock.now() + this.#limits.timeout;
    this.#asked.add(question);
    this.#wakeAt(question.deadline);
    try {
      ask!().then(
        (verdict) => this.#answered(question, verdict),
        (error: unknown) => this.#threw(question, error),
      );
    } catch (error) {
      this.#threw(question, error);
    }
  }

  #enqueue(question: Question): void {
    question.deadline = this.#clock.now() + this.#limits.queueTime;
    this.#waiting.add(question);
    this.#wakeAt(question.deadline);
  }

  /** Answers that come too late are dropped: the question is no longer among those asked. */
  #answered(question: Question, verdict: unknown): void {
    if (!this.#asked.delete(question)) return;
    question.answer(verdict);
    const { kind, why } = verdict as Unavailable;
    if (kind === "unavailable") this.#failed(question, why);
    else if (question.isTrial) this.#breaker.tried(true, this.#now);
    else this.#breaker.good();
    this.#refill();
  }

  #threw(question: Question, error: unknown): void {
    if (!this.#asked.delete(question)) return;
    const fault = error instanceof Error ? (error.stack ?? error.message) : String(error);
    this.#log("error", "internal fault of a validator", { fault: fault.slice(0, FAULT_LIMIT) });
    question.answer(unavailable("internal fault of the validator"));
    this.#failed(question, "internal fault");
    this.#refill();
  }

  #failed(question: Question, why: string, isQuick = this.#isQuick(question)): void {
    if (question.isTrial) this.#breaker.tried(false, this.#now);
    else this.#breaker.bad(why, question.client, isQuick, this.#now);
  }

  #isQuick({ deadline }: Question): boolean {
    return this.#clock.now() - (deadline - this.#limits.timeout) < QUICK;
  }

  #refill(): void {
    while (this.#waiting.size > 0 && this.#asked.size < this.#limits.concurrency) {
      const [next] = this.#waiting;
      this.#waiting.delete(next!);
      this.#put(next!);
    }
  }

  #opened(why: string): void {
    const { rest } = this.#limits.breaker;
    this.#log("warn", "validator fails, it is left alone for a while", { why, rest, waiting: this.#waiting.size });
    for (const question of this.#waiting) question.answer(unavailable(RESTING));
    this.#waiting.clear();
  }

  #wakeAt(deadline: number): void {
    if (deadline >= this.#due) return;
    this.#stopTimer();
    this.#due = deadline;
    this.#stopTimer = this.#clock.after(Math.max(1, deadline - this.#clock.now()), () => this.#wake());
  }

  #wake(): void {
    const now = this.#clock.now();
    this.#due = Infinity;
    const { timeout, queueTime } = this.#limits;
    for (const question of overdue(this.#waiting, now))
      question.answer(unavailable(`the validator is busy: the logon waited for ${queueTime} ms`));
    for (const question of overdue(this.#asked, now)) {
      question.answer(unavailable(`no answer from the validator within ${timeout} ms`));
      this.#failed(question, `no answer within ${timeout} ms`, false);
    }
    // Only now: where these failures have opened the breaker nobody is left to be asked about.
    this.#refill();
    for (const questions of [this.#asked, this.#waiting]) {
      const [first] = questions;
      if (first) this.#wakeAt(first.deadline);
    }
  }
}

/** Takes out those whose time is over. */
function overdue(questions: Set<Question>, now: number): Question[] {
  const found: Question[] = [];
  for (const question of questions) {
    if (question.deadline > now) break;
    found.push(question);
    questions.delete(question);
  }
  return found;
}

const RESTING = "the validator has failed and is left alone for a while";

function unavailable(why: string): Unavailable {
  return { kind: "unavailable", why };
}

function refused(why: string): Promise<Unavailable> {
  return Promise.resolve(unavailable(why));
}

/**
 * One way of asking a validator, with bulkheads around it: so many questions at once, so many waiting and for so long, a
 * time limit for each, and a breaker. Nothing that a validator does or leaves undone holds a question longer than that.
 */
import { answerOf, isPending, type Answer } from "../../core/answer.ts";
import type { Unavailable } from "../../core/verdict.ts";
import { Arrivals, type Arrival } from "../../wire/arrivals.ts";
import { Breaker } from "./breaker.ts";
import type { Clock } from "./clock.ts";
import type { IsolationLimits, IsolationLog } from "./options.ts";

/** Milliseconds below which a failure held nobody up. */
const QUICK = 1_000;
/** Characters of a validator's fault that go into the log. */
const FAULT_LIMIT = 2_000;

interface Question extends Arrival {
  readonly answer: (verdict: unknown) => void;
  readonly client: string;
  /** Until when it may wait; once asked, until when the answer counts. */
  readonly deadline: number;
}

interface Waiting extends Question {
  /** The evidence in it is not ours to keep: it goes with the question. */
  readonly ask: () => Answer<unknown>;
}

interface Asked extends Question {
  /** The breaker's one question. */
  readonly isTrial: boolean;
}

/** Whom an answer concerns. */
type Asker = Pick<Asked, "client" | "isTrial">;

export class Compartment {
  readonly #limits: IsolationLimits;
  readonly #log: (level: "error" | "warn" | "info", message: string, fields?: Record<string, string | number>) => void;
  readonly #clock: Clock;
  readonly #breaker: Breaker;
  /** Both in the order of their deadlines, because all have the same time. */
  readonly #asked = new Arrivals<Asked>();
  readonly #waiting = new Arrivals<Waiting>();
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

  /** `client`: the address on whose behalf it is asked. The answer, or the limit that was hit. */
  ask<T>(ask: () => Answer<T>, client: string): Answer<T | Unavailable> {
    const admission = this.#breaker.admit(this.#now);
    if (admission === "refused") return unavailable(RESTING);
    const isTrial = admission === "trial";
    if (isTrial || this.#asked.size < this.#limits.concurrency) return this.#put(ask, { client, isTrial });
    if (this.#waiting.size >= this.#limits.queue)
      return unavailable(`the validator's queue is full: ${this.#limits.queue} logons are waiting`);
    return new Promise<T | Unavailable>((resolve) => {
      const deadline = this.#clock.now() + this.#limits.queueTime;
      this.#waiting.add({ ask, answer: resolve as Waiting["answer"], client, deadline });
      this.#wakeAt(deadline);
    });
  }

  /** Ends every question, for nobody will hear an answer. */
  close(): void {
    const open = [...this.#asked.take(), ...this.#waiting.take()];
    for (const question of open) question.answer(unavailable("the validator is closed"));
    this.#stopTimer();
    this.#due = Infinity;
  }

  /** An answer that is there at once has held nobody up: for it there is nothing to count or to wait for. */
  #put<T>(ask: () => Answer<T>, asker: Asker): Answer<T | Unavailable> {
    const answer = answerOf(ask);
    if (isPending(answer)) return this.#await(answer, asker);
    this.#heard(answer, asker, true);
    return answer;
  }

  #await<T>(pending: Promise<T>, { client, isTrial }: Asker): Promise<T | Unavailable> {
    return new Promise((resolve) => {
      const answer = resolve as Asked["answer"];
      const question: Asked = { client, isTrial, answer, deadline: this.#clock.now() + this.#limits.timeout };
      this.#asked.add(question);
      this.#wakeAt(question.deadline);
      pending.then(
        (verdict) => this.#answered(question, verdict),
        (error: unknown) => this.#threw(question, error),
      );
    });
  }

  /** Answers that come too late are dropped: the question is no longer among those asked. */
  #answered(question: Asked, verdict: unknown): void {
    if (!this.#asked.delete(question)) return;
    question.answer(verdict);
    this.#heard(verdict, question, this.#isQuick(question));
    this.#refill();
  }

  #threw(question: Asked, error: unknown): void {
    if (!this.#asked.delete(question)) return;
    const fault = error instanceof Error ? (error.stack ?? error.message) : String(error);
    this.#log("error", "internal fault of a validator", { fault: fault.slice(0, FAULT_LIMIT) });
    question.answer(unavailable("internal fault of the validator"));
    this.#failed(question, "internal fault", this.#isQuick(question));
    this.#refill();
  }

  #heard(verdict: unknown, asker: Asker, isQuick: boolean): void {
    const { kind, why } = verdict as Unavailable;
    if (kind === "unavailable") this.#failed(asker, why, isQuick);
    else if (asker.isTrial) this.#breaker.tried(true, this.#now);
    else this.#breaker.good();
  }

  #failed({ client, isTrial }: Asker, why: string, isQuick: boolean): void {
    if (isTrial) this.#breaker.tried(false, this.#now);
    else this.#breaker.bad(why, client, isQuick, this.#now);
  }

  #isQuick({ deadline }: Asked): boolean {
    return this.#clock.now() - (deadline - this.#limits.timeout) < QUICK;
  }

  #refill(): void {
    while (this.#waiting.oldest && this.#asked.size < this.#limits.concurrency) {
      const { oldest } = this.#waiting;
      this.#waiting.delete(oldest);
      oldest.answer(this.#put(oldest.ask, { client: oldest.client, isTrial: false }));
    }
  }

  #opened(why: string): void {
    const { rest } = this.#limits.breaker;
    this.#log("warn", "validator fails, it is left alone for a while", { why, rest, waiting: this.#waiting.size });
    for (const question of this.#waiting.take()) question.answer(unavailable(RESTING));
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
    const isOverdue = ({ deadline }: Question): boolean => deadline <= now;
    for (const question of this.#waiting.take(isOverdue))
      question.answer(unavailable(`the validator is busy: the logon waited for ${queueTime} ms`));
    for (const question of this.#asked.take(isOverdue)) {
      question.answer(unavailable(`no answer from the validator within ${timeout} ms`));
      this.#failed(question, `no answer within ${timeout} ms`, false);
    }
    // Only now: where these failures have opened the breaker nobody is left to be asked about.
    this.#refill();
    for (const { oldest } of [this.#asked, this.#waiting]) if (oldest) this.#wakeAt(oldest.deadline);
  }
}

const RESTING = "the validator has failed and is left alone for a while";

function unavailable(why: string): Unavailable {
  return { kind: "unavailable", why };
}

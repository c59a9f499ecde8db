/**
 * What stands before a validator whose source locks accounts: the budget, and two memories that keep it from being wasted.
 * A password that has been wrong within the budget's window is wrong without asking, and one that is being asked about is
 * not asked about twice. The password that was right last time may be asked about at a known address even when nothing is
 * left: right, it costs nothing.
 */
import type { Secret } from "../core/secret.ts";
import { Budget, type Admission, type Admitted, type BudgetRule } from "./budget.ts";
import type { Clock } from "./clock.ts";
import { Recent } from "./recent.ts";
import type { WrongSecrets } from "./wrong-secrets.ts";

/** Milliseconds to wait for somebody else's answer about the same password. */
const PATIENCE = 15_000;
/** Of a right password's digest, in base64: 18 bits tell it from a slip, and tell a thief next to nothing. */
const RIGHT_LENGTH = 3;

export interface Access {
  readonly account: string;
  /** It has logged on from this address before. */
  readonly isKnown: boolean;
}

export interface Refusal {
  readonly kind: "refused";
  /** `repeated`: known to be wrong; `busy`: others of this account have been under way for too long. */
  readonly reason: "guarded" | "repeated" | "busy";
  readonly why: string;
  /** Milliseconds. */
  readonly retryAfter: number;
}

/** Leave to ask, until it is handed back. */
export interface Leave {
  readonly kind: "leave";
  readonly admitted: readonly Admitted[];
  readonly digest: string | undefined;
  readonly release: () => void;
}

const BUSY: Refusal = {
  kind: "refused",
  reason: "busy",
  why: "too many logons of this account are under way",
  retryAfter: 0,
};

export class Domain {
  readonly budget: Budget;
  readonly #wrong: WrongSecrets;
  readonly #right: Recent<string>;
  readonly #clock: Clock;
  /** Passwords that are being asked about. */
  readonly #underWay = new Map<string, Promise<void>>();

  /** `limit`: accounts. */
  constructor(limit: number, wrong: WrongSecrets, clock: Clock) {
    this.budget = new Budget(limit, clock);
    this.#right = new Recent(limit);
    this.#wrong = wrong;
    this.#clock = clock;
  }

  /** Whose leave it is must hand it back, whatever came of it. */
  async enter(accounts: readonly Access[], secret: Secret | undefined, rule: BudgetRule): Promise<Leave | Refusal> {
    const [first] = accounts;
    const digest = first && secret && this.#wrong.digest(first.account, secret);
    if (digest === undefined) return this.#spend(accounts, undefined, rule, () => undefined);
    const twin = this.#underWay.get(digest);
    if (twin && !(await this.#within(twin))) return BUSY;
    const repeated = (): Refusal | undefined => this.#repeated(first!.account, digest, rule);
    const refusal = repeated();
    if (refusal) return refusal;
    const leave = await this.#spend(accounts, digest, rule, this.#begin(digest));
    // Others may have been found wrong with it while this one waited.
    const late = repeated();
    if (!late || (leave.kind === "refused" && leave.reason === "busy")) return leave;
    if (leave.kind === "leave") this.giveBack(leave, () => "neither");
    return late;
  }

  /** `outcomeOf`: what came of each account. */
  giveBack({ admitted, release }: Leave, outcomeOf: (index: number) => "failed" | "passed" | "neither"): void {
    for (const [index, each] of admitted.entries()) this.budget.leave(each, outcomeOf(index));
    release();
  }

  /** It was this account's password just now. */
  learn(account: string, digest: string): void {
    this.#right.set(account, digest.slice(0, RIGHT_LENGTH));
  }

  async #spend(
    accounts: readonly Access[],
    digest: string | undefined,
    rule: BudgetRule,
    release: () => void,
  ): Promise<Leave | Refusal> {
    const admitted: Admitted[] = [];
    for (const { account, isKnown } of accounts) {
      const isLikelyRight =
        isKnown && digest !== undefined && this.#right.get(account) === digest.slice(0, RIGHT_LENGTH);
      const admission: Admission = await this.budget.enter(account, isKnown, rule, isLikelyRight);
      if (admission.kind === "admitted") {
        admitted.push(admission);
        continue;
      }
      for (const each of admitted) this.budget.leave(each, "neither");
      release();
      return admission.kind === "busy" ? BUSY : { ...SPENT, retryAfter: this.budget.leftOf(account) };
    }
    return { kind: "leave", admitted, digest, release };
  }

  #repeated(account: string, digest: string, { window }: BudgetRule): Refusal | undefined {
    const ago = this.#wrong.judgedAgo(account, digest, this.#clock.now());
    return ago === undefined || ago >= window ? undefined : { ...REPEATED, retryAfter: window - ago };
  }

  #begin(digest: string): () => void {
    if (this.#underWay.has(digest)) return () => undefined;
    let end: () => void = () => undefined;
    this.#underWay.set(digest, new Promise<void>((resolve) => (end = resolve)));
    return () => {
      this.#underWay.delete(digest);
      end();
    };
  }

  /** False: it has taken too long. */
  #within(twin: Promise<void>): Promise<boolean> {
    return new Promise((resolve) => {
      const stop = this.#clock.after(PATIENCE, () => resolve(false));
      void twin.then(() => {
        stop();
        resolve(true);
      });
    });
  }
}

const SPENT: Refusal = {
  kind: "refused",
  reason: "guarded",
  why: "the failures that the domain may be shown for this account are used up",
  retryAfter: 0,
};

const REPEATED: Refusal = {
  kind: "refused",
  reason: "repeated",
  why: "the same wrong password as before, not asked again",
  retryAfter: 0,
};

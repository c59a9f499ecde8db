/**
 * How many wrong answers a domain may give about one account because of us. Domains lock accounts after so many failures
 * (badPwdCount, MS-SAMR 3.1.5.14.1), and forget them when an observation window has passed since the last one, or with a
 * logon that goes well.
 *
 * Here likewise: failures add up, whatever time lies between them, until none has happened for `window`. A logon under way
 * counts as a failure until its answer is there; who comes too early waits for it. Of `failures` a third, rounded down, is
 * kept for addresses from which the account is known; what they have failed is forgotten when they log on, what others have
 * failed is not. The domain's own count is therefore never above `failures`, whoever tries what from wherever (but for one
 * password that seemed right and was not, see `enter`), and a name that the memory has dropped comes back with no less
 * than it had.
 */
import type { Clock } from "./clock.ts";
import { Overflow } from "./overflow.ts";
import { Recent } from "./recent.ts";

export interface BudgetRule {
  /** Less than the domain's lockout threshold. */
  readonly failures: number;
  /** Milliseconds; not less than the domain's observation window. */
  readonly window: number;
}

/** One account's. `inside`: from addresses from which the account is known. */
export interface Purse {
  outside: number;
  inside: number;
  /** Failures inside since the purse was made, whatever has been forgotten of them. */
  failedInside: number;
  /** The last failure. */
  at: number;
  /** Logons under way, the oldest first. */
  asking: Set<Admitted> | undefined;
  askingOutside: number;
  /** A password that seemed right has been let through although nothing was left, and was not right. */
  isVouchedFor: boolean;
  readonly window: number;
  waiting: Set<() => void> | undefined;
}

/** Logons of one account that wait for others of it. */
const WAITING = 64;
/** Milliseconds that they wait. */
const PATIENCE = 15_000;

/** A logon that the domain may be asked about, until it leaves. */
export interface Admitted {
  readonly kind: "admitted";
  readonly purse: Purse;
  readonly isInside: boolean;
  /** When it was admitted. */
  readonly began: number;
  /** `failedInside` when it was admitted. */
  readonly failedBefore: number;
}

export type Admission = Admitted | { readonly kind: "spent" | "busy" };

export class Budget {
  readonly #purses: Recent<Purse>;
  readonly #overflow = new Overflow();
  readonly #clock: Clock;

  /** `limit`: accounts. */
  constructor(limit: number, clock: Clock) {
    this.#clock = clock;
    this.#purses = new Recent(limit, (key, purse) => this.#drop(key, purse));
  }

  get size(): number {
    return this.#purses.size;
  }

  /**
   * `busy`: others of this account have been under way for too long. Who is admitted must leave. `isLikelyRight`: worth
   * being asked about when nothing is left; once, until a logon goes well or all is forgotten.
   */
  async enter(account: string, isInside: boolean, rule: BudgetRule, isLikelyRight = false): Promise<Admission> {
    const end = this.#clock.now() + PATIENCE;
    for (;;) {
      const purse = this.#purseOf(account, rule);
      const room = roomIn(purse, isInside, rule, this.#clock.now());
      const isVouchedFor = room === "spent" && isLikelyRight && !purse.isVouchedFor;
      if (room === "spent" && !isVouchedFor) return { kind: "spent" };
      if (room === "now" || isVouchedFor) {
        if (isVouchedFor) purse.isVouchedFor = true;
        return this.#admit(purse, isInside);
      }
      if ((purse.waiting?.size ?? 0) >= WAITING || !(await this.#turn(purse, end))) return { kind: "busy" };
    }
  }

  /** `neither`: no answer about the password. */
  leave(admitted: Admitted, outcome: "failed" | "passed" | "neither"): void {
    const { purse, isInside, failedBefore } = admitted;
    const now = this.#clock.now();
    forget(purse, now);
    purse.asking?.delete(admitted);
    if (!isInside) purse.askingOutside -= 1;
    // The domain has forgotten what it had counted; what failed since this logon began it may have counted after it.
    if (outcome === "passed") {
      purse.inside = Math.min(purse.inside, purse.failedInside - failedBefore);
      purse.isVouchedFor = false;
    }
    if (outcome === "failed") {
      if (isInside) {
        purse.inside += 1;
        purse.failedInside += 1;
      } else purse.outside += 1;
      purse.at = now;
    }
    for (const wake of [...(purse.waiting ?? [])]) wake();
  }

  /** Milliseconds until everything is forgotten; 0: nothing is spent. */
  leftOf(account: string): number {
    const purse = this.#purses.get(account);
    if (purse === undefined) return 0;
    forget(purse, this.#clock.now());
    return purse.outside + purse.inside === 0 ? 0 : purse.at + purse.window - this.#clock.now();
  }

  /** Gives it all back. True where something was spent. */
  refund(account: string): boolean {
    const wasSpent = this.leftOf(account) > 0;
    const purse = this.#purses.get(account);
    if (purse) purse.outside = purse.inside = 0;
    this.#overflow.delete(account);
    return wasSpent;
  }

  refundAll(): void {
    for (const [, purse] of this.#purses.entries()) purse.outside = purse.inside = 0;
    this.#overflow.clear();
  }

  restore(account: string, spent: Spent): void {
    this.#purses.set(account, purseWith(spent));
  }

  /** Those with something spent. */
  *entries(): Generator<[string, Purse]> {
    for (const [account, purse] of this.#purses.entries()) {
      forget(purse, this.#clock.now());
      if (purse.outside + purse.inside > 0) yield [account, purse];
    }
  }

  #purseOf(account: string, { window }: BudgetRule): Purse {
    const purse = this.#purses.get(account);
    if (purse !== undefined) return purse;
    const { spent, at } = this.#overflow.get(account);
    return this.#purses.set(account, purseWith({ outside: spent, inside: 0, at, window }));
  }

  #admit(purse: Purse, isInside: boolean): Admitted {
    const began = this.#clock.now();
    const admitted: Admitted = { kind: "admitted", purse, isInside, began, failedBefore: purse.failedInside };
    (purse.asking ??= new Set()).add(admitted);
    if (!isInside) purse.askingOutside += 1;
    return admitted;
  }

  #drop(account: string, purse: Purse): boolean {
    if ((purse.asking?.size ?? 0) + (purse.waiting?.size ?? 0) > 0) return true;
    forget(purse, this.#clock.now());
    const spent = purse.outside + purse.inside;
    if (spent > 0) this.#overflow.add(account, spent, purse.at, purse.window);
    return false;
  }

  /** False: nobody has left in time. */
  async #turn(purse: Purse, end: number): Promise<boolean> {
    const left = end - this.#clock.now();
    if (left <= 0) return false;
    return new Promise((resolve) => {
      const settle = (isMyTurn: boolean): void => {
        stop();
        purse.waiting?.delete(wake);
        resolve(isMyTurn);
      };
      const wake = (): void => settle(true);
      const stop = this.#clock.after(left, () => settle(false));
      (purse.waiting ??= new Set()).add(wake);
    });
  }
}

export type Spent = Pick<Purse, "outside" | "inside" | "at" | "window">;

function purseWith({ outside, inside, at, window }: Spent): Purse {
  return {
    outside,
    inside,
    failedInside: 0,
    at,
    asking: undefined,
    askingOutside: 0,
    isVouchedFor: false,
    window,
    waiting: undefined,
  };
}

/** `later`: unless those under way fail. */
function roomIn(
  purse: Purse,
  isInside: boolean,
  { failures, window }: BudgetRule,
  now: number,
): "now" | "later" | "spent" {
  forget(purse, now, window);
  const share = failures - Math.floor(failures / 3);
  const spent = purse.outside + purse.inside;
  if (spent >= failures || (!isInside && purse.outside >= share)) return "spent";
  const asking = purse.asking?.size ?? 0;
  const isFree = spent + asking < failures && (isInside || purse.outside + purse.askingOutside < share);
  return isFree ? "now" : "later";
}

/** A logon under way may have failed as soon as it began: the domain then still remembered what was younger than the window. */
function forget(purse: Purse, now: number, window = purse.window): void {
  const [oldest] = purse.asking ?? [];
  if ((oldest?.began ?? now) - purse.at < window) return;
  purse.outside = purse.inside = 0;
  purse.isVouchedFor = false;
}

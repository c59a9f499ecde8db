/**
 * The members after the one that knows a name are not asked: without care, a quicker "no" would say that there is such a
 * name. So it waits as long as one of those members' latest "unknown" took.
 */
import { RecentTimes } from "../../core/recent-times.ts";
import { wait } from "../pace.ts";

/** A "no" is not held up longer, in milliseconds: members that slow are as good as down. */
const LONGEST = 2000;

export class Pace {
  /** By the member's place. */
  readonly #taken: readonly RecentTimes[];

  constructor(members: number) {
    this.#taken = Array.from({ length: members }, () => new RecentTimes());
  }

  /** The member at `index` took so long to say that it does not know a name. */
  record(index: number, milliseconds: number): void {
    this.#taken[index]!.learn(milliseconds);
  }

  /** Passes the time that the members after `index` would take. */
  async asIfUnknown(index: number): Promise<void> {
    const time = this.#taken.slice(index + 1).reduce((sum, taken) => sum + taken.any(), 0);
    await wait(Math.min(time, LONGEST));
  }
}

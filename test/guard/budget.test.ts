/** The budget: what a domain is shown of an account never reaches its lockout threshold, whoever tries what and when. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import { Budget, type Admitted, type BudgetRule, type Purse } from "../../src/guard/budget.ts";
import { TurnedClock } from "../validators/isolation/turned-clock.ts";

const MINUTE = 60_000;
const RULE: BudgetRule = { failures: 4, window: 30 * MINUTE };

function bench(limit = 100): { clock: TurnedClock; budget: Budget } {
  const clock = new TurnedClock();
  return { clock, budget: new Budget(limit, clock) };
}

async function admitted(budget: Budget, isInside = false, account = "alice"): Promise<Admitted> {
  const admission = await budget.enter(account, isInside, RULE);
  assert.equal(admission.kind, "admitted");
  return admission;
}

async function fail(budget: Budget, isInside = false, account = "alice"): Promise<void> {
  budget.leave(await admitted(budget, isInside, account), "failed");
}

describe("a budget of four failures", () => {
  test("lets three from unknown addresses through, and keeps the fourth for known ones", async () => {
    const { budget } = bench();
    for (let failure = 0; failure < 3; failure++) await fail(budget);
    assert.equal((await budget.enter("alice", false, RULE)).kind, "spent");
    await fail(budget, true);
    assert.equal((await budget.enter("alice", true, RULE)).kind, "spent");
    assert.equal((await budget.enter("bob", false, RULE)).kind, "admitted", "nobody else");
  });

  test("is whole again only when nothing has failed for its window", async () => {
    const { clock, budget } = bench();
    for (let failure = 0; failure < 3; failure++) {
      await fail(budget);
      await clock.turn(29 * MINUTE);
    }
    assert.equal(
      (await budget.enter("alice", false, RULE)).kind,
      "spent",
      "a window that slides would have forgotten two",
    );
    assert.equal(budget.leftOf("alice"), MINUTE);
    await clock.turn(MINUTE);
    assert.equal(budget.leftOf("alice"), 0);
    await fail(budget);
  });

  test("gives a known address back what it had failed once it logs on, and nobody else", async () => {
    const { budget } = bench();
    await fail(budget);
    await fail(budget, true);
    await fail(budget, true);
    budget.leave(await admitted(budget, true), "passed");
    const [[, purse]] = [...budget.entries()] as [[string, Purse]];
    assert.deepEqual([purse.outside, purse.inside], [1, 0]);
  });

  test("counts what is under way, and who comes too early waits for its answer", async () => {
    const { budget } = bench();
    const asking = [await admitted(budget), await admitted(budget), await admitted(budget)];
    let isIn = false;
    const fourth = budget.enter("alice", false, RULE).then((admission) => {
      isIn = true;
      return admission.kind;
    });
    await new Promise(setImmediate);
    assert.ok(!isIn);
    budget.leave(asking[0]!, "passed");
    assert.equal(await fourth, "admitted");
    for (const each of asking.slice(1)) budget.leave(each, "failed");
  });

  test("who waits is refused when the others fail, and gives up when they take too long", async () => {
    const { clock, budget } = bench();
    const asking = [await admitted(budget), await admitted(budget), await admitted(budget)];
    const waiting = budget.enter("alice", false, RULE);
    for (const each of asking) budget.leave(each, "failed");
    assert.equal((await waiting).kind, "spent");
    const others = [
      await admitted(budget, false, "bob"),
      await admitted(budget, false, "bob"),
      await admitted(budget, false, "bob"),
    ];
    const patient = budget.enter("bob", false, RULE);
    await clock.turn(15_000);
    assert.equal((await patient).kind, "busy");
    assert.equal(others.length, 3);
  });

  test("while an answer is awaited it forgets nothing that the domain may have remembered when it was asked", async () => {
    const { clock, budget } = bench();
    await fail(budget);
    await fail(budget);
    await clock.turn(29 * MINUTE);
    const late = await admitted(budget);
    await clock.turn(2 * MINUTE);
    const other = budget.enter("alice", false, RULE);
    budget.leave(late, "failed");
    assert.equal((await other).kind, "spent");
  });

  test("no answer costs nothing", async () => {
    const { budget } = bench();
    for (let each = 0; each < 20; each++) budget.leave(await admitted(budget), "neither");
    assert.equal(budget.leftOf("alice"), 0);
  });

  test("names that the memory has dropped come back with no less than they had spent", async () => {
    const { budget } = bench(50);
    for (let failure = 0; failure < 3; failure++) await fail(budget);
    for (let each = 0; each < 5_000; each++) budget.leave(await admitted(budget, true, `x${each}`), "neither");
    assert.ok(budget.size <= 50);
    assert.equal((await budget.enter("alice", false, RULE)).kind, "spent");
    assert.equal((await budget.enter("alice", true, RULE)).kind, "admitted", "the known address' one is still there");
  });

  test("an account with logons under way is never dropped", async () => {
    const { budget } = bench(10);
    const asking = [await admitted(budget), await admitted(budget), await admitted(budget)];
    for (let each = 0; each < 1_000; each++) budget.leave(await admitted(budget, false, `x${each}`), "neither");
    for (const each of asking) budget.leave(each, "failed");
    assert.equal((await budget.enter("alice", false, RULE)).kind, "spent");
  });
});

/** A domain as MS-SAMR 3.1.5.14.1 has it: failures are forgotten a window after the last one, or with a logon. */
class Domain {
  badPwdCount = 0;
  most = 0;
  #last = -Infinity;

  attempt(isRight: boolean, now: number): void {
    if (now - this.#last >= RULE.window) this.badPwdCount = 0;
    if (isRight) {
      this.badPwdCount = 0;
      return;
    }
    this.badPwdCount += 1;
    this.#last = now;
    this.most = Math.max(this.most, this.badPwdCount);
  }
}

const step = fc.record({
  gap: fc.oneof({ weight: 4, arbitrary: fc.constant(0) }, fc.integer({ min: 0, max: 40 * MINUTE })),
  isInside: fc.boolean(),
  isRight: fc.boolean(),
  /** How many later logons begin before its answer is here: answers come in another order than the domain gives them. */
  late: fc.integer({ min: 0, max: 3 }),
});

test("whatever is tried from wherever, the domain never counts more than the budget", async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(step, { maxLength: 40, size: "max" }),
      fc.constantFrom(1, 2, 4, 9),
      async (all, failures) => {
        const { clock, budget } = bench(4);
        const domain = new Domain();
        let late: { steps: number; leave: () => void }[] = [];
        const answer = (isDue: (each: { steps: number }) => boolean): void => {
          const due = late.filter(isDue);
          late = late.filter((each) => !isDue(each));
          for (const { leave } of due) leave();
        };
        for (const { gap, isInside, isRight, late: steps } of all) {
          await clock.turn(gap);
          const entering = budget.enter("alice", isInside, { ...RULE, failures });
          let isIn = false;
          void entering.then(() => (isIn = true));
          await new Promise(setImmediate);
          // Who waits for others waits until their answers are here.
          if (!isIn) answer(() => true);
          const admission = await entering;
          for (const each of late) each.steps -= 1;
          answer((each) => each.steps < 0);
          if (admission.kind !== "admitted") continue;
          domain.attempt(isRight, clock.now());
          const leave = (): void => budget.leave(admission, isRight ? "passed" : "failed");
          if (steps > 0) late.push({ steps, leave });
          else leave();
        }
        assert.ok(domain.most <= failures, `${domain.most} failures of ${failures}`);
      },
    ),
    { numRuns: 300 },
  );
});

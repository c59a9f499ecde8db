/** A validator behind bulkheads: each limit, what it answers, and that everything else is as the validator has it. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { Secret } from "../../../src/core/secret.ts";
import type { KeyJudge, Validator } from "../../../src/core/validator.ts";
import type { Accepted, Unavailable, Verdict } from "../../../src/core/verdict.ts";
import { accountsValidator } from "../../../src/validators/file/file.ts";
import { isolated, type IsolationOptions } from "../../../src/validators/isolation/isolated.ts";
import { VISIT } from "../../support/visit.ts";
import { conformance, NAMES } from "../conformance.ts";
import { conformingAccounts } from "./accounts.ts";
import { TurnedClock } from "./turned-clock.ts";

const YES: Accepted = { kind: "accepted", identity: { user: "alice", mailbox: "alice", groups: [], attributes: {} } };
const NO: Verdict = { kind: "denied", reason: "bad-credentials", why: "wrong password" };
const DOWN: Unavailable = { kind: "unavailable", why: "the directory is down" };
const EVIDENCE = { username: "alice", password: new Secret("hunter2") };

/** A validator whose answers the test gives, and a clock that it turns. */
class Bench {
  readonly clock = new TurnedClock();
  readonly lines: string[] = [];
  readonly open: { resolve: (verdict: Verdict) => void; reject: (error: unknown) => void }[] = [];
  asked = 0;
  readonly validator: Validator;

  constructor(limits: Partial<IsolationOptions> = {}) {
    const password = (): Promise<Verdict> => {
      this.asked += 1;
      return new Promise((resolve, reject) => this.open.push({ resolve, reject }));
    };
    const log: IsolationOptions["log"] = (level, message, fields) =>
      this.lines.push(`${level} ${message} ${JSON.stringify(fields)}`);
    this.validator = isolated({ name: "slow", password }, { log, ...limits }, this.clock);
  }

  ask(address = "192.0.2.7"): Promise<Verdict> {
    return Promise.resolve(this.validator.password!(EVIDENCE, { ...VISIT, client: { address, port: 1 } }));
  }

  /** Asks from an address of its own each time. */
  askAs(client: number): Promise<Verdict> {
    return this.ask(`192.0.2.${client}`);
  }

  async answer(verdict: Verdict): Promise<void> {
    this.open.shift()!.resolve(verdict);
    await this.clock.turn(0);
  }
}

const why = (verdict: Verdict): string => (verdict.kind === "unavailable" ? verdict.why : verdict.kind);

conformance("An isolated validator", () => Promise.resolve(isolated(conformingAccounts(), { log: () => undefined })), {
  keys: true,
});

describe("an isolated validator", () => {
  test("can do what the validator can, and nothing else", () => {
    const options = { log: () => undefined };
    const none = isolated({ name: "none" }, options);
    assert.deepEqual([none.password, none.ntlm, none.keys, none.bearer, none.certificate], Array(5).fill(undefined));
    const all = isolated(accountsValidator({ name: "all", text: "", names: NAMES }), options);
    assert.ok(all.password && all.ntlm && all.keys && all.certificate && !all.bearer);
    assert.equal(all.name, "all");
    assert.deepEqual(all.ntlm.names(VISIT), NAMES);
  });

  test("tells what accounts and tokens need as it is now, not as it was", () => {
    let kinds: KeyJudge["kinds"] = ["SCRAM-SHA-1"];
    let scope = "mail";
    const likeness = { iterations: 5000, saltLength: 16, canonicalName: "x" };
    const heard: string[] = [];
    const inner: Validator = {
      name: "all",
      keys: {
        get kinds() {
          return kinds;
        },
        find: () => Promise.resolve(DOWN),
        likeness: (_mechanism, username) => (username === "x" ? likeness : undefined),
        concluded: (username, verdict) => void heard.push(`${username} ${verdict.kind}`),
      },
      bearer: {
        get scope() {
          return scope;
        },
        openidConfiguration: "https://login.example.com/",
        verify: () => Promise.resolve(NO),
      },
    };
    const { keys, bearer } = isolated(inner, { log: () => undefined });
    [kinds, scope] = [["password"], "imap"];
    assert.deepEqual([keys?.kinds, bearer?.scope], [["password"], "imap"]);
    assert.equal(bearer?.openidConfiguration, "https://login.example.com/");
    assert.deepEqual(keys?.likeness?.("SCRAM-SHA-1", "x"), likeness);
    assert.equal(keys?.likeness?.("SCRAM-SHA-1", "y"), undefined);
    keys?.concluded?.("x", NO, VISIT);
    assert.deepEqual(heard, ["x denied"]);
  });

  test("answers as the validator does, and keeps its own methods' this", async () => {
    class Own {
      readonly name = "own";
      readonly verdict = YES;
      password(): Promise<Verdict> {
        return Promise.resolve(this.verdict);
      }
    }
    assert.equal(await isolated(new Own(), { log: () => undefined }).password!(EVIDENCE, VISIT), YES);
  });

  test("no answer in time is unavailable, and an answer after it is dropped", async () => {
    const bench = new Bench({ timeout: 1000 });
    const verdict = bench.ask();
    await bench.clock.turn(999);
    assert.equal(bench.open.length, 1);
    await bench.clock.turn(1);
    assert.equal(why(await verdict), "no answer from the validator within 1000 ms");
    await bench.answer(YES);
    assert.equal(why(await verdict), "no answer from the validator within 1000 ms");
    assert.equal(bench.clock.timers, 0, "no timer is left");
  });

  test("only so many are asked at once; the others wait in their order", async () => {
    const bench = new Bench({ concurrency: 2 });
    const verdicts = Array.from({ length: 4 }, () => bench.ask());
    assert.equal(bench.asked, 2);
    await bench.answer(NO);
    assert.equal(bench.asked, 3);
    await bench.answer(YES);
    await bench.answer(YES);
    await bench.answer(NO);
    assert.deepEqual((await Promise.all(verdicts)).map(why), ["denied", "accepted", "accepted", "denied"]);
  });

  test("a full queue turns away at once, and says so", async () => {
    const bench = new Bench({ concurrency: 1, queue: 2 });
    const waiting = [bench.ask(), bench.ask(), bench.ask()];
    assert.equal(why(await bench.ask()), "the validator's queue is full: 2 logons are waiting");
    for (const _ of waiting) await bench.answer(NO);
    assert.deepEqual((await Promise.all(waiting)).map(why), ["denied", "denied", "denied"]);
  });

  test("nobody waits longer in the queue than its time, and who has left it is not asked about", async () => {
    const bench = new Bench({ concurrency: 1, queueTime: 500, timeout: 2000 });
    const [first, second] = [bench.ask(), bench.ask()];
    await bench.clock.turn(500);
    assert.equal(why(await second), "the validator is busy: the logon waited for 500 ms");
    await bench.answer(YES);
    assert.equal(why(await first), "accepted");
    assert.equal(bench.asked, 1);
  });

  test("a place whose question timed out is free again", async () => {
    const bench = new Bench({ concurrency: 1, timeout: 1000, queueTime: 5000 });
    const [first, second] = [bench.ask(), bench.ask()];
    await bench.clock.turn(1000);
    assert.match(why(await first), /no answer/);
    assert.equal(bench.asked, 2);
    bench.open[1]!.resolve(YES);
    assert.equal(why(await second), "accepted");
  });

  test("a fault is unavailable and one line in the log, thrown at once or later", async () => {
    const bench = new Bench();
    const verdict = bench.ask();
    bench.open.shift()!.reject(new Error("undefined is not a function"));
    assert.equal(why(await verdict), "internal fault of the validator");
    const throws = (): never => {
      throw new Error("at once");
    };
    const lines: string[] = [];
    const thrower = isolated(
      { name: "x", password: throws },
      { log: (level, message) => lines.push(`${level} ${message}`) },
    );
    assert.equal(why(await thrower.password!(EVIDENCE, VISIT)), "internal fault of the validator");
    assert.deepEqual(lines, ["error internal fault of a validator"]);
    assert.equal(bench.lines.length, 1);
    assert.match(bench.lines[0]!, /"validator":"slow","judges":"password".*undefined is not a function/);
    assert.ok(!bench.lines[0]!.includes("hunter2"));
  });

  test("closing ends what is under way, and closes the validator", async () => {
    let closed = 0;
    const hangs = (): Promise<Verdict> => new Promise(() => undefined);
    const close = (): Promise<void> => Promise.resolve(void closed++);
    const validator = isolated({ name: "x", password: hangs, close }, { log: () => undefined, concurrency: 1 });
    const verdicts = [validator.password!(EVIDENCE, VISIT), validator.password!(EVIDENCE, VISIT)];
    await validator.close!();
    assert.deepEqual([why(await verdicts[0]!), why(await verdicts[1]!)], Array(2).fill("the validator is closed"));
    assert.equal(closed, 1);
  });

  test("ways of judging are isolated from each other", async () => {
    const hangs = (): Promise<Verdict> => new Promise(() => undefined);
    const inner: Validator = { name: "x", password: hangs, bearer: { verify: () => Promise.resolve(YES) } };
    const validator = isolated(inner, { log: () => undefined, concurrency: 1, queue: 0 });
    void validator.password!(EVIDENCE, VISIT);
    assert.match(why(await validator.password!(EVIDENCE, VISIT)), /queue is full/);
    assert.equal(why(await validator.bearer!.verify({ username: "", token: new Secret("t") }, VISIT)), "accepted");
  });
});

describe("the breaker of an isolated validator", () => {
  const LIMITS = { breaker: { failures: 3, rest: 5000 }, timeout: 1000 };
  const RESTING = "the validator has failed and is left alone for a while";

  async function broken(): Promise<Bench> {
    const bench = new Bench(LIMITS);
    for (let client = 1; client <= 3; client++) {
      const verdict = bench.askAs(client);
      await bench.answer(DOWN);
      assert.equal(why(await verdict), DOWN.why);
    }
    return bench;
  }

  test("opens after so many failures in a row, with one line, and then asks nobody", async () => {
    const bench = await broken();
    assert.equal(why(await bench.ask()), RESTING);
    assert.equal(bench.asked, 3);
    assert.deepEqual(bench.lines, [
      'warn validator fails, it is left alone for a while {"validator":"slow","judges":"password","why":"the directory is down","rest":5000,"waiting":0}',
    ]);
  });

  test("lets one question through after its rest, and closes with a good answer", async () => {
    const bench = await broken();
    await bench.clock.turn(5000);
    const trial = bench.ask();
    assert.equal(bench.asked, 4);
    assert.equal(why(await bench.ask()), RESTING);
    await bench.answer(NO);
    assert.equal(why(await trial), "denied");
    assert.equal(bench.lines[1], 'info validator is asked again {"validator":"slow","judges":"password"}');
    const next = bench.ask();
    await bench.answer(YES);
    assert.equal(why(await next), "accepted");
  });

  test("rests again when the trial fails or times out, without another line", async () => {
    const bench = await broken();
    await bench.clock.turn(5000);
    const trial = bench.ask();
    await bench.answer(DOWN);
    assert.equal(why(await trial), DOWN.why);
    assert.equal(why(await bench.ask()), RESTING);
    await bench.clock.turn(5000);
    const second = bench.ask();
    await bench.clock.turn(1000);
    assert.match(why(await second), /no answer/);
    assert.equal(why(await bench.ask()), RESTING);
    assert.equal(bench.lines.length, 1);
  });

  test("counts time-outs from whomever, and who waits is told at once when it opens", async () => {
    const bench = new Bench({ ...LIMITS, concurrency: 3 });
    const verdicts = Array.from({ length: 5 }, () => bench.ask());
    await bench.clock.turn(1000);
    const answers = (await Promise.all(verdicts)).map(why);
    assert.deepEqual(answers, [
      ...Array<string>(3).fill("no answer from the validator within 1000 ms"),
      RESTING,
      RESTING,
    ]);
    assert.equal(bench.asked, 3);
    assert.equal(bench.lines.length, 1);
    assert.equal(why(await bench.ask()), RESTING);
  });

  test("wrong passwords and unknown names are no failures, and one in five good answers keeps it closed", async () => {
    const bench = new Bench(LIMITS);
    for (const verdict of [NO, { kind: "unknown", why: "nobody" } as const]) {
      for (let count = 0; count < 10; count++) {
        void bench.ask();
        await bench.answer(verdict);
      }
    }
    for (let round = 0; round < 10; round++) {
      for (const verdict of [DOWN, DOWN, YES]) {
        void bench.askAs(round * 3 + bench.asked);
        await bench.answer(verdict);
      }
    }
    assert.deepEqual(bench.lines, []);
  });

  test("one client cannot open it with quick failures, slow ones count from everybody", async () => {
    const bench = new Bench(LIMITS);
    for (let count = 0; count < 20; count++) {
      void bench.ask();
      await bench.answer(DOWN);
    }
    assert.deepEqual(bench.lines, []);
    const slow = new Bench({ ...LIMITS, timeout: 5000 });
    for (let count = 0; count < 3; count++) {
      void slow.ask();
      await slow.clock.turn(1000);
      await slow.answer(DOWN);
    }
    assert.equal(slow.lines.length, 1);
  });
});

describe("answers that are there at once", () => {
  test("are passed on as they are, and take nobody's place", async () => {
    const lines: string[] = [];
    const log: IsolationOptions["log"] = (_level, message) => lines.push(message);
    const validator = isolated({ name: "quick", password: () => YES }, { log, concurrency: 1, queue: 0 });
    assert.equal(validator.password!(EVIDENCE, VISIT), YES);
    assert.equal(await validator.password!(EVIDENCE, VISIT), YES);
    assert.deepEqual(lines, []);
  });

  test("open the breaker, and close it, as others do", async () => {
    const bench = { answer: DOWN as Verdict, lines: [] as string[], clock: new TurnedClock() };
    const log: IsolationOptions["log"] = (_level, message) => bench.lines.push(message);
    const limits = { log, breaker: { failures: 2, rest: 1000 } };
    const validator = isolated({ name: "quick", password: () => bench.answer }, limits, bench.clock);
    const ask = (client: number) =>
      validator.password!(EVIDENCE, { ...VISIT, client: { address: `192.0.2.${client}`, port: 1 } });
    assert.deepEqual([why(await ask(1)), why(await ask(2))], [DOWN.why, DOWN.why]);
    bench.answer = YES;
    assert.match(why(await ask(3)), /has failed and is left alone/);
    await bench.clock.turn(1000);
    assert.deepEqual([await ask(4), await ask(5)], [YES, YES]);
    assert.deepEqual(bench.lines, ["validator fails, it is left alone for a while", "validator is asked again"]);
  });

  test("who waits behind slow ones gets one of them, too", async () => {
    const answers: (Verdict | Promise<Verdict>)[] = [];
    let first: (verdict: Verdict) => void = () => undefined;
    answers.push(new Promise((resolve) => (first = resolve)), YES, NO);
    const password = () => answers.shift()!;
    const validator = isolated({ name: "mixed", password }, { log: () => undefined, concurrency: 1 });
    const verdicts = [1, 2, 3].map(() => Promise.resolve(validator.password!(EVIDENCE, VISIT)));
    assert.equal(answers.length, 2);
    first(DOWN);
    assert.deepEqual(await Promise.all(verdicts), [DOWN, YES, NO]);
  });
});

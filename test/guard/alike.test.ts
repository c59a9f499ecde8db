/**
 * Unknown name, wrong password, disabled account and a refusal of the guard, through a gateway: the same words and, within
 * noise, the same time. SCRAM and CRAM-MD5, whose proof comes late, are counted as well.
 */
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { Secret } from "../../src/core/secret.ts";
import type { Validator } from "../../src/core/validator.ts";
import { Guard } from "../../src/guard/guard.ts";
import { guarded } from "../../src/guard/guarded.ts";
import { DEFAULT_RULES } from "../../src/guard/rules.ts";
import { cramMd5Client } from "../../src/sasl/client/cram-md5.ts";
import { scramClient } from "../../src/sasl/client/scram.ts";
import { cramMd5 } from "../../src/sasl/cram-md5.ts";
import { oauthbearer } from "../../src/sasl/oauthbearer.ts";
import { makeOffer } from "../../src/sasl/mechanism.ts";
import { scram } from "../../src/sasl/scram.ts";
import { ending, keysValidator, offerOf, SETTINGS, talk } from "../sasl/keys-judge.ts";
import { eventually, startGateway, type RunningGateway } from "../support/gateway.ts";
import { logOn } from "../support/logon.ts";
import { VISIT } from "../support/visit.ts";
import { conformance } from "../validators/conformance.ts";
import { conformingAccounts } from "../validators/isolation/accounts.ts";
import { DAY, newPassword, WITHOUT_DELAYS } from "./world.ts";

const { address } = WITHOUT_DELAYS;
const RULES = { ...WITHOUT_DELAYS, address: { ...address, lock: 3 } };
/** As slow as a hash of a password; the reference for what is alike. */
const WORK = 30;

function guardOf(rules = RULES): Guard {
  return new Guard({ rules, log: () => undefined });
}

/** Everybody is judged after the same work: what a validator has to see to itself. */
const slow: Validator = {
  name: "users",
  password: async ({ username, password }) => {
    await sleep(WORK + Math.random() * 5);
    if (username === "nobody") return { kind: "unknown", why: "nobody" };
    const denied = { kind: "denied", why: "no", user: username } as const;
    if (password.reveal() !== "right") return { ...denied, reason: "bad-credentials" };
    return { ...denied, reason: "disabled" };
  },
};

describe("what a client sees", () => {
  let running: RunningGateway;
  /** Guards nobody before it is told to. */
  const guard = guardOf({ ...RULES, address: { ...address, lock: 1e6, lockFor: 1e6 * DAY } });
  before(async () => {
    const pieces = { listeners: [{ plaintext: "allowed" }], limits: { failureDelay: "50ms" } };
    running = await startGateway(pieces, { validator: guarded(slow, guard) });
  });
  after(() => running.stop());

  async function refused(user: string, password: string): Promise<{ answer: string; time: number }> {
    const talker = await running.dial();
    const started = performance.now();
    const answer = await logOn(talker, "imap", user, password);
    talker.destroy();
    return { answer, time: performance.now() - started };
  }

  async function median(user: string, password: () => string): Promise<{ answers: Set<string>; time: number }> {
    const answers = new Set<string>();
    const times: number[] = [];
    for (let count = 0; count < 15; count++) {
      const { answer, time } = await refused(user, password());
      answers.add(answer);
      times.push(time);
    }
    return { answers, time: times.toSorted((a, b) => a - b)[7]! };
  }

  test("is the same whether a name is unknown, a password wrong, an account disabled or its address locked", async () => {
    const cases = [
      await median("nobody", newPassword),
      await median("alice", newPassword),
      await median("dora", () => "right"),
    ];
    guard.configure(RULES);
    const locked = running.lines.length;
    cases.push(await median("alice", newPassword));
    const guardedLines = (): number =>
      running.lines.slice(locked).filter(({ why }) => /locked after/.test(String(why))).length;
    await eventually(() => guardedLines() === 15, "a line for each");
    assert.equal(new Set(cases.flatMap(({ answers }) => [...answers])).size, 1);
    const times = cases.map(({ time }) => time);
    assert.ok(Math.max(...times) - Math.min(...times) < 15, times.map((time) => time.toFixed(1)).join(" "));
  });
});

test("without a delay at the listener a refusal of the guard takes as long as the validator's", async () => {
  const validator = guarded(slow, guardOf());
  const ask = async (): Promise<[kind: string, time: number]> => {
    const started = performance.now();
    const verdict = await validator.password!({ username: "alice", password: new Secret(newPassword()) }, VISIT);
    return [verdict.kind === "denied" ? verdict.reason : verdict.kind, performance.now() - started];
  };
  const answers: [string, number][] = [];
  for (let count = 0; count < 8; count++) answers.push(await ask());
  assert.deepEqual(
    answers.map(([kind]) => kind),
    [...Array(3).fill("bad-credentials"), ...Array(5).fill("guarded")],
  );
  for (const [kind, time] of answers) assert.ok(time > WORK * 0.9 && time < WORK * 4, `${kind}: ${time.toFixed(1)} ms`);
});

describe("keys, whose proof comes after them,", () => {
  const client = (password: string) => scramClient({ hash: "SHA-256", username: "alice", password });
  const tryScram = async (validator: Validator, password: string) =>
    talk(offerOf(scram("SCRAM-SHA-256", SETTINGS), validator), client(password), VISIT);

  test("count when the proof is wrong, and take it back when it is right", async () => {
    const guard = guardOf();
    const validator = guarded(await keysValidator(), guard);
    for (let count = 0; count < 2; count++)
      assert.equal(ending(await tryScram(validator, "x")), "denied bad-credentials");
    const total = (): number => [...guard.addresses.entries(RULES.address, Date.now())][0]?.[1].total ?? 0;
    assert.equal(Math.round(total()), 2);
    assert.equal(ending(await tryScram(validator, "pencil")), "accepted alice");
    assert.equal(total(), 0);
  });

  test("are an account's own when it is guarded, and no proof with them is taken", async () => {
    const guard = guardOf();
    const validator = guarded(await keysValidator(), guard);
    const salts = new Set<string>();
    for (let count = 0; count < 6; count++) {
      const { conclusion, challenges } = await tryScram(validator, count < 3 ? "x" : "pencil");
      salts.add(/s=([^,]*)/.exec(challenges.join())![1]!);
      assert.equal(ending({ conclusion }), count < 3 ? "denied bad-credentials" : "denied guarded");
    }
    assert.equal(salts.size, 1, "the salt tells nothing about the guard, nor about the account");
  });

  test("count with CRAM-MD5 as well, and only once the client has answered", async () => {
    const guard = guardOf();
    const validator = guarded(await keysValidator(), guard);
    const offer = offerOf(cramMd5({ nonce: () => Buffer.alloc(16, 1), host: "mail" }), validator);
    for (const password of ["x", "y", "z", "pencil"]) {
      const { conclusion } = await talk(offer, cramMd5Client({ username: "alice", password }), VISIT);
      assert.equal(ending({ conclusion }), password === "pencil" ? "denied guarded" : "denied bad-credentials");
    }
    const other = guarded(await keysValidator(), guardOf());
    for (let count = 0; count < 10; count++) await other.keys!.find("alice", VISIT);
    assert.equal(ending(await tryScram(other, "pencil")), "accepted alice", "who only looks has guessed nothing");
  });
});

test("a guarded token is refused as a forged one", async () => {
  const verify = async () => ({ kind: "denied", reason: "bad-credentials", why: "forged" }) as const;
  const offer = makeOffer(oauthbearer, guarded({ name: "tokens", bearer: { verify } }, guardOf()))!;
  const errors: string[] = [];
  for (let count = 0; count < 5; count++) {
    const exchange = offer.begin(Buffer.from(`n,a=u${count},\x01auth=Bearer t${count}\x01\x01`), VISIT);
    errors.push(Buffer.from((await exchange.next()).value as Uint8Array).toString());
  }
  assert.deepEqual([...new Set(errors)], ['{"status":"invalid_token"}']);
});

conformance(
  "A guarded validator",
  () => {
    const { address, network, account, ...rest } = DEFAULT_RULES;
    const mild = { free: 1e6, forget: 1, longest: 1, lock: 1e6, lockFor: 1 };
    const rules = {
      ...rest,
      address: { ...address, ...mild },
      network: { ...network, ...mild },
      account: { ...account, ...mild },
    };
    return Promise.resolve(guarded(conformingAccounts(), guardOf(rules)));
  },
  { keys: true },
);

/** Through a gateway: a validator that is slow or hangs leaves the logons of another one at their normal time. */
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import type { Validator } from "../../../src/core/validator.ts";
import type { Verdict } from "../../../src/core/verdict.ts";
import { DEFAULT_LIMITS, isolated } from "../../../src/validators/isolation/isolated.ts";
import { accountsValidator } from "../../../src/validators/file/file.ts";
import type { StagedBackend } from "../../support/backend.ts";
import { openEchoBackend } from "../../support/echo-backend.ts";
import { ACCOUNTS, startGateway, type RunningGateway } from "../../support/gateway.ts";
import { logOn } from "../../support/logon.ts";
import type { Talker } from "../../support/talker.ts";

/** Dovecot's users wait 5.7 s instead of 16 ms for each other when a winbind helper takes so long. */
const SLOW = 6_000;
const HUNG_TIMEOUT = 600;
/** More than the validator is asked at once, fewer than a client's address may have connections. */
const CROWD = 80;
const NORMAL_LOGONS = 30;
/** Many times the time of a normal logon, and far below anything that waited for the other validator. */
const HARDLY_LONGER = 250;

const accounts = (name: string): Validator => accountsValidator({ name, text: ACCOUNTS, names: NAMES });
const NAMES = { netbiosDomain: "EXAMPLE", netbiosComputer: "MAIL", domainJoined: true };

const slow: Validator = {
  name: "slow",
  password: async (evidence, visit) => {
    await sleep(SLOW);
    return accounts("slow").password!(evidence, visit);
  },
};
const hung: Validator = { name: "hung", password: () => new Promise<Verdict>(() => undefined) };

describe("a gateway with a quick validator, a slow one and one that hangs", () => {
  let backend: StagedBackend;
  let running: RunningGateway;
  before(async () => {
    backend = await openEchoBackend("imap");
    running = await start(backend.port);
  });
  after(async () => {
    await running.stop();
    backend.close();
  });

  test("logons of the quick one take their normal time while the slow one is asked about a crowd", async () => {
    const normal = await quickLogons(running);
    const crowd = crowdAt(running, "slow");
    await sleep(100);
    const meanwhile = await quickLogons(running);
    assert.ok(meanwhile < normal + HARDLY_LONGER, `${meanwhile.toFixed(1)} ms instead of ${normal.toFixed(1)} ms`);
    const answers = await crowd;
    const [letIn, later] = [/^a1 OK/, /^a1 NO \[UNAVAILABLE\]/].map((each) => answers.filter((one) => each.test(one)));
    const { concurrency } = DEFAULT_LIMITS;
    assert.deepEqual([letIn!.length, later!.length], [concurrency, CROWD - concurrency]);
  });

  test("logons of the quick one take their normal time while another one hangs, whose clients are told to try later", async () => {
    const normal = await quickLogons(running);
    const crowd = crowdAt(running, "hung");
    await sleep(100);
    const meanwhile = await quickLogons(running);
    assert.ok(meanwhile < normal + HARDLY_LONGER, `${meanwhile.toFixed(1)} ms instead of ${normal.toFixed(1)} ms`);
    const answers = await crowd;
    assert.deepEqual(
      answers.filter((answer) => !/^a1 NO \[UNAVAILABLE\]/.test(answer)),
      [],
    );
    const lines = running.lines.filter(({ message }) => message.startsWith("validator fails"));
    assert.deepEqual(
      lines.map(({ validator, judges }) => [validator, judges]),
      [["hung", "password"]],
    );
  });

  test("once it has been found hanging nobody waits for it at all", async () => {
    const started = performance.now();
    const [answer] = await crowdAt(running, "hung", 1);
    assert.match(answer!, /^a1 NO \[UNAVAILABLE\]/);
    assert.ok(performance.now() - started < HUNG_TIMEOUT / 2);
  });
});

async function start(port: number): Promise<RunningGateway> {
  const listener = (name: string): object => ({ name, validator: name, tls: "off", plaintext: "allowed" });
  const pieces = {
    listeners: ["quick", "slow", "hung"].map(listener),
    backends: { store: { imap: { host: "127.0.0.1", port, tls: "off" }, logon: { method: "password" } } },
  };
  const lines: RunningGateway["lines"][number][] = [];
  const log: Parameters<typeof isolated>[1]["log"] = (level, message, fields) =>
    lines.push({ level, message, ...fields });
  const validators = new Map([
    ["quick", isolated(accounts("quick"), { log })],
    ["slow", isolated(slow, { log })],
    ["hung", isolated(hung, { log, timeout: HUNG_TIMEOUT, breaker: { failures: 10, rest: 60_000 } })],
  ]);
  const running = await startGateway(pieces, { validators: () => Promise.resolve(validators) });
  return { ...running, lines, dial: running.dial, port: running.port };
}

/** Milliseconds that one of these logons takes in the middle. */
async function quickLogons(running: RunningGateway): Promise<number> {
  const times: number[] = [];
  for (let count = 0; count < NORMAL_LOGONS; count++) {
    const talker = await running.dial("quick");
    const started = performance.now();
    assert.match(await logOn(talker, "imap"), /^a1 OK/);
    times.push(performance.now() - started);
    talker.destroy();
  }
  return times.toSorted((a, b) => a - b)[NORMAL_LOGONS / 2]!;
}

/** The answers that each of a crowd gets to a right password. */
async function crowdAt(running: RunningGateway, listener: string, size = CROWD): Promise<string[]> {
  const answerTo = async (): Promise<string> => {
    const talker: Talker = await running.dial(listener);
    const answer = await logOn(talker, "imap");
    talker.destroy();
    return answer;
  };
  return Promise.all(Array.from({ length: size }, answerTo));
}

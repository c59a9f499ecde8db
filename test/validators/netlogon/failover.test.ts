/** Controllers that are down, hang, restart or forget us: who is asked instead, and that nobody is asked twice. */
import assert from "node:assert/strict";
import { afterEach, test } from "node:test";
import { NtStatus } from "../../../src/core/nt-status.ts";
import { until } from "../../netlogon/asking.ts";
import type { Behaviour } from "../../netlogon/dc-double.ts";
import { byPassword } from "../conformance.ts";
import { startSmallDomain, type SmallDomain, type SmallDomainOptions } from "./small-domain.ts";

let small: SmallDomain | undefined;
afterEach(() => small?.close());

async function start(options?: SmallDomainOptions): Promise<SmallDomain> {
  small = await startSmallDomain(options);
  return small;
}

const alice = ({ validator }: SmallDomain) => byPassword(validator, "alice", "Password1");

/** What was sent in the moment before we hear that a connection has ended is lost; what comes after that is not. */
async function aliceAfterLoss(domain: SmallDomain): Promise<string> {
  const answer = await alice(domain);
  return answer === "unavailable" ? alice(domain) : answer;
}

test("the first controller that can be asked is asked, and the next one takes over when it is gone", async () => {
  const domain = await start({ behaviours: [{}, {}] });
  const [first, second] = domain.controllers;
  assert.equal(await alice(domain), "accepted alice");
  await first!.stop();
  assert.equal(await aliceAfterLoss(domain), "accepted alice");
  assert.deepEqual([first!.logons.length, second!.logons.length], [1, 1]);
});

test("a controller that hangs costs one logon its time, and not the next ones", async () => {
  const options = { timeout: 600, connectTimeout: 300 };
  const domain = await start({ behaviours: [{}, {}], options });
  const [first, second] = domain.controllers;
  assert.equal(await alice(domain), "accepted alice");
  first!.behaviour = { silentAt: "logon" };
  assert.equal(await alice(domain), "unavailable");
  assert.equal(first!.logons.length, 1, "the double notes only what it answers");
  first!.behaviour = { silentAt: "bind" };
  assert.equal(await alice(domain), "accepted alice");
  assert.equal(second!.logons.length, 1);
  const before = performance.now();
  assert.equal(await alice(domain), "accepted alice");
  assert.ok(performance.now() - before < 300, "nobody waits for it any more");
});

test("a controller that hangs at one question only is asked on", async () => {
  const domain = await start({ options: { timeout: 300, connections: 1 } });
  const [only] = domain.controllers;
  only!.behaviour = { silentAt: "logon" };
  assert.equal(await alice(domain), "unavailable");
  only!.behaviour = {};
  assert.equal(await alice(domain), "accepted alice");
});

test("after a restart the channel is made anew, and nothing but the logons in between is lost", async () => {
  const domain = await start();
  const [only] = domain.controllers;
  assert.equal(await alice(domain), "accepted alice");
  only!.restart();
  await until(() => only!.open === 0);
  assert.equal(await aliceAfterLoss(domain), "accepted alice");
  assert.deepEqual([only!.handshakes, only!.logons.length], [2, 2]);
});

test("a question whose answer got lost is not asked again, at no controller", async () => {
  const domain = await start({ behaviours: [{ closeAfter: 0 }, {}] });
  assert.equal(await alice(domain), "unavailable");
  assert.equal(domain.asked(), 1);
});

for (const [title, behaviour] of [
  ["RPC fault 0x721", { fault: 0x721 }],
  ["ACCESS_DENIED", { logonStatus: NtStatus.ACCESS_DENIED }],
] as [string, Behaviour][]) {
  test(`${title} says that our key is stale: the question is asked once more with a new one, and no third time`, async () => {
    const domain = await start({ behaviours: [behaviour, {}] });
    const [first, second] = domain.controllers;
    assert.equal(await alice(domain), "unavailable");
    assert.deepEqual([first!.logons.length, first!.handshakes, second!.logons.length], [2, 2, 0]);
    first!.behaviour = {};
    assert.equal(await alice(domain), "accepted alice");
  });

  test(`${title} on every connection at once leads to one new handshake`, async () => {
    const domain = await start({ options: { connections: 4 } });
    const [only] = domain.controllers;
    const crowd = () => Promise.all(Array.from({ length: 12 }, () => alice(domain)));
    await crowd();
    only!.behaviour = { ...behaviour, delay: 30 };
    const asked = crowd();
    await until(() => domain.asked() >= 16);
    only!.behaviour = {};
    assert.ok((await asked).every((each) => each === "accepted alice" || each === "unavailable"));
    assert.equal(await alice(domain), "accepted alice");
    assert.ok(only!.handshakes <= 4, `${only!.handshakes} handshakes`);
  });
}

test("any other RPC fault and any broken answer is no word about the user", async () => {
  const domain = await start({ behaviours: [{ fault: 0x6f7 }] });
  const [only] = domain.controllers;
  assert.equal(await alice(domain), "unavailable");
  only!.behaviour = { brokenSeal: true };
  assert.equal(await alice(domain), "unavailable");
  only!.behaviour = { unsealed: true };
  assert.equal(await alice(domain), "unavailable");
  only!.behaviour = { garbage: { at: "logon", bytes: Buffer.from("220 mail ESMTP\r\n220 again\r\n") } };
  assert.equal(await alice(domain), "unavailable");
  only!.behaviour = {};
  assert.equal(await alice(domain), "accepted alice");
  assert.equal(domain.asked(), 4);
});

test("a controller that refuses our account is left alone, and the reason is logged once", async () => {
  const domain = await start({ behaviours: [{ refusal: NtStatus.NO_TRUST_SAM_ACCOUNT }] });
  const [only] = domain.controllers;
  for (let index = 0; index < 5; index++) assert.equal(await alice(domain), "unavailable");
  assert.equal(only!.connections, 1);
  const warnings = domain.log.filter(({ level }) => level === "warn");
  assert.equal(warnings.length, 1);
  assert.match(String(warnings[0]?.fields["error"]), /NO_TRUST_SAM_ACCOUNT/);
});

test("one that is starting up lets another answer", async () => {
  const domain = await start({ behaviours: [{ logonStatus: NtStatus.NETLOGON_NOT_STARTED }, {}] });
  assert.equal(await alice(domain), "accepted alice");
});

test("a controller that comes back is found without anybody's asking", async () => {
  const domain = await start({ behaviours: [{ hangUpAt: "bind" }] });
  const [only] = domain.controllers;
  assert.equal(await alice(domain), "unavailable");
  const tried = only!.connections;
  assert.equal(await alice(domain), "unavailable");
  assert.equal(only!.connections, tried, "nobody waits for one that is known to be down");
  only!.behaviour = {};
  await until(() => domain.log.some(({ message }) => message.includes("can be asked again")));
  assert.equal(await alice(domain), "accepted alice");
});

test("no more calls at once than connections, and the others wait their turn", async () => {
  const domain = await start({ behaviours: [{ delay: 20 }], options: { connections: 3 } });
  const [only] = domain.controllers;
  const all = await Promise.all(Array.from({ length: 30 }, () => alice(domain)));
  assert.deepEqual(new Set(all), new Set(["accepted alice"]));
  assert.deepEqual([only!.open, only!.connections, only!.handshakes], [3, 4, 1]);
});

test("who finds the line full or waits too long is told that nobody knows, at once and in time", async () => {
  const options = { connections: 1, queue: 3, timeout: 250 };
  const domain = await start({ behaviours: [{ delay: 200 }], options });
  const began = performance.now();
  const all = await Promise.all(Array.from({ length: 8 }, () => alice(domain)));
  assert.ok(performance.now() - began < 1000);
  assert.deepEqual(
    all.map((each) => each === "accepted alice"),
    [true, false, false, false, false, false, false, false],
  );
  assert.ok(all.every((each) => each === "accepted alice" || each === "unavailable"));
  assert.ok(domain.asked() <= 2);
});

test("closing ends what waits", async () => {
  const domain = await start({ behaviours: [{ delay: 5000 }], options: { connections: 1 } });
  const waiting = [alice(domain), alice(domain)];
  await until(() => domain.controllers[0]!.open === 1);
  await domain.validator.close?.();
  assert.equal(await waiting[1], "unavailable");
});

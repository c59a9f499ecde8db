/** The validator over a scripted helper: every way in which a helper can misbehave lets nobody in and calls nobody's password wrong. */
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { after, describe, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { Secret } from "../../../src/core/secret.ts";
import type { Validator } from "../../../src/core/validator.ts";
import { byNtlm, byPassword, NAMES, VISIT } from "../conformance.ts";
import { ntlm2Session, version1, version2 } from "../ntlm-client.ts";
import { overFake, type Asked } from "./ask.ts";

const open: Validator[] = [];
after(async () => {
  for (const each of open) await each.close?.();
});

function made(...args: Parameters<typeof overFake>): Asked {
  const asked = overFake(...args);
  open.push(asked.validator);
  return asked;
}

const alice = { user: "alice", domain: "EXAMPLE", password: "Password1" };

test("passwords are right, wrong or nobody's", async () => {
  const { validator } = made("");
  for (const name of ["alice", "ALICE", "EXAMPLE\\alice", "alice@EXAMPLE", "alice@example.com"])
    assert.equal(await byPassword(validator, name, "Password1"), "accepted alice", name);
  assert.equal(await byPassword(validator, "alice", "password1"), "denied bad-credentials");
  assert.equal(await byPassword(validator, "nobody", "password1"), "unknown");
  for (const password of ["", "\0", "Password1\0", "x".repeat(5000), "\ud800"])
    assert.equal(await byPassword(validator, "alice", password), "denied bad-credentials");
  for (const name of ["", "\0", "alice\r\n", "EXAMPLE\\", "a".repeat(300)])
    assert.match(await byPassword(validator, name, "x"), /^(denied bad-credentials|unknown)$/);
});

test("NTLM responses are right or wrong, and a right one has its key and the domain's name", async () => {
  const { validator } = made("");
  const evidence = version2(alice);
  const verdict = await validator.ntlm?.verify(evidence, VISIT);
  assert.ok(verdict?.kind === "accepted");
  assert.equal(verdict.sessionBaseKey?.length, 16);
  assert.deepEqual([verdict.identity.user, verdict.identity.domain, verdict.scheme], ["alice", "EXAMPLE", "NTLMv2"]);
  assert.equal(await byNtlm(validator, version2({ ...alice, password: "x" })), "denied bad-credentials");
  assert.equal(await byNtlm(validator, version2({ ...alice, user: "nobody" })), "unknown");
});

test("a second reading of a name is tried only where the first is nobody's", async () => {
  const { validator } = made("");
  const good = version2(alice);
  const names = [{ user: "nobody", domain: "" }, ...good.names];
  assert.equal(await byNtlm(validator, { ...good, names }), "accepted alice");
  const another = [{ user: "bob", domain: "" }, ...good.names];
  assert.equal(await byNtlm(validator, { ...good, names: another }), "denied bad-credentials");
});

test("NTLMv1 and LM are refused before anybody is asked, unless allowed", async () => {
  const { validator } = made("hangs", { timeout: 60_000 });
  for (const evidence of [ntlm2Session({ ...alice, minimum: "lm" }), version1({ ...alice, minimum: "lm" })])
    assert.equal(await byNtlm(validator, evidence), "denied policy");
  const lmOnly = {
    ...version2({ ...alice, minimum: "lm" }),
    ntResponse: new Uint8Array(0),
    lmResponse: Buffer.alloc(24, 1),
  };
  assert.equal(await byNtlm(validator, lmOnly), "denied policy");
  const { validator: lenient } = made("", { allowNtlmV1: true });
  assert.equal(await byNtlm(lenient, ntlm2Session(alice)), "denied policy");
  assert.equal(await byNtlm(lenient, ntlm2Session({ ...alice, minimum: "v1-ess" })), "accepted alice");
  assert.equal(await byNtlm(lenient, version1({ ...alice, minimum: "v1" })), "accepted alice");
  assert.equal(await byNtlm(lenient, lmOnly), "denied policy");
});

describe("a helper that misbehaves makes logons unavailable, never right or wrong:", () => {
  const behaviours = [
    ...["two answers", "three dots", "one behind", "another's answer", "late answer", "hangs", "hangs in the middle"],
    ...["crashes", "crashes in the middle", "endless line", "garbage", "error line", "yes without key"],
    ...["yes with a zero key of odd length", "no without reason", "yes and no", "cr lf", "no servers", "no winbindd"],
  ];
  for (const behaviour of behaviours)
    test(behaviour, async () => {
      const { validator } = made(behaviour, { helpers: 1, timeout: 400 });
      const wrong = behaviour === "three dots" || behaviour === "two answers" ? ["wrong"] : ["Password1", "wrong"];
      for (const password of wrong) assert.equal(await byPassword(validator, "alice", password), "unavailable");
    });
});

test("without a program that could be started logons are unavailable at once", async () => {
  const { validator, logged } = made("", { command: "/nonexistent/ntlm_auth" });
  const started = performance.now();
  for (let round = 0; round < 20; round++)
    assert.equal(await byPassword(validator, "alice", "Password1"), "unavailable");
  assert.ok(performance.now() - started < 900);
  assert.match(logged.join(), /ENOENT/);
  assert.ok(logged.length < 20, "attempts to start are spaced");
});

test("a refusal without its second dot is believed, but its helper is asked nothing more", async () => {
  for (const [behaviour, losses] of [
    ["late second dot", 0],
    ["one dot only", 1],
  ] as const) {
    const { validator, logged } = made(behaviour, { helpers: 1, timeout: 3000 });
    assert.equal(await byPassword(validator, "alice", "wrong"), "denied bad-credentials");
    assert.equal(await byPassword(validator, "bob", "Bob's own"), "accepted bob");
    assert.equal(logged.length, losses, behaviour);
  }
});

test("a helper that speaks while idle is replaced before the next question", async () => {
  const { validator, logged } = made("speaks when idle", { helpers: 1 });
  assert.equal(await byPassword(validator, "alice", "Password1"), "accepted alice");
  await sleep(200);
  assert.equal(await byPassword(validator, "alice", "wrong"), "denied bad-credentials");
  assert.match(logged.join(), /spoke without having been asked/);
});

test("after helpers were lost others serve", async () => {
  const { validator, logged } = made("crashes for mallory", { helpers: 1 });
  for (let round = 0; round < 3; round++) {
    assert.equal(await byPassword(validator, "mallory", "mallory's"), "unavailable");
    await sleep(150);
    assert.equal(await byPassword(validator, "alice", "Password1"), "accepted alice");
  }
  assert.equal(logged.length, 3);
});

test("a sentence that nobody knows accepts nobody", async () => {
  const { validator } = made("unknown sentence");
  const verdict = await validator.password?.({ username: "alice", password: new Secret("Password1") }, VISIT);
  assert.ok(verdict?.kind === "denied");
  assert.deepEqual([verdict.reason, verdict.why], ["bad-credentials", "Yes, this user is welcome."]);
});

test("of many at once each gets its own verdict", async () => {
  const { validator } = made("");
  const attempts = Array.from({ length: 120 }, (_, index) => ({
    user: index % 2 ? "alice" : "bob",
    isRight: index % 3 !== 0,
  }));
  const verdicts = await Promise.all(
    attempts.map(({ user, isRight }, index) => {
      const password = !isRight ? "wrong" : user === "alice" ? "Password1" : "Bob's own";
      return index % 4 < 2 ? byPassword(validator, user, password) : byNtlm(validator, version2({ user, password }));
    }),
  );
  assert.deepEqual(
    verdicts,
    attempts.map(({ user, isRight }) => (isRight ? `accepted ${user}` : "denied bad-credentials")),
  );
});

test("more than the queue holds, and longer than it may take, is unavailable", async () => {
  const { validator } = made("slow", { helpers: 1, queue: 3, queueTimeout: 250 });
  const started = performance.now();
  const verdicts = await Promise.all(Array.from({ length: 8 }, () => byPassword(validator, "alice", "Password1")));
  assert.ok(performance.now() - started < 3000);
  const accepted = verdicts.filter((each) => each === "accepted alice").length;
  assert.ok(accepted >= 1 && accepted <= 3, verdicts.join());
  assert.equal(accepted + verdicts.filter((each) => each === "unavailable").length, 8);
});

test("the machine's names are asked from ntlm_auth; until they are known nobody can log on by NTLM", async () => {
  const { validator } = made("", { machine: undefined });
  assert.equal(await byNtlm(validator, version2(alice)), "unavailable");
  for (let wait = 0; wait < 200 && validator.ntlm?.names(VISIT) === NAMES; wait++) await sleep(25);
  assert.notEqual(validator.ntlm?.names(VISIT), NAMES);
  assert.deepEqual(validator.ntlm?.names(VISIT), NAMES);
  assert.equal(await byNtlm(validator, version2(alice)), "accepted alice");
  const { validator: without, logged } = made("no names", { machine: undefined });
  for (let wait = 0; wait < 200 && logged.length === 0; wait++) await sleep(25);
  assert.match(logged[0] ?? "", /names no domain/);
  assert.equal(without.ntlm?.names(VISIT), NAMES);
});

test("computers and users of other domains are not let in", async () => {
  const { validator } = made("");
  assert.equal(await byPassword(validator, "pc$", "x"), "denied trust-account");
  assert.equal(await byPassword(validator, "OTHER\\alice", "Password1"), "denied not-authorized");
  const { validator: trusting } = made("", { domains: ["other"] });
  const verdict = await trusting.password?.({ username: "OTHER\\alice", password: new Secret("Password1") }, VISIT);
  assert.ok(verdict?.kind === "accepted");
  assert.deepEqual([verdict.identity.user, verdict.identity.mailbox], ["alice", "alice@other"]);
});

test("a principal name is the account that winbindd says it is, and groups come by name and SID", async () => {
  const { validator } = made("", { groups: true });
  const verdict = await validator.password?.(
    { username: "a.lice@example.org", password: new Secret("Password1") },
    VISIT,
  );
  assert.ok(verdict?.kind === "accepted");
  const { user, groups, token } = verdict.identity;
  assert.deepEqual([user, groups], ["alice", ["Domain Users"]]);
  assert.deepEqual(token?.sids, ["S-1-5-21-1-2-3-1103", "S-1-5-21-1-2-3-513", "S-1-5-21-9-9-9-1200"]);
  assert.equal(token.userIndex, 0);
});

test("when groups cannot be asked for, nobody is let in without them", async () => {
  const { validator } = made("lookup fails", { groups: true });
  assert.equal(await byPassword(validator, "alice", "Password1"), "unavailable");
  assert.equal(await byPassword(validator, "alice", "wrong"), "denied bad-credentials");
});

test("a closed validator is unavailable, also to who is waiting, and leaves no process", async () => {
  const { validator } = made("hangs", { timeout: 60_000, arguments: [...fakeArguments("hangs"), "closing-test"] });
  const waiting = byPassword(validator, "alice", "Password1");
  await sleep(100);
  await validator.close?.();
  assert.equal(await waiting, "unavailable");
  assert.equal(await byPassword(validator, "alice", "Password1"), "unavailable");
  assert.equal(await byNtlm(validator, version2(alice)), "unavailable");
  await sleep(100);
  assert.ok(!spawnSync("ps", ["-eo", "args"], { encoding: "utf8" }).stdout.includes("closing-test --helper"));
});

function fakeArguments(behaviour: string): readonly string[] {
  return [new URL("fake-ntlm-auth.js", import.meta.url).pathname, behaviour];
}

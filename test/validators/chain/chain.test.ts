/** Validator `chain`: conformance over two account lists, and what each answer of a member does to the rest. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { challengeConflicts } from "../../../src/core/challenge-names.ts";
import { Secret } from "../../../src/core/secret.ts";
import type { KeysFound, TargetNames, Validator } from "../../../src/core/validator.ts";
import type { Denied, Unavailable, Unknown, Verdict } from "../../../src/core/verdict.ts";
import { encodeBase64 } from "../../../src/core/base64.ts";
import { ntHash } from "../../../src/ntlm/hashes.ts";
import { deriveKeys } from "../../../src/scram/keys.ts";
import { chainValidator, type ChainMember, type ChainOptions } from "../../../src/validators/chain/chain.ts";
import { lockedOut } from "../../../src/validators/chain/locked-out.ts";
import { accountsValidator } from "../../../src/validators/file/file.ts";
import { ACCOUNTS, byPassword, byScram, conformance, NAMES, summary, VISIT, type TestAccount } from "../conformance.ts";
import { version2 } from "../ntlm-client.ts";

const salt = Buffer.from("one salt for all");
const LINES = await Promise.all(ACCOUNTS.map(lineOf));

async function lineOf(account: TestAccount): Promise<string> {
  const { name, password, domain, mailbox, groups, attributes, disabled } = account;
  const { storedKey, serverKey } = await deriveKeys("SCRAM-SHA-256", password, { iterations: 4096, salt });
  const extra = [
    `nt=${ntHash(password).toString("hex")}`,
    `scram-sha-256=4096,${[salt, storedKey, serverKey].map(encodeBase64).join()}`,
    ...Object.entries({ domain, mailbox, groups, ...attributes, disabled: disabled && "yes" })
      .filter(([, value]) => value !== undefined)
      .map(([key, value]) => `${key}=${String(value)}`),
  ];
  return `${name}:::::::${extra.join(" ")}\n`;
}

const STOP = { onDenied: "stop", onUnavailable: "stop" } as const;
const GO_ON = { onDenied: "continue", onUnavailable: "continue" } as const;

function accounts(name: string, lines: readonly string[]): Validator {
  return accountsValidator({ name, names: NAMES, text: lines.join("") });
}

function chain(members: readonly ChainMember[], options: Partial<ChainOptions> = {}): Validator {
  return chainValidator({ name: "all", members, log: () => undefined, ...options });
}

function inOrder(...validators: readonly Validator[]): Validator {
  return chain(validators.map((validator) => ({ validator, ...STOP })));
}

const make = () => {
  const halves = [0, 1].map((half) =>
    accounts(
      `half${half}`,
      LINES.filter((_, index) => index % 2 === half),
    ),
  );
  return Promise.resolve(inOrder(...halves));
};
conformance("A chain of two account lists", make, { keys: true });

const accepted = (user: string): Verdict => ({
  kind: "accepted",
  identity: { user, mailbox: user, groups: [], attributes: {} },
});
const denied: Denied = { kind: "denied", reason: "bad-credentials", why: "wrong password" };
const disabled: Denied = { kind: "denied", reason: "disabled", why: "the account is disabled" };
const unknown: Unknown = { kind: "unknown", why: "nobody" };
const down: Unavailable = { kind: "unavailable", why: "no answer" };

/** Answers the same to every kind of evidence, and counts how often it was asked. */
function saying(verdict: Verdict, name = "one", delay = 0): Validator & { asked: number } {
  const answer = async () => {
    member.asked += 1;
    if (delay > 0) await sleep(delay);
    return verdict;
  };
  const member = {
    name,
    asked: 0,
    password: answer,
    certificate: answer,
    ntlm: { names: () => NAMES, verify: answer },
    bearer: { scope: `mail of ${name}`, verify: answer },
  };
  return member;
}

const evidence = { username: "alice", password: new Secret("x") };
const ask = async (validator: Validator) => summary((await validator.password?.(evidence, VISIT)) ?? down);

test("the first one that knows decides, and nobody after it is asked", async () => {
  for (const [verdict, expected] of [
    [accepted("alice"), "accepted alice"],
    [denied, "denied bad-credentials"],
    [down, "unavailable"],
  ] as const) {
    const [first, second, third] = [saying(unknown), saying(verdict), saying(accepted("other"))];
    const all = inOrder(first, second, third);
    assert.equal(await ask(all), expected);
    assert.deepEqual([first.asked, second.asked, third.asked], [1, 1, 0]);
  }
  assert.equal(await ask(inOrder(saying(unknown), saying(unknown))), "unknown");
});

test("NTLM, tokens and certificates take the same way", async () => {
  const all = inOrder(saying(unknown), saying(accepted("alice")));
  const certificate = { fingerprint: "00", commonName: undefined, emails: [] };
  const verdicts = await Promise.all([
    all.ntlm?.verify(version2({ user: "alice", password: "x" }), VISIT),
    all.bearer?.verify({ username: "", token: new Secret("t") }, VISIT),
    all.certificate?.({ authzid: "", certificate }, VISIT),
  ]);
  assert.deepEqual(
    verdicts.map((verdict) => verdict && summary(verdict)),
    Array(3).fill("accepted alice"),
  );
});

test("a wrong password goes on where it is told to, and stays a wrong password when nobody else knows better", async () => {
  const continuing = (...verdicts: Verdict[]) =>
    chain(verdicts.map((verdict) => ({ validator: saying(verdict), ...GO_ON })));
  assert.equal(await ask(continuing(denied, accepted("alice"))), "accepted alice");
  assert.equal(await ask(continuing(denied, unknown)), "denied bad-credentials");
  assert.equal(await ask(continuing(denied, disabled)), "denied disabled");
});

test("an account's state is never gone round: the password was right, and the answer stands", async () => {
  const second = saying(accepted("alice"));
  const all = chain([
    { validator: saying(disabled), ...GO_ON },
    { validator: second, ...GO_ON },
  ]);
  assert.equal(await ask(all), "denied disabled");
  assert.equal(second.asked, 0);
});

test("who was skipped because it is down may have known the user: only an acceptance counts after it", async () => {
  const after = (verdict: Verdict, manner: typeof STOP | typeof GO_ON = STOP) =>
    chain([
      { validator: saying(down, "ldap"), ...GO_ON },
      { validator: saying(verdict, "file"), ...manner },
    ]);
  assert.equal(await ask(after(accepted("alice"))), "accepted alice");
  for (const verdict of [denied, disabled, unknown, down])
    for (const manner of [STOP, GO_ON]) assert.equal(await ask(after(verdict, manner)), "unavailable", verdict.kind);
  const reversed = chain([
    { validator: saying(denied), ...GO_ON },
    { validator: saying(down), ...GO_ON },
  ]);
  assert.equal(await ask(reversed), "unavailable");
  const verdict = await after(unknown).password?.(evidence, VISIT);
  assert.equal(verdict?.kind === "unavailable" && verdict.why, "ldap: no answer");
});

test("what no member can judge the chain does not offer", () => {
  const only = chain([{ validator: { name: "p", password: () => Promise.resolve(unknown) }, ...STOP }]);
  assert.deepEqual(Object.keys(only).sort(), ["close", "name", "password"]);
  assert.throws(() => chain([]), /no members/);
});

test("members that cannot judge a kind of evidence are passed over", async () => {
  const passwordsOnly: Validator = { name: "p", password: () => Promise.resolve(down) };
  const all = inOrder(passwordsOnly, saying(accepted("alice")));
  const verdict = await all.ntlm?.verify(version2({ user: "alice", password: "x" }), VISIT);
  assert.equal(verdict && summary(verdict), "accepted alice");
  assert.equal(all.bearer?.scope, "mail of one");
});

const OTHERS: TargetNames = { ...NAMES, netbiosComputer: "DC", dnsComputer: "dc.example.com" };

test("the CHALLENGE has the names of the domain controller, and a second one's are a warning, once", () => {
  const lines: string[] = [];
  const log: ChainOptions["log"] = (level, message) => lines.push(`${level} ${message}`);
  const domain = (name: string, names: TargetNames): Validator => ({
    ...saying(unknown, name),
    ntlm: { names: () => names, isBoundToNames: true, verify: () => Promise.resolve(unknown) },
  });
  const [file, one, other] = [saying(unknown, "file"), domain("one", OTHERS), domain("other", NAMES)].map(
    (validator) => ({ validator, ...STOP }),
  );
  const alone = chain([file!, one!], { log });
  assert.deepEqual([alone.ntlm?.names(VISIT), alone.ntlm?.isBoundToNames], [OTHERS, true]);
  assert.deepEqual(chain([file!], { log }).ntlm?.names(VISIT), NAMES);
  assert.deepEqual(lines, []);
  const both = chain([file!, one!, other!], { log });
  assert.deepEqual([both.ntlm?.names(VISIT), both.ntlm?.names(VISIT)], [OTHERS, OTHERS]);
  assert.equal(lines.length, 1);
  assert.match(lines[0] ?? "", /^warn .*shown EXAMPLE\\DC .*\(validator one\), but other is EXAMPLE\\MAIL/);
  assert.deepEqual(chain([file!, one!, other!], { log, namesFrom: "other" }).ntlm?.names(VISIT), NAMES);
  assert.throws(() => chain([file!], { namesFrom: "nobody" }), /no member nobody/);
});

test("names differ or not without regard to case", () => {
  const shouting = { ...NAMES, dnsComputer: NAMES.dnsComputer?.toUpperCase() ?? "" };
  const [a, b] = [NAMES, shouting].map((names, index) => ({
    name: `${index}`,
    ntlm: { names: () => names, isBoundToNames: true, verify: () => Promise.resolve(unknown) },
  }));
  assert.deepEqual(challengeConflicts(a!, [a!, b!], VISIT), []);
});

test("members whose users are offered what they cannot use are named", () => {
  const members = [{ name: "ldap", password: () => Promise.resolve(unknown) }, accounts("file", LINES)];
  assert.deepEqual(lockedOut(members, ["NTLM", "PLAIN", "SCRAM-SHA-1"]), [
    "users of ldap fail with NTLM, which only file judges",
    "users of ldap fail with SCRAM-SHA-1, which only file judges",
  ]);
  assert.deepEqual(lockedOut(members, ["PLAIN", "LOGIN"]), []);
  assert.deepEqual(lockedOut([accounts("a", LINES), accounts("b", LINES)], ["NTLM", "CRAM-MD5"]), []);
});

test("keys are of the kinds that all members have, from the first that has the name", async () => {
  const found: KeysFound = {
    kind: "keys",
    keys: {},
    verdict: { kind: "accepted", identity: { user: "a", mailbox: "a", groups: [], attributes: {} } },
  };
  const keyed = (answer: KeysFound | Unknown | Unavailable, ...kinds: ("SCRAM-SHA-256" | "SCRAM-SHA-1" | "password")[]): Validator =>
    ({ name: kinds.join(), keys: { kinds, find: () => Promise.resolve(answer) } }); // prettier-ignore
  const one = keyed(unknown, "SCRAM-SHA-256", "password");
  const all = inOrder(one, keyed(found, "SCRAM-SHA-1", "SCRAM-SHA-256"));
  assert.deepEqual(all.keys?.kinds, ["SCRAM-SHA-256"]);
  assert.equal((await all.keys?.find("a", VISIT))?.kind, "keys");
  assert.equal((await inOrder(keyed(down), keyed(found)).keys?.find("a", VISIT))?.kind, "unavailable");
  const skipped = { validator: keyed(down), onDenied: "stop", onUnavailable: "continue" } as const;
  const after = (answer: KeysFound | Unknown) =>
    chain([skipped, { validator: keyed(answer), ...STOP }]).keys?.find("a", VISIT);
  assert.deepEqual([(await after(unknown))?.kind, (await after(found))?.kind], ["unavailable", "keys"]);
});

test("what came of a proof is told to whose keys it was held against, and to the others that they knew nobody", async () => {
  const told: string[] = [];
  const keyed = (name: string, answer: KeysFound | Unknown): Validator => ({
    name,
    keys: {
      kinds: ["SCRAM-SHA-256"],
      find: () => Promise.resolve(answer),
      concluded: (username, verdict) => void told.push(`${name}: ${username} ${summary(verdict)}`),
    },
  });
  const verdict: KeysFound["verdict"] = { kind: "denied", reason: "disabled", why: "" };
  const found: KeysFound = { kind: "keys", keys: {}, verdict };
  const { keys } = inOrder(keyed("one", unknown), keyed("two", found), keyed("three", found));
  await keys?.find("alice", VISIT);
  keys?.concluded?.("alice", denied, VISIT);
  assert.deepEqual(told, ["one: alice unknown", "two: alice denied bad-credentials"]);
});

test("decoys look like the accounts of one member or another, and the same for all forms of a name", () => {
  const looking = (iterations: number): Validator => ({
    name: `${iterations}`,
    keys: {
      kinds: ["SCRAM-SHA-256"],
      find: () => Promise.resolve(unknown),
      likeness: (_, username) => ({ iterations, saltLength: 16, canonicalName: username }),
    },
  });
  const all = inOrder(looking(4096), looking(10_000));
  const seen = (name: string) => all.keys?.likeness?.("SCRAM-SHA-256", name)?.iterations;
  const counts = Array.from({ length: 200 }, (_, index) => seen(`nobody${index}`));
  const few = counts.filter((iterations) => iterations === 4096).length;
  assert.ok(few > 50 && few < 150, `${few} of 200`);
  for (const name of ["nobody1", "NOBODY1", "EXAMPLE\\nobody1", "nobody1@example.com"])
    assert.equal(seen(name), counts[1], name);
});

test("a wrong password of the first member's users takes as long as a name that nobody has", async () => {
  const second = saying(unknown, "slow", 60);
  const first: Validator = {
    name: "fast",
    password: ({ username }) => Promise.resolve(username === "alice" ? denied : unknown),
  };
  const all = inOrder(first, second);
  const time = async (username: string) => {
    const started = performance.now();
    await all.password?.({ username, password: new Secret("x") }, VISIT);
    return performance.now() - started;
  };
  const strangers = await Promise.all(["n1", "n2", "n3"].map(time));
  const known = await Promise.all(["alice", "alice", "alice"].map(time));
  assert.ok(Math.min(...strangers) > 55);
  assert.ok(Math.min(...known) > 55, `${known}`);
  assert.equal(second.asked, 3);
});

test("closing a chain leaves its members open for others", async () => {
  const users = accounts("users", LINES);
  const all = inOrder(users);
  await all.close?.();
  assert.equal(await byPassword(all, "alice", "Password1"), "unavailable");
  assert.equal(await byScram(all, "alice", "Password1"), "unavailable");
  assert.equal(await byPassword(users, "alice", "Password1"), "accepted alice");
});

/** The defaults of config.yaml are the guard's and isolation's own, and what is said there arrives in their words. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { completeGuard, guardSchema } from "../../src/config/schema/guard.ts";
import { isolationSchema } from "../../src/config/schema/isolation.ts";
import { DEFAULT_RULES, type GuardRules } from "../../src/guard/rules.ts";
import { DEFAULT_LIMITS, type IsolationLimits } from "../../src/validators/isolation/options.ts";

test("a guard of which nothing is said is on, in memory, with the usual rules", () => {
  const { enabled, state, control, domains, ...rules } = completeGuard(guardSchema.parse({}), [], "/etc/postern");
  assert.deepEqual([enabled, state, control, domains], [true, undefined, undefined, []]);
  const usual: GuardRules = rules;
  assert.deepEqual(usual, DEFAULT_RULES);
});

test("limits of which nothing is said are the usual ones", () => {
  const usual: IsolationLimits = isolationSchema.parse({});
  assert.deepEqual(usual, DEFAULT_LIMITS);
});

test("everything that can be said of a guard arrives", () => {
  const parsed = guardSchema.parse({
    ...{ enabled: false, state: "guard.jsonl", trusted: ["10.0.0.0/8"], networks: { ipv4: 16 }, knownDays: 7 },
    account: { free: 3, forget: "1h", longest: "5s", lock: 9, lockFor: "2d" },
    domain: { validators: ["ad"], budget: 9, window: "10m" },
  });
  const config = completeGuard(parsed, [], "/etc/postern");
  assert.deepEqual([config.enabled, config.state], [false, "/etc/postern/guard.jsonl"]);
  assert.equal(config.control, "/etc/postern/guard.jsonl.sock");
  assert.deepEqual([config.trusted, config.prefixes], [["10.0.0.0/8"], { ipv4: 16, ipv6: 56 }]);
  assert.deepEqual(config.account, { free: 3, forget: 3_600_000, longest: 5_000, lock: 9, lockFor: 172_800_000 });
  assert.deepEqual([config.domains, config.budget], [["ad"], { failures: 9, window: 600_000 }]);
  assert.equal(config.knownFor, 7 * 86_400_000);
  const named = completeGuard(guardSchema.parse({ state: "/var/lib/g", control: "/run/g.sock" }), [], "/etc");
  assert.deepEqual([named.state, named.control], ["/var/lib/g", "/run/g.sock"]);
});

test("what makes no sense is refused", () => {
  const bad = [
    { address: { lock: 0 } },
    { networks: { ipv6: 128 } },
    { trusted: ["all"] },
    { domain: { budget: 0 } },
    { lock: 3 },
  ];
  for (const each of bad) assert.ok(!guardSchema.safeParse(each).success, JSON.stringify(each));
  for (const each of [{ timeout: "0s" }, { concurrency: 0 }, { breaker: { rest: 5 } }])
    assert.ok(!isolationSchema.safeParse(each).success, JSON.stringify(each));
});

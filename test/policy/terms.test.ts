/** Policies by listener, network and user: whom rules and exceptions are about, what they change, and until when. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { NtlmNames } from "../../src/core/evidence.ts";
import type { AcceptorPolicy } from "../../src/ntlm/policy.ts";
import { tightened } from "../../src/policy/demands.ts";
import { compilePolicy } from "../../src/policy/terms.ts";
import type { NtlmDemands, PolicyException, PolicyListener, PolicyRule, SitePolicy } from "../../src/policy/words.ts";
import { VISIT } from "../support/visit.ts";

const NOON = Date.UTC(2026, 5, 15, 12);
const FRONT: PolicyListener = {
  name: "front",
  protocol: "imap",
  ntlm: { minimum: "v2", mic: "require" },
  hosts: ["mail.example.com"],
};

const OWNED = { owner: "Jane", expires: "2026-12-31", reason: "old firmware" };

function exception(more: Partial<PolicyException>): PolicyException {
  return { ...OWNED, name: "printers", allow: { minimum: "v1", mic: "off" }, ...more };
}

interface Who {
  readonly user?: string;
  readonly domain?: string;
  readonly from?: string;
}

function terms(site: SitePolicy, { user = "alice", domain = "EXAMPLE", from = "192.0.2.7" }: Who = {}, now = NOON) {
  const visit = { ...VISIT, client: { address: from, port: 1 } };
  return compilePolicy(FRONT, site, () => now)(visit, [{ user, domain }]);
}

function exceptionsFor(more: Partial<PolicyException>, who?: Who): (string | undefined)[] {
  return terms({ exceptions: [exception(more)] }, who)
    .slice(1)
    .map((each) => each.exception);
}

describe("a listener without rules and exceptions", () => {
  test("wants what it says, the defaults, and the names of its own services", () => {
    assert.deepEqual(terms({}), [
      {
        policy: {
          minimum: "v2",
          mic: "require",
          channelBinding: "verify-if-present",
          avEcho: "verify-if-present",
          targets: { services: ["imap", "imap4", "host"], hosts: ["mail.example.com"] },
        },
      },
    ]);
  });

  test("answers to more names where it is told to", () => {
    const policyFor = compilePolicy({ ...FRONT, ntlm: { targetHosts: ["imap.example.org"] } });
    assert.deepEqual(policyFor(VISIT)[0]?.policy.targets?.hosts, ["mail.example.com", "imap.example.org"]);
  });
});

describe("an exception", () => {
  test("without a scope is for everybody", () => {
    const [first, second] = terms({ exceptions: [exception({})] });
    assert.equal(first?.policy.mic, "require");
    assert.deepEqual([second?.policy.minimum, second?.policy.mic], ["v1", "off"]);
    assert.equal(second?.policy.channelBinding, "verify-if-present", "what it does not mention stays");
    assert.equal(second?.lapsed, undefined);
  });

  test("is for the listeners that it names", () => {
    assert.deepEqual(exceptionsFor({ listeners: ["front"] }), ["printers"]);
    assert.deepEqual(exceptionsFor({ listeners: ["back"] }), []);
  });

  test("is for the networks that it names", () => {
    const networks = ["10.0.0.0/8", "2001:db8::/32", "192.0.2.9"];
    for (const from of ["10.1.2.3", "2001:db8::5", "192.0.2.9"])
      assert.deepEqual(exceptionsFor({ networks }, { from }), ["printers"], from);
    for (const from of ["11.1.2.3", "2001:db9::5", "192.0.2.7"])
      assert.deepEqual(exceptionsFor({ networks }, { from }), [], from);
  });

  for (const [pattern, names, fits] of [
    ["alice", { user: "ALICE" }, true],
    ["Alice", { user: "alice@example.com", domain: "" }, true],
    ["alice", { user: "alice2" }, false],
    ["scan*", { user: "Scanner-3" }, true],
    ["scan*", { user: "myscan" }, false],
    ["*scan*r", { user: "my-scan-scanner" }, true],
    ["a?ice", { user: "alice" }, true],
    ["a?ice", { user: "aice" }, false],
    ["*", { user: "anybody" }, true],
    ["EXAMPLE\\alice", { user: "alice", domain: "example" }, true],
    ["EXAMPLE\\alice", { user: "example\\alice", domain: "" }, true],
    ["EXAMPLE\\alice", { user: "alice", domain: "OTHER" }, false],
    ["EXAMPLE\\alice", { user: "alice", domain: "" }, false],
    ["*@example.com", { user: "bob@example.com", domain: "" }, true],
    ["*@example.com", { user: "bob", domain: "example.com" }, true],
    ["*@example.com", { user: "bob", domain: "example.com.evil.org" }, false],
    ["a.c", { user: "abc" }, false],
  ] as const) {
    test(`for users ${pattern} ${fits ? "is" : "is not"} for ${JSON.stringify(names)}`, () => {
      assert.deepEqual(exceptionsFor({ users: ["nobody", pattern] }, names), fits ? ["printers"] : []);
    });
  }

  test("must fit in every way that it says", () => {
    const scope = { networks: ["10.0.0.0/8"], users: ["scan*"] };
    assert.deepEqual(exceptionsFor(scope, { from: "10.1.2.3", user: "scanner" }), ["printers"]);
    assert.deepEqual(exceptionsFor(scope, { from: "10.1.2.3", user: "alice" }), []);
    assert.deepEqual(exceptionsFor(scope, { from: "192.0.2.7", user: "scanner" }), []);
  });

  test("applies until the end of its last day in UTC", () => {
    const at = (now: number) => terms({ exceptions: [exception({ expires: "2026-06-15" })] }, {}, now)[1]?.lapsed;
    assert.equal(at(Date.UTC(2026, 5, 15, 23, 59, 59, 999)), undefined);
    assert.equal(at(Date.UTC(2026, 5, 16)), "it expired on 2026-06-15 (owner: Jane)");
  });

  test("without a name is called by its place, wherever it applies", () => {
    const { name: _, ...unnamed } = exception({});
    const found = terms({ exceptions: [exception({ listeners: ["back"] }), unnamed] });
    assert.equal(found[1]?.exception, "#2");
  });

  test("must end on a day that exists, and be about networks that do", () => {
    for (const expires of ["never", "2026-02-30", "31.12.2026", "2026-12-31T00:00:00Z", ""])
      assert.throws(() => compilePolicy(FRONT, { exceptions: [exception({ expires })] }), RangeError, expires);
    assert.throws(() => compilePolicy(FRONT, { exceptions: [exception({ networks: ["10.0.0.0/33"] })] }));
  });

  test("that may be for somebody is known before the client has said who it is", () => {
    const site = { exceptions: [exception({ users: ["alice"] }), exception({ networks: ["10.0.0.0/8"] })] };
    assert.equal(compilePolicy(FRONT, site, () => NOON)(VISIT).length, 2);
  });
});

describe("a rule", () => {
  const OUTSIDE: PolicyRule = { name: "outside", networks: ["192.0.2.0/24"], require: { channelBinding: "require" } };

  test("makes the policy stricter for those whom it is about, exceptions included", () => {
    const site = { rules: [OUTSIDE], exceptions: [exception({})] };
    const [first, second] = terms(site);
    assert.deepEqual([first?.policy.channelBinding, first?.tightenedBy], ["require", ["outside"]]);
    assert.deepEqual([second?.policy.channelBinding, second?.policy.mic], ["require", "off"]);
    const inside = terms(site, { from: "10.1.2.3" });
    assert.deepEqual([inside[0]?.policy.channelBinding, inside[0]?.tightenedBy], ["verify-if-present", undefined]);
  });

  test("about users waits for a name", () => {
    const admins = { name: "admins", users: ["root"], require: { block: true } };
    const policyFor = compilePolicy(FRONT, { rules: [admins] }, () => NOON);
    const names: NtlmNames[] = [{ user: "ROOT", domain: "" }];
    assert.equal(policyFor(VISIT)[0]?.policy.block, undefined);
    assert.equal(policyFor(VISIT, names)[0]?.policy.block, true);
  });

  const LAX: AcceptorPolicy = { minimum: "lm", mic: "off", channelBinding: "off", avEcho: "off" };
  const STRICT: AcceptorPolicy = {
    ...{ minimum: "v2", mic: "require", channelBinding: "require", avEcho: "verify-if-present" },
    ...{ targetName: "require", clockWindow: 1000, allowedDomains: ["a"], blockedDomains: ["b"] },
    ...{ require128: true, block: true },
  };

  test("never makes anything laxer, whichever demand it is", () => {
    assert.deepEqual(tightened(STRICT, { ...LAX, clockWindow: 5000, require128: false, block: false }), STRICT);
    for (const [key, value] of Object.entries(STRICT) as [keyof NtlmDemands, never][])
      assert.deepEqual(tightened(LAX, { [key]: value })[key as keyof AcceptorPolicy], value, key);
  });

  test("allows only domains that both allow, and blocks those that either blocks", () => {
    const { allowedDomains, blockedDomains } = tightened(
      { ...LAX, allowedDomains: ["One", "TWO"], blockedDomains: ["x"] },
      { allowedDomains: ["two", "three"], blockedDomains: ["y"] },
    );
    assert.deepEqual([allowedDomains, blockedDomains], [["TWO"], ["x", "y"]]);
  });
});

test("looking up among fifty exceptions costs microseconds", () => {
  const exceptions = Array.from({ length: 50 }, (_, index) =>
    exception({ name: `e${index}`, users: [`scan${index}*`, `fax${index}`], networks: [`10.${index}.0.0/16`] }),
  );
  const policyFor = compilePolicy(FRONT, { exceptions }, () => NOON);
  const names = [{ user: "alice", domain: "EXAMPLE" }];
  const rounds = 5_000;
  let found = 0;
  for (let warm = 0; warm < rounds; warm += 1) found += policyFor(VISIT, names).length;
  const started = process.cpuUsage();
  for (let round = 0; round < rounds; round += 1) found += policyFor(VISIT, names).length;
  const { user, system } = process.cpuUsage(started);
  assert.equal(found, 2 * rounds);
  assert.ok((user + system) / rounds < 100, `${(user + system) / rounds} microseconds`);
});

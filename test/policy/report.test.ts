/** The report on policies: every demand with its default, and every exception with its days. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { daysLeft } from "../../src/policy/expiry.ts";
import { reportPolicy, type ReportedListener } from "../../src/policy/report.ts";
import type { PolicyException } from "../../src/policy/words.ts";

const NOON = Date.UTC(2026, 5, 15, 12);
const REVEAL = { names: "minimal", version: false } as const;
const FRONT: ReportedListener = {
  ...{ name: "front", protocol: "pop3", offersNtlm: true, reveal: REVEAL, ntlm: {}, hosts: ["mail"] },
};
const PRINTERS: PolicyException = {
  ...{ name: "printers", owner: "Jane", reason: "old firmware", expires: "2026-06-14" },
  ...{ networks: ["10.0.0.0/8"], allow: { mic: "off" } },
};

test("a listener is shown with every demand that is in force", () => {
  const { listeners } = reportPolicy([FRONT], {}, NOON);
  assert.deepEqual(listeners[0]?.reveal, REVEAL);
  assert.deepEqual(listeners[0].policy, {
    ...{ minimum: "v2", mic: "verify-if-present", channelBinding: "verify-if-present", avEcho: "verify-if-present" },
    ...{ targetName: "off", require128: false, block: false },
    targets: { services: ["pop", "pop3", "host"], hosts: ["mail"] },
  });
});

test("exceptions are shown with owner, scope and days left, and the expired ones by name", () => {
  const report = reportPolicy(
    [FRONT],
    { exceptions: [PRINTERS, { ...PRINTERS, name: undefined, expires: "2026-06-15" }] },
    NOON,
  );
  assert.equal(report.today, "2026-06-15");
  assert.deepEqual(report.expired, ["printers"]);
  const [first, second] = report.exceptions;
  assert.deepEqual(first, {
    ...{ name: "printers", owner: "Jane", reason: "old firmware", expires: "2026-06-14", daysLeft: -1, expired: true },
    ...{ listeners: undefined, networks: ["10.0.0.0/8"], users: undefined, allow: { mic: "off" } },
  });
  assert.deepEqual([second?.name, second?.daysLeft, second?.expired], ["#2", 0, false]);
});

test("days are counted in whole days of UTC", () => {
  for (const hour of [0, 12, 23]) {
    const now = Date.UTC(2026, 5, 15, hour, 59);
    assert.deepEqual(
      ["2026-06-14", "2026-06-15", "2026-06-16", "2027-06-15"].map((day) => daysLeft(day, now)),
      [-1, 0, 1, 365],
    );
  }
});

/** What an NTLMv2 logon costs; printed, and only a hundredfold slowdown fails. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { DEFAULT_POLICY } from "../../src/ntlm/acceptor.ts";
import { accept, ACCOUNT, hashesOf, record } from "./exchange.ts";

test("an NTLMv2 logon with its MIC is read, verified and confirmed in microseconds", (context) => {
  const recorded = record();
  const hashes = hashesOf(ACCOUNT.password);
  const rounds = 5000;
  for (let i = 0; i < rounds; i++) accept(recorded, DEFAULT_POLICY, undefined, hashes);
  const before = process.cpuUsage();
  for (let i = 0; i < rounds; i++) assert.equal(accept(recorded, DEFAULT_POLICY, undefined, hashes), "NTLMv2");
  const { user, system } = process.cpuUsage(before);
  const microseconds = (user + system) / rounds;
  context.diagnostic(`${microseconds.toFixed(1)} microseconds of processor time`);
  assert.ok(microseconds < 4000);
});

/** Controllers found by DNS: their order, and what happens when DNS has nothing to say. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { findControllers, inOrder } from "../../../src/validators/netlogon/discovery.ts";
import { byPassword } from "../conformance.ts";
import { startSmallDomain } from "./small-domain.ts";

const record = (name: string, priority: number, weight: number) => ({ name, priority, weight });

test("lower priorities come first, and within one each has its chance by its weight", () => {
  const records = [record("backup", 10, 100), record("heavy", 0, 90), record("light", 0, 10), record("never", 0, 0)];
  const firsts = new Map<string, number>();
  for (let round = 0; round < 2000; round++) {
    const order = inOrder(records);
    assert.equal(order.length, 4);
    assert.equal(order[3], "backup");
    firsts.set(order[0]!, (firsts.get(order[0]!) ?? 0) + 1);
  }
  const [heavy = 0, light = 0, never = 0] = ["heavy", "light", "never"].map((name) => firsts.get(name));
  assert.ok(heavy > 1600 && light > 100 && never < 40, JSON.stringify([...firsts]));
});

/** Nobody answers there. */
const NOBODY = "127.0.0.1:9";

test("without an answer of DNS the reason names the record that was asked for", async () => {
  await assert.rejects(findControllers("example.com", [NOBODY]), /_ldap\._tcp\.dc\._msdcs\.example\.com: E/);
});

test("a logon does not wait longer for DNS than for anything else", async () => {
  const domain = await startSmallDomain({ options: { controllers: undefined, nameServers: [NOBODY], timeout: 200 } });
  try {
    const began = performance.now();
    assert.equal(await byPassword(domain.validator, "alice", "Password1"), "unavailable");
    assert.ok(performance.now() - began < 2000);
  } finally {
    await domain.close();
  }
});

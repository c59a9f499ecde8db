/** What failures cost, whom they do not concern, and what does not count: by address, by network and by account. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { DEFAULT_RULES } from "../../src/guard/rules.ts";
import { DAY, guess, MINUTE, SECOND, WITHOUT_DELAYS, World } from "./world.ts";

const GUARDED = "denied guarded";
const WRONG = "denied bad-credentials";

describe("an address", () => {
  test("is made to wait after four failures, longer each time, and never asks faster again", async () => {
    const world = new World();
    const times: number[] = [];
    for (let count = 0; count < 9; count++) {
      const before = world.clock.now();
      assert.deepEqual(await world.fail(1, `nobody${count}`), ["unknown"]);
      times.push(Math.round((world.clock.now() - before) / SECOND));
    }
    assert.deepEqual(times, [0, 0, 0, 0, 2, 4, 8, 15, 15]);
  });

  test("has at most ten guesses answered in its first minute and a hundred in its first day", async () => {
    const world = new World();
    const started = world.clock.now();
    const answered: number[] = [];
    while (world.clock.now() - started < DAY) {
      const asked = world.asked.length;
      await world.fail(1, `nobody${asked}`);
      if (world.asked.length > asked) answered.push(world.clock.now() - started);
      else await world.clock.turn(10 * MINUTE);
    }
    assert.ok(answered.filter((time) => time < MINUTE).length <= 10);
    assert.ok(answered.length > 90 && answered.length <= 100, `${answered.length}`);
  });

  test("that tries many at once gains nothing: they wait for each other or are refused", async () => {
    const world = new World();
    await world.fail(5, "nobody");
    const asked = world.asked.length;
    const tries = Array.from({ length: 50 }, (_, each) => world.log(`nobody${each}`, "x"));
    const answers = await Promise.all(tries);
    assert.ok(world.asked.length - asked <= 5, `${world.asked.length - asked} asked`);
    assert.ok(answers.filter((answer) => answer === GUARDED).length >= 45);
  });

  test("is locked after fifty failures, with one line in the log, for half an hour a failure", async () => {
    const world = new World({ rules: { account: { ...DEFAULT_RULES.account, free: 1000, lock: 1000 } } });
    await world.fail(50, "nobody");
    assert.deepEqual(world.lines, ['locked after too many failed logons {"address":"192.0.2.7","failures":50}']);
    assert.equal(await world.log("bob", "right"), GUARDED);
    assert.equal(await world.log("bob", "right", "192.0.2.8"), "accepted", "its neighbour is not");
    await world.clock.turn(30 * MINUTE);
    assert.equal(await world.log("bob", "right"), "accepted");
  });

  test("is given back what an account had cost it once that logs on, and not what others had", async () => {
    const world = new World();
    await world.fail(3, "alice");
    await world.fail(3, "nobody");
    assert.equal(await world.log("alice", "right"), "accepted");
    const [, tally] = [...world.guard.addresses.entries(DEFAULT_RULES.address, world.clock.now())][0]!;
    assert.equal(Math.ceil(tally.total), 3);
  });

  test("does not get rid of its failures by logging on to an account of its own", async () => {
    const world = new World();
    assert.equal(await world.log("mallory", "right"), "accepted");
    for (let round = 0; round < 49; round++) {
      await world.fail(1, `nobody${round}`);
      assert.equal(await world.log("mallory", "right"), "accepted");
    }
    assert.deepEqual(await world.fail(2, "nobody"), ["unknown", GUARDED]);
  });

  test("of IPv6 is the whole of what its owner's machines choose from", async () => {
    const world = new World();
    for (let each = 0; each < 50; each++) await world.fail(1, `nobody${each}`, `2001:db8:1:2::${each.toString(16)}`);
    assert.equal(await world.log("bob", "right", "2001:db8:1:2:ffff::1"), GUARDED);
    assert.equal(await world.log("bob", "right", "2001:db8:1:3::1"), "accepted");
  });
});

describe("a network", () => {
  const rules = { network: { ...DEFAULT_RULES.network, lock: 20 } };

  test("is locked when its addresses have failed too often together, and no other one", async () => {
    const world = new World({ rules });
    for (let each = 1; each <= 20; each++) await world.fail(1, `nobody${each}`, `198.51.100.${each}`);
    assert.equal(await world.log("bob", "right", "198.51.100.200"), GUARDED);
    assert.equal(await world.log("bob", "right", "198.51.101.1"), "accepted");
  });

  test("that is trusted is neither counted nor locked, but accounts are counted there", async () => {
    const world = new World({ rules: { ...rules, trusted: ["10.0.0.0/8"] } });
    for (let each = 0; each < 60; each++) await world.fail(1, `nobody${each}`, "10.1.2.3");
    assert.equal(await world.log("bob", "right", "10.1.2.3"), "accepted");
    await world.fail(104, "alice", "10.1.2.3");
    assert.equal(await world.log("alice", "right", "10.1.2.3"), GUARDED);
  });

  test("an address that has to wait does not hold up its neighbours", async () => {
    const world = new World();
    await world.fail(8, "nobody", "192.0.2.1");
    const waiting = world.log("nobody", "x", "192.0.2.1");
    const before = world.clock.now();
    assert.equal(await world.log("bob", "right", "192.0.2.2"), "accepted");
    assert.equal(world.clock.now(), before);
    await waiting;
  });
});

describe("an account", () => {
  /** From an address of its own each time. */
  async function spray(world: World, times: number, username = "alice"): Promise<void> {
    for (let each = 0; each < times; each++) await world.fail(1, username, `203.0.${each >> 8}.${each & 255}`);
  }

  test("under attack from many addresses is locked for strangers and open where it is known", async () => {
    const world = new World();
    assert.equal(await world.log("alice", "right", "192.0.2.7"), "accepted");
    await spray(world, 120);
    assert.equal(await world.log("alice", "right", "192.0.2.99"), GUARDED);
    const before = world.clock.now();
    assert.equal(await world.log("alice", "right", "192.0.2.7"), "accepted");
    assert.equal(await world.log("ALICE", "right", "192.0.2.7"), "accepted");
    assert.equal(world.clock.now(), before, "and does not wait there");
  });

  test("is at once open to a stranger from a clean address until it is locked", async () => {
    const world = new World();
    await spray(world, 90);
    const before = world.clock.now();
    assert.equal(await world.log("alice", "right", "192.0.2.99"), "accepted");
    assert.equal(world.clock.now(), before);
  });

  test("of a name that does not exist is treated no differently", async () => {
    const [known, unknown] = [new World(), new World()];
    await spray(known, 120, "alice");
    await spray(unknown, 120, "nobody");
    assert.equal(known.asked.length, unknown.asked.length);
    assert.equal(await known.log("alice", "x", "192.0.2.99"), await unknown.log("nobody", "x", "192.0.2.99"));
  });

  test("is known for thirty days at an address, however much else is wrong there", async () => {
    const world = new World();
    await world.log("alice", "right");
    await world.fail(60, "nobody");
    assert.equal(await world.log("bob", "right"), GUARDED);
    assert.equal(await world.log("alice", "right"), "accepted");
    await world.clock.turn(29 * DAY);
    await world.fail(60, "nobody");
    assert.equal(await world.log("alice", "right"), "accepted");
    await world.clock.turn(30 * DAY);
    await world.fail(60, "nobody");
    assert.equal(await world.log("alice", "right"), GUARDED);
  });

  test("loses its privilege at a known address where somebody guesses it", async () => {
    const world = new World({ rules: { address: { ...DEFAULT_RULES.address, lock: 6 } } });
    await world.log("alice", "right");
    assert.deepEqual(await world.fail(7), [WRONG, WRONG, WRONG, WRONG, WRONG, WRONG, GUARDED]);
    assert.equal(await world.log("alice", "right"), GUARDED);
  });

  test("is the same whether the client says its domain or not, once it has logged on so", async () => {
    const world = new World();
    await world.log("EXAMPLE\\alice", "right", "192.0.2.7");
    await world.fail(60, "nobody");
    assert.equal(await world.log("EXAMPLE\\alice", "right"), "accepted");
    assert.equal(await world.log("alice", "right"), "accepted");
  });
});

describe("what counts", () => {
  const total = (world: World): number => {
    const [entry] = [...world.guard.addresses.entries(DEFAULT_RULES.address, world.clock.now())];
    return Math.round(entry?.[1].total ?? 0);
  };

  test("is the same wrong password once, however often it comes, for the account and for each address", async () => {
    const world = new World();
    for (let each = 0; each < 500; each++) {
      assert.equal(await world.log("alice", "old"), WRONG);
      await world.clock.turn(SECOND);
    }
    assert.equal(total(world), 1);
    const [[, account] = []] = [...world.guard.accounts.entries(DEFAULT_RULES.account, world.clock.now())];
    assert.equal(Math.ceil(account!.total), 1);
    await world.log("alice", "old", "192.0.2.8");
    const counts = [...world.guard.addresses.entries(DEFAULT_RULES.address, world.clock.now())];
    assert.equal(counts.length, 2);
  });

  test("is a password that was wrong and has become right no more: it is asked about", async () => {
    const world = new World();
    world.answer = { kind: "denied", reason: "bad-credentials", why: "not yet" };
    await world.log("alice", "right");
    world.answer = undefined;
    assert.equal(await world.log("alice", "right"), "accepted");
    assert.equal(total(world), 0);
  });

  test("is no outage, no policy, and no refusal of a right password", async () => {
    const world = new World();
    world.answer = { kind: "unavailable", why: "down" };
    for (let each = 0; each < 100; each++) assert.equal(await world.log("alice", `${each}`), "unavailable");
    for (const reason of ["policy", "disabled", "expired", "must-change-password", "not-authorized"] as const) {
      world.answer = { kind: "denied", reason, why: "no" };
      for (let each = 0; each < 100; each++) await world.log("alice", `${each}`);
    }
    assert.equal(world.asked.length, 600);
    assert.equal(total(world), 0);
  });

  test("is no refusal of the guard itself: who waits long enough is let in", async () => {
    const world = new World();
    await world.fail(50, "nobody");
    for (let each = 0; each < 200; each++) assert.equal(await world.log("bob", "right"), GUARDED);
    await world.clock.turn(30 * MINUTE);
    assert.equal(await world.log("bob", "right"), "accepted");
  });

  test("is each NTLM response, for nobody can tell whether two are of the same password", async () => {
    const world = new World();
    for (let each = 0; each < 3; each++) assert.equal(await world.byNtlm("alice", "wrong"), WRONG);
    assert.equal(total(world), 3);
    assert.equal(await world.byNtlm("alice", "right"), "accepted");
    assert.equal(total(world), 0);
  });

  test("is a token once, and none of a user who is known there", async () => {
    const world = new World();
    for (let each = 0; each < 20; each++) await world.byToken("alice", "forged");
    assert.equal(total(world), 1);
    await world.byToken("bob", "right", "192.0.2.8");
    for (let each = 0; each < 100; each++)
      assert.equal(await world.byToken("bob", `expired ${each}`, "192.0.2.8"), WRONG);
    assert.equal([...world.guard.addresses.entries(DEFAULT_RULES.address, world.clock.now())].length, 1);
    assert.equal(await world.log("bob", "right", "192.0.2.99"), "accepted", "and nothing of it counts for the account");
  });

  test("a validator that throws has said nothing, and the guard passes it on", async () => {
    const broken = (): never => {
      throw new Error("broken");
    };
    const world = new World({ validator: { name: "users", password: broken } });
    await assert.rejects(world.log("alice", "x"), /broken/);
    assert.equal(total(world), 0);
  });
});

test("100,000 names from 10,000 addresses stay within their memory, and a known user logs on as ever", async () => {
  const world = new World({ rules: WITHOUT_DELAYS });
  await world.log("alice", "right", "192.0.2.7");
  const before = heapInUse();
  const { guard } = world;
  for (let each = 0; each < 100_000; each++) {
    const from = each % 10_000;
    const name = each % 100 === 0 ? "alice" : `name${each}${"x".repeat(40)}`;
    await guess(guard, name, `10.${from >> 8}.${from & 255}.9`);
  }
  const grown = (heapInUse() - before) / 1024 ** 2;
  assert.ok(grown < 80, `${grown.toFixed(0)} MB`);
  const sizes = [guard.addresses.size, guard.networks.size, guard.accounts.size, guard.pairs.size, guard.budget.size];
  assert.ok(
    sizes.every((size) => size <= 20_000),
    sizes.join(),
  );
  const started = performance.now();
  assert.equal(await world.log("alice", "right", "192.0.2.7"), "accepted");
  assert.ok(performance.now() - started < 100);
  assert.equal(await world.log("bob", "right", "192.0.2.99"), "accepted", "a stranger from a clean address as well");
});

/** Bytes after collecting. */
function heapInUse(): number {
  setFlagsFromString("--expose-gc");
  (runInNewContext("gc") as () => void)();
  return process.memoryUsage().heapUsed;
}

/** Door: who is let in, and who has to make room. */
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { Door, networkOf, type Ticket } from "../../src/wire/door.ts";

const never = (): never => assert.fail("nobody has to leave");

function entered(ticket: Ticket | string): Ticket {
  assert.ok(typeof ticket !== "string", "let in");
  return ticket;
}

test("the total counts everyone, logged on or not", () => {
  const door = new Door({ total: 2, perAddress: 9, waiting: 9 });
  const first = entered(door.enter("192.0.2.1", never));
  door.seat(first);
  entered(door.enter("192.0.2.2", never));
  assert.equal(door.enter("192.0.2.3", never), "too many connections");
  door.leave(first);
  entered(door.enter("192.0.2.3", never));
});

test("an address has its own limit, and others are not touched by it", () => {
  const door = new Door({ total: 9, perAddress: 2, waiting: 9 });
  const first = entered(door.enter("192.0.2.1", never));
  entered(door.enter("192.0.2.1", never));
  assert.equal(door.enter("192.0.2.1", never), "too many connections from this address");
  entered(door.enter("192.0.2.2", never));
  door.leave(first);
  entered(door.enter("192.0.2.1", never));
});

test("past the waiting limit the one that waited longest goes, never one that has logged on", () => {
  const door = new Door({ total: 9, perAddress: 9, waiting: 2 });
  const gone: string[] = [];
  const come = (name: string): Ticket => entered(door.enter("192.0.2.1", () => gone.push(name)));
  const first = come("first");
  door.seat(first);
  come("second");
  come("third");
  come("fourth");
  assert.deepEqual(gone, ["second"]);
  come("fifth");
  assert.deepEqual(gone, ["second", "third"]);
});

test("IPv6 addresses of one /64 are one address, written as they may be", () => {
  for (const address of ["2001:db8:1:2::1", "2001:db8:1:2:ffff::9", "2001:db8:1:2:3:4:5:6"]) {
    assert.equal(networkOf(address), "2001:db8:1:2::/64");
  }
  assert.equal(networkOf("2001:db8::1"), "2001:db8:0:0::/64");
  assert.equal(networkOf("::1"), "0:0:0:0::/64");
  assert.equal(networkOf("::"), "0:0:0:0::/64");
  assert.equal(networkOf("1:2:3:4::"), "1:2:3:4::/64");
  assert.equal(networkOf("fe80::1%eth0"), "fe80:0:0:0::/64");
});

test("IPv4 in IPv6 clothes is the IPv4 address, not one /64 for all of them", () => {
  assert.equal(networkOf("::ffff:192.0.2.7"), "192.0.2.7");
  assert.equal(networkOf("192.0.2.7"), "192.0.2.7");
  assert.notEqual(networkOf("::ffff:c000:207"), networkOf("::ffff:c000:208"));
});

test("lower limits after a reload hold for newcomers only", () => {
  const door = new Door({ total: 9, perAddress: 9, waiting: 9 });
  entered(door.enter("192.0.2.1", never));
  entered(door.enter("192.0.2.2", never));
  door.setLimits({ total: 1, perAddress: 9, waiting: 9 });
  assert.equal(door.enter("192.0.2.3", never), "too many connections");
  assert.equal(door.total, 2);
});

test("whatever comes and goes, the counts are right and come back to nothing", () => {
  const step = fc.record({ address: fc.integer({ min: 0, max: 3 }), act: fc.constantFrom("enter", "seat", "leave") });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
      const door = new Door({ total: 8, perAddress: 3, waiting: 4 });
      const inside: Ticket[] = [];
      const out: Ticket[] = [];
      for (const { address, act } of steps) {
        if (act === "enter") {
          const mine: { ticket?: Ticket } = {};
          const ticket = door.enter(`192.0.2.${address}`, () => out.push(mine.ticket!));
          if (typeof ticket !== "string") inside.push((mine.ticket = ticket));
        } else if (inside.length > 0) {
          const ticket = inside[address % inside.length]!;
          if (act === "seat") door.seat(ticket);
          else door.leave(inside.splice(inside.indexOf(ticket), 1)[0]!);
        }
        // Those who were sent away leave a moment later, as a connection does.
        for (const ticket of out.splice(0)) {
          if (inside.includes(ticket)) door.leave(inside.splice(inside.indexOf(ticket), 1)[0]!);
        }
        assert.equal(door.total, inside.length);
        assert.ok(door.total <= 8 && door.waiting <= 4);
      }
      for (const ticket of inside) door.leave(ticket);
      assert.equal(door.total, 0);
      assert.equal(door.waiting, 0);
    }),
  );
});

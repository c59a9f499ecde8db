/** Those who come and go: in no order (crowd), in order of arrival (arrivals); and that the garbage collector sees them go. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { Arrivals, type Arrival } from "../../src/wire/arrivals.ts";
import { Crowd, type Member } from "../../src/wire/crowd.ts";

interface Guest extends Member, Arrival {
  readonly name: string;
}

const guests = (...names: string[]): Guest[] => names.map((name) => ({ name }));
const namesOf = (list: readonly Guest[]) => list.map(({ name }) => name).join("");

function inOrder(arrivals: Arrivals<Guest>): string {
  let names = "";
  for (let each = arrivals.oldest; each; each = each.after) names += each.name;
  return names;
}

test("a crowd knows who is there, whoever goes first", () => {
  for (const order of ["abc", "acb", "bac", "bca", "cab", "cba"]) {
    const crowd = new Crowd<Guest>();
    const all = guests("a", "b", "c");
    for (const guest of all) crowd.add(guest);
    assert.equal(crowd.size, 3);
    for (const [gone, name] of [...order].entries()) {
      const guest = all.find((each) => each.name === name)!;
      crowd.delete(guest);
      crowd.delete(guest);
      assert.ok(!crowd.has(guest));
      const left = order.slice(gone + 1);
      assert.equal([...namesOf(crowd.filter())].sort().join(""), [...left].sort().join(""));
      assert.ok(all.filter((each) => left.includes(each.name)).every((each) => crowd.has(each)));
    }
    assert.equal(crowd.size, 0);
  }
});

test("a crowd's list stays as it was while members go", () => {
  const crowd = new Crowd<Guest>();
  for (const guest of guests("a", "b", "c")) crowd.add(guest);
  let seen = "";
  for (const guest of crowd.filter(({ name }) => name !== "b")) {
    seen += guest.name;
    for (const each of crowd.filter()) crowd.delete(each);
  }
  assert.deepEqual([seen, crowd.size], ["ac", 0]);
});

test("arrivals keep their order, whoever goes from wherever", () => {
  for (const order of ["abcd", "dcba", "bdac", "cadb"]) {
    const arrivals = new Arrivals<Guest>();
    const all = guests("a", "b", "c", "d");
    for (const guest of all) arrivals.add(guest);
    let left = "abcd";
    for (const name of order) {
      const guest = all.find((each) => each.name === name)!;
      arrivals.delete(guest);
      arrivals.delete(guest);
      left = left.replace(name, "");
      assert.deepEqual([inOrder(arrivals), arrivals.size], [left, left.length]);
      // Who has gone holds nobody.
      assert.deepEqual([guest.before, guest.after], [undefined, undefined]);
    }
    assert.equal(arrivals.oldest, undefined);
    for (const guest of all) arrivals.add(guest);
    assert.equal(namesOf(arrivals.take(({ name }) => name < "c")), "ab");
    assert.deepEqual([inOrder(arrivals), arrivals.size], ["cd", 2]);
    assert.deepEqual([namesOf(arrivals.take()), arrivals.size, arrivals.delete(all[3]!)], ["cd", 0, false]);
  }
});

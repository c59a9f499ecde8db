/** Lists of networks in CIDR form. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { makeNetworks } from "../../src/wire/networks.ts";

test("networks and single addresses of both families are told apart", () => {
  const isTrusted = makeNetworks(["10.0.0.0/8", "192.0.2.7", "2001:db8::/32", "::1"]);
  for (const address of ["10.1.2.3", "192.0.2.7", "2001:db8:9::1", "::1"])
    assert.equal(isTrusted(address), true, address);
  for (const address of ["11.1.2.3", "192.0.2.8", "2001:db9::1", "::2", "127.0.0.1"]) {
    assert.equal(isTrusted(address), false, address);
  }
});

test("an empty list trusts nobody", () => {
  assert.equal(makeNetworks([])("127.0.0.1"), false);
});

test("what is no address is in no network: a client that was gone before it was asked has none", () => {
  const isTrusted = makeNetworks(["0.0.0.0/0", "::/0"]);
  assert.equal(isTrusted(""), false);
  assert.equal(isTrusted("localhost"), false);
});

test("a link-local address with its zone belongs to its network", () => {
  assert.equal(makeNetworks(["fe80::/10"])("fe80::1%lo"), true);
});

test("what is no network throws", () => {
  for (const text of ["10.0.0.0/33", "nonsense", "2001:db8::/129", ""]) assert.throws(() => makeNetworks([text]), text);
});

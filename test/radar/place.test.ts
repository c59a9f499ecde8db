/** Addresses and the networks around them. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { MACHINE, NETWORK, PROVIDER, placeOf } from "../../src/radar/place.ts";

test("an IPv4 machine is its address, an IPv6 machine its /64", () => {
  assert.equal(placeOf("192.0.2.7", MACHINE), "192.0.2.7");
  assert.equal(placeOf("2001:db8:0:12::abcd", MACHINE), "2001:db8:0:12::/64");
  assert.equal(placeOf("2001:DB8:1:2:3:4:5:6", MACHINE), "2001:db8:1:2::/64");
  assert.equal(placeOf("::1", MACHINE), "0:0:0:0::/64");
  assert.equal(placeOf("fe80::1%eth0", MACHINE), "fe80:0:0:0::/64");
  assert.equal(placeOf("64:ff9b::192.0.2.1", MACHINE), "64:ff9b:0:0::/64");
  assert.equal(placeOf("1:2:3:4:5:6:192.0.2.1", MACHINE), "1:2:3:4::/64");
});

test("networks are cut at whole octets and groups", () => {
  assert.equal(placeOf("192.0.2.7", NETWORK), "192.0.2.0/24");
  assert.equal(placeOf("192.0.2.7", PROVIDER), "192.0.0.0/16");
  assert.equal(placeOf("2001:db8:1:2::3", NETWORK), "2001:db8:1::/48");
  assert.equal(placeOf("2001:db8:1:2::3", PROVIDER), "2001:db8::/32");
});

test("what is no address is elsewhere", () => {
  for (const text of ["", "unknown", "192.0.2", "1::2::3", "\n"]) assert.equal(placeOf(text, MACHINE), "elsewhere");
});

/** Durations, sizes, endpoints, networks and slips of the finger. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { nearest } from "../../src/config/known-keys.ts";
import { isNetwork, parseDuration, parseEndpoint, parseSize } from "../../src/config/scalars.ts";

test("durations have a unit and become milliseconds", () => {
  const read = ["500ms", "30s", "5m", "1h", "7d", "0s"].map(parseDuration);
  assert.deepEqual(read, [500, 30_000, 300_000, 3_600_000, 604_800_000, 0]);
  for (const text of ["", "5", "s", "1.5s", "-1s", "1 s", "1w", "1S", "9999999999s"]) assert.equal(parseDuration(text), undefined, text);
});

test("sizes may have a unit and become bytes", () => {
  assert.deepEqual(["0", "512", "64k", "25m", "1G"].map(parseSize), [0, 512, 65_536, 26_214_400, 1_073_741_824]);
  for (const text of ["", "k", "1.5k", "-1", "1 k", "1kb", "0x10"]) assert.equal(parseSize(text), undefined, text);
});

test("endpoints are split into address and port", () => {
  assert.deepEqual(parseEndpoint("143"), { host: undefined, port: 143 });
  assert.deepEqual(parseEndpoint("*:143"), { host: undefined, port: 143 });
  assert.deepEqual(parseEndpoint("127.0.0.1:0"), { host: "127.0.0.1", port: 0 });
  assert.deepEqual(parseEndpoint("[::]:993"), { host: "::", port: 993 });
  assert.deepEqual(parseEndpoint("mail.example.com:25"), { host: "mail.example.com", port: 25 });
  const wrong = ["", ":", ":143", "::1:143", "[::1]", "[host]:1", "host:", "host:65536", "-1", "1.2.3.4.5:1", "300.1.1.1:1", "a b:1"];
  for (const text of wrong) assert.equal(parseEndpoint(text), undefined, text);
});

test("networks are addresses with or without a prefix length", () => {
  for (const text of ["10.0.0.0/8", "10.0.0.2", "::1", "fd00::/8", "0.0.0.0/0"]) assert.ok(isNetwork(text), text);
  for (const text of ["", "10.0.0.0/33", "fd00::/129", "10.0.0/8", "host/8", "10.0.0.0/", "10.0.0.0/8/8"]) assert.ok(!isNetwork(text), text);
});

test("the nearest known word is suggested, or none", () => {
  const known = ["tls", "bind", "channelBinding", "protocol"];
  assert.equal(nearest("tsl", known), "tls");
  assert.equal(nearest("channel-binding", known), "channelBinding");
  assert.equal(nearest("protocl", known), "protocol");
  assert.equal(nearest("frobnicate", known), undefined);
  assert.equal(nearest("x".repeat(10_000), known), undefined);
});

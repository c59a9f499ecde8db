/** Controllers found by DNS: their order, and what happens when DNS has nothing to say. */
import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer, type AddressInfo } from "node:net";
import { test } from "node:test";
import { findControllers, inOrder } from "../../../src/validators/netlogon/discovery.ts";
import { decodeAnswer, encodeQuery, querySrv } from "../../../src/validators/netlogon/srv-query.ts";
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

const NAME = "_ldap._tcp.dc._msdcs.example.com";
/** What Samba 4.17 answers: the target's name is compressed. */
const ANSWER =
  "5f1b85000001000100010000055f6c646170045f746370026463065f6d73646373076578616d706c6503636f6d0000210001" +
  "c00c0021000100000384000c00000064018503646331c021c01a0006000100000e100023c0440a686f73746d6173746572c021" +
  "0000000100000384000002580001518000000e10";

function withLength(message: Buffer): Buffer {
  return Buffer.concat([Buffer.of(message.length >> 8, message.length & 0xff), message]);
}

test("an answer with compressed names is read, as Samba's name server sends it", () => {
  const query = "5f1b01000001000000000000055f6c646170045f746370026463065f6d73646373076578616d706c6503636f6d0000210001";
  assert.equal(encodeQuery(0x5f1b, NAME).toString("hex"), `0032${query}`);
  const records = decodeAnswer(withLength(Buffer.from(ANSWER, "hex")), 0x5f1b);
  assert.deepEqual(records, [{ name: "dc1.example.com", priority: 0, weight: 100, port: 389 }]);
});

test("any other bytes are an answer that is not understood, and never more", () => {
  const good = Buffer.from(ANSWER, "hex");
  const tryOne = (bytes: Buffer) => {
    try {
      decodeAnswer(withLength(bytes), 0x5f1b);
    } catch (error) {
      assert.match(String((error as { code?: unknown }).code), /^(EBADRESP|ENOTFOUND)$/, bytes.toString("hex"));
    }
  };
  for (let length = 0; length < good.length; length++) tryOne(good.subarray(0, length));
  for (let at = 0; at < good.length; at++)
    for (const value of [0, 1, 0x3f, 0x40, 0xc0, 0xff]) {
      const changed = Buffer.from(good);
      changed[at] = value;
      tryOne(changed);
    }
  const circle = Buffer.from(good);
  circle.writeUInt16BE(0xc00c, 12);
  assert.throws(() => decodeAnswer(withLength(circle), 0x5f1b), { code: "EBADRESP" });
});

test("an answer with too many records, or with one that claims more than there is, is not understood", () => {
  const record = Buffer.from("c00c0021000100000384000700000064018500", "hex");
  const many = (count: number): Buffer => {
    const header = Buffer.from(ANSWER, "hex").subarray(0, 50);
    const message = Buffer.concat([header, ...Array<Buffer>(count).fill(record)]);
    message.writeUInt16BE(count, 6);
    message.writeUInt16BE(0, 8);
    return withLength(message);
  };
  assert.equal(decodeAnswer(many(512), 0x5f1b).length, 512);
  assert.throws(() => decodeAnswer(many(513), 0x5f1b), { code: "EBADRESP", message: /too much/ });
  const claiming = many(1);
  claiming.writeUInt16BE(200, 2 + 50 + 10);
  assert.throws(() => decodeAnswer(claiming, 0x5f1b), { code: "EBADRESP", message: /ends in a record/ });
});

test("name servers are asked over TCP one after the other, in pieces as they come", async () => {
  const answer = Buffer.from(ANSWER, "hex");
  const server = createServer((socket) =>
    socket.once("data", (query: Buffer) => {
      query.copy(answer, 0, 2, 4);
      for (const byte of withLength(answer)) socket.write(Buffer.of(byte));
    }),
  );
  await once(server.listen(0, "127.0.0.1"), "listening");
  try {
    const { port } = server.address() as AddressInfo;
    const [found] = await querySrv(NAME, [NOBODY, `127.0.0.1:${port}`], 2000);
    assert.equal(found?.name, "dc1.example.com");
    await assert.rejects(querySrv(NAME, [NOBODY], 2000), { code: "ECONNREFUSED" });
  } finally {
    server.close();
  }
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

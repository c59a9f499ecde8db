/** The PROXY protocol, versions 1 and 2: what is taken, what is refused, and that nothing behind the header is touched. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { setImmediate as turn } from "node:timers/promises";
import fc from "fast-check";
import { crc32c } from "../../src/wire/crc32c.ts";
import { ProxyHeaderError, readProxyHeader, type ProxiedPeer } from "../../src/wire/proxy-header.ts";
import { WireClosed } from "../../src/wire/wire.ts";
import { wirePair } from "../support/wire.ts";

const SIGNATURE = Buffer.from("\r\n\r\n\0\r\nQUIT\n", "latin1");

function version2(command: number, family: number, body: Uint8Array, length = body.length): Buffer {
  return Buffer.concat([SIGNATURE, Buffer.from([command, family, length >> 8, length & 255]), body]);
}

const IPV4 = Buffer.from([192, 0, 2, 7, 10, 0, 0, 1, 0x10, 0xe1, 0, 143]);
const IPV6 = Buffer.concat([
  Buffer.from("20010db8000000000000000000000007", "hex"),
  Buffer.from("20010db8000000000000000000000001", "hex"),
  Buffer.from([0x10, 0xe1, 0, 143]),
]);

function field(type: number, value: Uint8Array): Buffer {
  return Buffer.concat([Buffer.from([type, value.length >> 8, value.length & 255]), value]);
}

/** Sends `bytes` whole or one by one, and a line behind; what the header said, and the line as it came out. */
async function read(bytes: Uint8Array, pace: "whole" | "byte by byte"): Promise<ProxiedPeer | undefined> {
  const { wire, talker } = await wirePair();
  try {
    const reading = readProxyHeader(wire);
    reading.catch(() => undefined);
    const all = Buffer.concat([bytes, Buffer.from("a1 NOOP\r\n")]);
    if (pace === "whole") talker.send(all);
    for (let at = 0; pace !== "whole" && at < all.length; at += 1) {
      talker.send(all.subarray(at, at + 1));
      if (at < 120) await turn();
    }
    // What is too short to be a header shall not be waited for.
    talker.socket.end();
    const peer = await reading;
    assert.equal(await wire.readLine(), "a1 NOOP", "the bytes behind the header");
    return peer;
  } finally {
    wire.fail("the test is over");
    talker.destroy();
  }
}

const FOUR = { address: "192.0.2.7", port: 4321 };
const SIX = { address: "2001:db8::7", port: 4321 };

const TAKEN: readonly [string, Uint8Array, ProxiedPeer | undefined][] = [
  ["version 1, TCP4", Buffer.from("PROXY TCP4 192.0.2.7 10.0.0.1 4321 143\r\n"), FOUR],
  ["version 1, TCP6", Buffer.from("PROXY TCP6 2001:db8::7 2001:db8::1 4321 143\r\n"), SIX],
  ["version 1, an address spelt otherwise", Buffer.from("PROXY TCP6 2001:0DB8:0:0::7 ::1 4321 143\r\n"), SIX],
  ["version 1, IPv4 in IPv6 clothes", Buffer.from("PROXY TCP6 ::ffff:192.0.2.7 ::1 4321 143\r\n"), FOUR],
  ["version 1, UNKNOWN alone", Buffer.from("PROXY UNKNOWN\r\n"), undefined],
  ["version 1, UNKNOWN with more", Buffer.from("PROXY UNKNOWN whatever stands here\r\n"), undefined],
  ["version 1, the longest line there is", Buffer.from(`PROXY UNKNOWN ${"f".repeat(107 - 16)}\r\n`), undefined],
  ["version 1, ports 0 and 65535", Buffer.from("PROXY TCP4 192.0.2.7 10.0.0.1 0 65535\r\n"), { ...FOUR, port: 0 }],
  ["version 2, IPv4", version2(0x21, 0x11, IPV4), FOUR],
  ["version 2, IPv6", version2(0x21, 0x21, IPV6), SIX],
  [
    "version 2, IPv4 in IPv6 clothes",
    version2(0x21, 0x21, Buffer.concat([Buffer.from("00000000000000000000ffffc0000207", "hex"), IPV6.subarray(16)])),
    FOUR,
  ],
  [
    "version 2, with fields",
    version2(0x21, 0x11, Buffer.concat([IPV4, field(4, Buffer.alloc(9)), field(2, Buffer.from("x"))])),
    FOUR,
  ],
  ["version 2, LOCAL", version2(0x20, 0x00, Buffer.alloc(0)), undefined],
  [
    "version 2, LOCAL with an address and more",
    version2(0x20, 0x11, Buffer.concat([IPV4, Buffer.alloc(100)])),
    undefined,
  ],
  [
    "version 2, a right checksum",
    withSum(Buffer.concat([IPV4, field(3, Buffer.alloc(4)), field(4, Buffer.alloc(3))])),
    FOUR,
  ],
];

/** Fills the checksum field, which must be the first one behind IPv4 addresses. */
function withSum(body: Buffer): Buffer {
  const header = version2(0x21, 0x11, body);
  header.writeUInt32BE(crc32c(header), 16 + IPV4.length + 3);
  return header;
}

for (const pace of ["whole", "byte by byte"] as const) {
  for (const [what, bytes, peer] of TAKEN) {
    test(`taken: ${what} (${pace})`, async () => assert.deepEqual(await read(bytes, pace), peer));
  }
}

const wrongSum = withSum(Buffer.concat([IPV4, field(3, Buffer.alloc(4))]));
wrongSum[16] = 193;

const REFUSED: readonly [string, Uint8Array][] = [
  ["no header", Buffer.from("a1 LOGIN alice secret\r\n")],
  ["lower case", Buffer.from("proxy TCP4 192.0.2.7 10.0.0.1 4321 143\r\n")],
  ["an unknown family", Buffer.from("PROXY UDP4 192.0.2.7 10.0.0.1 4321 143\r\n")],
  ["an IPv6 address as TCP4", Buffer.from("PROXY TCP4 2001:db8::7 2001:db8::1 4321 143\r\n")],
  ["an IPv4 address as TCP6", Buffer.from("PROXY TCP6 192.0.2.7 10.0.0.1 4321 143\r\n")],
  ["a destination that is no address", Buffer.from("PROXY TCP4 192.0.2.7 here 4321 143\r\n")],
  ["a port too large", Buffer.from("PROXY TCP4 192.0.2.7 10.0.0.1 65536 143\r\n")],
  ["a port with a leading zero", Buffer.from("PROXY TCP4 192.0.2.7 10.0.0.1 04321 143\r\n")],
  ["a port in hex", Buffer.from("PROXY TCP4 192.0.2.7 10.0.0.1 0x10 143\r\n")],
  ["a negative port", Buffer.from("PROXY TCP4 192.0.2.7 10.0.0.1 4321 -1\r\n")],
  ["too few words", Buffer.from("PROXY TCP4 192.0.2.7 10.0.0.1 4321\r\n")],
  ["too many words", Buffer.from("PROXY TCP4 192.0.2.7 10.0.0.1 4321 143 more\r\n")],
  ["two blanks", Buffer.from("PROXY TCP4  192.0.2.7 10.0.0.1 4321 143\r\n")],
  ["a zone", Buffer.from("PROXY TCP6 fe80::1%lo ::1 4321 143\r\n")],
  ["a line of 108 bytes", Buffer.from(`PROXY UNKNOWN ${"f".repeat(108 - 16)}\r\n`)],
  [
    "version 2 with a wrong signature",
    Buffer.concat([SIGNATURE.subarray(0, 11), Buffer.from("x"), version2(0x21, 0x11, IPV4).subarray(12)]),
  ],
  ["version 1 in version 2's clothes", version2(0x11, 0x11, IPV4)],
  ["version 3", version2(0x31, 0x11, IPV4)],
  ["an unknown command", version2(0x22, 0x11, IPV4)],
  ["UDP", version2(0x21, 0x12, IPV4)],
  ["a Unix socket", version2(0x21, 0x31, Buffer.alloc(216))],
  ["an unspecified family", version2(0x21, 0x00, Buffer.alloc(0))],
  ["IPv4 addresses cut short", version2(0x21, 0x11, IPV4.subarray(0, 11))],
  ["IPv6 addresses cut short", version2(0x21, 0x21, IPV6.subarray(0, 35))],
  ["a field beyond the end", version2(0x21, 0x11, Buffer.concat([IPV4, Buffer.from([4, 0, 9, 1])]))],
  ["half a field", version2(0x21, 0x11, Buffer.concat([IPV4, Buffer.from([4, 0])]))],
  ["a wrong checksum", wrongSum],
  ["a checksum of another length", version2(0x21, 0x11, Buffer.concat([IPV4, field(3, Buffer.alloc(2))]))],
  ["more than a header can be", version2(0x21, 0x11, Buffer.concat([IPV4, Buffer.alloc(8192)]))],
];

for (const [what, bytes] of REFUSED) {
  test(`refused: ${what}`, async () => {
    await assert.rejects(read(bytes, "whole"), ProxyHeaderError);
  });
}

test("the checksum is that of RFC 3720 appendix B.4", () => {
  assert.equal(crc32c(Buffer.alloc(32)), 0x8a9136aa);
  assert.equal(crc32c(Buffer.alloc(32, 0xff)), 0x62a8ab43);
  assert.equal(crc32c(Buffer.from("123456789")), 0xe3069283);
});

test("any bytes at all are a header, none, or too few: nothing else happens", async () => {
  const start = fc.constantFrom("", "PROXY ", "PROXY TCP4 ", "PROXY UNKNOWN", SIGNATURE.toString("latin1"));
  const bytes = fc
    .tuple(start, fc.uint8Array({ maxLength: 60 }))
    .map(([text, rest]) => Buffer.concat([Buffer.from(text, "latin1"), rest]));
  await fc.assert(
    fc.asyncProperty(bytes, async (data) => {
      const { wire, talker } = await wirePair();
      talker.send(data);
      talker.socket.end();
      try {
        const peer = await readProxyHeader(wire);
        assert.ok(peer === undefined || (peer.port >= 0 && peer.port < 65536));
      } catch (error) {
        assert.ok(error instanceof ProxyHeaderError || error instanceof WireClosed, String(error));
      } finally {
        wire.fail("the test is over");
        talker.destroy();
      }
    }),
    { numRuns: 200 },
  );
});

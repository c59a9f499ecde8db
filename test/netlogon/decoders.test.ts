/** Every decoder of what a domain controller sends, under bytes of all kinds: a value or a NetlogonError, in linear time. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { describe, test } from "node:test";
import fc from "fast-check";
import { isSid } from "../../src/core/access-token.ts";
import { readBindAnswer } from "../../src/netlogon/bind.ts";
import { Reply, REPLY_LIMIT } from "../../src/netlogon/call.ts";
import { readMapReply } from "../../src/netlogon/endpoint-mapper.ts";
import { NetlogonError } from "../../src/netlogon/error.ts";
import { Fragments } from "../../src/netlogon/fragments.ts";
import { readAuthenticate3, readReqChallenge } from "../../src/netlogon/handshake.ts";
import { readPasswordSet } from "../../src/netlogon/machine-password.ts";
import { NdrReader } from "../../src/netlogon/ndr-reader.ts";
import { decodePdu, encodePdu, FRAGMENT_LIMIT, PduFlag, PduType, type Pdu } from "../../src/netlogon/pdu.ts";
import { readSamLogonReply } from "../../src/netlogon/sam-logon.ts";
import { checkNegotiateAnswer, Sealing } from "../../src/netlogon/sealing.ts";
import { readSid } from "../../src/netlogon/sid.ts";
import { ROOT } from "../support/root.ts";
import { encodeLogonReply } from "./dc-double-stubs.ts";

interface RecordedPdu {
  readonly dir: string;
  readonly hex: string;
  readonly stub?: string;
}

const transcript = JSON.parse(readFileSync(new URL("test/netlogon/netlogon-transcript.json", ROOT), "utf8")) as {
  readonly connections: readonly { readonly pdus: readonly RecordedPdu[] }[];
};
const pdus = transcript.connections.flatMap((connection) => connection.pdus).filter(({ dir }) => dir === "in");
const fragments = pdus.map(({ hex }) => Buffer.from(hex, "hex"));
const stubs = pdus.flatMap(({ stub }) => (stub === undefined ? [] : [Buffer.from(stub, "hex")]));

const KEY = Buffer.alloc(16, 0x2a);
const info = {
  ...{ user: "alice", upn: "alice@gw.test", sessionBaseKey: KEY },
  groups: [1, 2, 3].map((rid) => ({ rid, attributes: 7 })),
  extraSids: ["S-1-18-1", "S-1-5-21-1-2-3-4"],
};
const answers = [2, 3, 6].map((level) => encodeLogonReply({ status: 0, authoritative: true, info }, level));

/** Some of the bytes changed, cut off, or more of them. */
const mutated = (originals: readonly Buffer[]): fc.Arbitrary<Buffer> =>
  fc
    .record({
      original: fc.constantFrom(...originals),
      changes: fc.array(fc.tuple(fc.nat(), fc.oneof(fc.constantFrom(0, 1, 0x7f, 0xff), fc.nat(255))), { maxLength: 6 }),
      cut: fc.option(fc.nat()),
      tail: fc.uint8Array({ maxLength: 8 }),
    })
    .map(({ original, changes, cut, tail }) => {
      const bytes = Buffer.concat([original, tail]);
      for (const [at, value] of changes) bytes[at % bytes.length] = value;
      return cut === null ? bytes : bytes.subarray(0, cut % (bytes.length + 1));
    });

const anyBytes = fc.uint8Array({ maxLength: 400 }).map((bytes) => Buffer.from(bytes));

/** A value, or a NetlogonError: anything else, a RangeError of Buffer among them, fails. */
function isOrderly(decode: () => unknown): void {
  try {
    decode();
  } catch (error) {
    if (!(error instanceof NetlogonError)) throw error;
    assert.ok(error.message.length < 200);
  }
}

const stubReaders: Readonly<Record<string, (stub: Buffer) => unknown>> = {
  "ept_map's reply": readMapReply,
  "NetrServerReqChallenge's reply": readReqChallenge,
  "NetrServerAuthenticate3's reply": (stub) => readAuthenticate3(stub, Buffer.alloc(8)),
  "NetrServerPasswordSet2's reply": (stub) => readPasswordSet(stub, Buffer.alloc(8)),
  "NetrLogonSamLogonEx's reply": (stub) => readSamLogonReply(stub, KEY),
  "a SID": (stub) => readSid(new NdrReader(stub)),
  "a bind_ack's token": checkNegotiateAnswer,
};

describe("any bytes", () => {
  for (const [what, read] of Object.entries(stubReaders)) {
    test(`as ${what} give a value or a NetlogonError`, () => {
      const bytes = fc.oneof(anyBytes, mutated([...stubs, ...answers]));
      fc.assert(
        fc.property(bytes, (stub) => isOrderly(() => read(stub))),
        { numRuns: 1000 },
      );
    });
  }

  test("as fragments give PDUs or a NetlogonError, and these a reply or a NetlogonError", () => {
    const bytes = fc.oneof(anyBytes, mutated(fragments));
    fc.assert(
      fc.property(bytes, fc.boolean(), (received, isSealed) => {
        isOrderly(() => new Fragments().push(received, (fragment) => answer(fragment, isSealed)));
      }),
      { numRuns: 2000 },
    );
  });

  test("of a sealed message that were changed, or come again, are never opened", () => {
    const bytes = fc.uint8Array({ minLength: 1, maxLength: 64 });
    fc.assert(
      fc.property(bytes, fc.nat(), fc.integer({ min: 1, max: 255 }), (plain, at, by) => {
        const { token, sealed } = new Sealing(KEY, "client").seal(Buffer.from(plain));
        const server = new Sealing(KEY, "server");
        assert.deepEqual(server.unseal(sealed, token), Buffer.from(plain));
        assert.throws(() => server.unseal(sealed, token), NetlogonError);
        assert.throws(() => new Sealing(KEY, "client").unseal(sealed, token), NetlogonError);
        // The last 24 bytes of a token are reserved and mean nothing.
        const changed = Buffer.concat([token.subarray(0, 32), sealed]);
        changed[at % changed.length]! ^= by;
        const changedToken = Buffer.concat([changed.subarray(0, 32), token.subarray(32)]);
        assert.throws(() => new Sealing(KEY, "server").unseal(changed.subarray(32), changedToken), NetlogonError);
      }),
    );
  });
});

function answer(fragment: Buffer, isSealed: boolean): void {
  const pdu = decodePdu(fragment);
  const again = encodePdu(pdu);
  assert.equal(again.length, fragment.length);
  isOrderly(() => readBindAnswer(pdu, pdu.callId));
  isOrderly(() => new Reply(pdu.callId, isSealed ? new Sealing(KEY) : undefined).take(pdu));
}

describe("what is sent in pieces", () => {
  test("gives the same fragments whatever the pieces", () => {
    const whole = Buffer.concat(fragments);
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 1, max: 700 }), { minLength: 1 }), (sizes) => {
        const reader = new Fragments();
        const found: Buffer[] = [];
        for (let at = 0, turn = 0; at < whole.length; turn += 1) {
          const size = sizes[turn % sizes.length]!;
          reader.push(whole.subarray(at, at + size), (fragment) => found.push(fragment));
          at += size;
        }
        assert.deepEqual(found, fragments);
      }),
      { numRuns: 30 },
    );
  });

  test("is never believed to be longer than a fragment may be, nor shorter than its header", () => {
    const header = encodePdu({ ...pdu(Buffer.alloc(8)), verifier: undefined });
    for (const length of [0, 15, FRAGMENT_LIMIT + 1, 0xffff]) {
      header.writeUInt16LE(length, 8);
      assert.throws(() => new Fragments().push(header, () => assert.fail("no fragment")), NetlogonError);
    }
  });
});

const pdu = (body: Buffer, flags = 0): Pdu => ({
  ...{ type: PduType.response, flags, callId: 1, body },
  verifier: undefined,
});

describe("a reply", () => {
  test("ends when it is longer than a reply may be", () => {
    const reply = new Reply(1, undefined);
    reply.take(pdu(Buffer.alloc(5816), PduFlag.first));
    const taken = (): void => {
      for (let length = 0; length < 2 * REPLY_LIMIT; length += 5808) reply.take(pdu(Buffer.alloc(5816)));
    };
    assert.throws(taken, /a reply without end/);
  });

  test("ends when it has more fragments than a reply may have, however short they are", () => {
    const reply = new Reply(1, undefined);
    reply.take(pdu(Buffer.alloc(8), PduFlag.first));
    const taken = (): void => {
      for (let count = 0; count < 5000; count += 1) reply.take(pdu(Buffer.alloc(8)));
    };
    assert.throws(taken, /a reply without end/);
  });

  test("is made of fragments in their order, of one call", () => {
    assert.throws(() => new Reply(1, undefined).take(pdu(Buffer.alloc(8))), /out of order/);
    const reply = new Reply(1, undefined);
    reply.take(pdu(Buffer.alloc(8), PduFlag.first));
    assert.throws(() => reply.take(pdu(Buffer.alloc(8), PduFlag.first)), /out of order/);
    assert.throws(() => new Reply(2, undefined).take(pdu(Buffer.alloc(8), PduFlag.first)), /call 1 instead of 2/);
  });

  test("claims no memory that its bytes cannot fill", () => {
    assert.throws(() => new NdrReader(Buffer.from("04000000" + "00".repeat(31), "hex")).count(8), NetlogonError);
    assert.equal(new NdrReader(Buffer.from("04000000" + "00".repeat(32), "hex")).count(8), 4);
    for (const stub of answers) {
      for (let at = 0; at + 4 <= stub.length; at += 4) {
        const claimed = Buffer.from(stub);
        claimed.writeUInt32LE(0x7fffffff, at);
        isOrderly(() => readSamLogonReply(claimed, KEY));
      }
    }
  });

  test("of a hundred thousand groups and SIDs is read in linear time", () => {
    const time = (count: number): number => {
      const groups = Array.from({ length: count }, (_, rid) => ({ rid: rid + 1, attributes: 7 }));
      const extraSids = groups.map(({ rid }) => `S-1-5-21-1-2-3-${rid}`);
      const stub = encodeLogonReply({ status: 0, authoritative: true, info: { ...info, groups, extraSids } });
      const started = performance.now();
      const reply = readSamLogonReply(stub, KEY);
      assert.ok(reply.info && reply.info.token.sids.every(isSid));
      return performance.now() - started;
    };
    time(1000);
    const small = Math.min(time(2000), time(2000), time(2000));
    // Ten times as much; a quadratic reader would need a hundred times as long.
    assert.ok(Math.min(time(20_000), time(20_000)) < Math.max(small, 1) * 50);
  });

  test("names SIDs of every authority as MS-DTYP does", () => {
    const sid = (hex: string): string => readSid(new NdrReader(Buffer.from(hex, "hex")));
    assert.equal(sid("01000000" + "0101000000000005" + "12000000"), "S-1-5-18");
    assert.equal(sid("01000000" + "0101123456789abc" + "ffffffff"), "S-1-0x123456789ABC-4294967295");
    assert.equal(sid("00000000" + "0100000000000005"), "S-1-5");
    assert.throws(() => sid("01000000" + "0102000000000005" + "12000000"), NetlogonError);
    assert.throws(() => sid("01000000" + "0201000000000005" + "12000000"), NetlogonError);
  });
});

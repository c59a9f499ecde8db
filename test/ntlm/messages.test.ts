/** The three messages: round trips, everything of MS-NLMP that must be refused, and bytes nobody meant. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import { AvId, avValue, decodeAvPairs, encodeAvPairs } from "../../src/ntlm/av-pairs.ts";
import { NtlmError, type NtlmErrorCode } from "../../src/ntlm/error.ts";
import { MESSAGE_LIMIT } from "../../src/ntlm/fields.ts";
import { flagNames, joinFlags, NegotiateFlag } from "../../src/ntlm/flags.ts";
import { unicode } from "../../src/ntlm/hashes.ts";
import {
  decodeAuthenticate,
  encodeAuthenticate,
  type AuthenticateFields,
} from "../../src/ntlm/messages/authenticate.ts";
import { decodeChallenge, encodeChallenge } from "../../src/ntlm/messages/challenge.ts";
import { decodeNegotiate, encodeNegotiate } from "../../src/ntlm/messages/negotiate.ts";
import { record } from "./exchange.ts";

const UNICODE = NegotiateFlag.NTLMSSP_NEGOTIATE_UNICODE;
const OEM = NegotiateFlag.NTLM_NEGOTIATE_OEM;
const VERSION = NegotiateFlag.NTLMSSP_NEGOTIATE_VERSION;

const flags = fc.integer({ min: 0, max: 0xffffffff });
const word = fc.integer({ min: 0, max: 0xffff });
const byte = fc.integer({ min: 0, max: 0xff });
/** With Object's prototype, as everything that is decoded. */
const recordOf = <T>(model: { [K in keyof T]: fc.Arbitrary<T[K]> }) => fc.record<T>(model, { noNullPrototype: true });
const version = recordOf({ major: byte, minor: byte, build: word, revision: byte });
const sized = (length: number) =>
  fc.uint8Array({ minLength: length, maxLength: length }).map((each) => Buffer.from(each));
const name = fc.string({ unit: "grapheme", maxLength: 20 }).filter((text) => !/[\p{Cc}]/u.test(text));
const pair = fc
  .record({ id: fc.integer({ min: 11, max: 0xffff }), value: fc.uint8Array({ maxLength: 40 }) })
  .map(({ id, value }) => ({ id, value: Buffer.from(value) }));

describe("round trips", () => {
  test("NEGOTIATE_MESSAGE", () => {
    const supplied = joinFlags(
      NegotiateFlag.NTLMSSP_NEGOTIATE_OEM_DOMAIN_SUPPLIED,
      NegotiateFlag.NTLMSSP_NEGOTIATE_OEM_WORKSTATION_SUPPLIED,
      VERSION,
    );
    const text = fc.stringMatching(/^[A-Za-z0-9_-]{1,15}$/);
    const message = recordOf({
      flags: flags.map((value) => joinFlags(value, supplied)),
      domain: text,
      workstation: text,
      version,
    });
    fc.assert(fc.property(message, (each) => assert.deepEqual(decodeNegotiate(encodeNegotiate(each)), each)));
  });

  test("CHALLENGE_MESSAGE", () => {
    const message = recordOf({
      flags: flags.map((value) => joinFlags(value, UNICODE, VERSION)),
      targetName: name.filter((text) => text !== ""),
      serverChallenge: sized(8),
      targetInfo: fc.array(pair, { maxLength: 6 }),
      version,
    });
    fc.assert(fc.property(message, (each) => assert.deepEqual(decodeChallenge(encodeChallenge(each)), each)));
  });

  test("AUTHENTICATE_MESSAGE", () => {
    const message = recordOf({
      user: name.filter((text) => text !== ""),
      domain: fc.constantFrom("", "EXAMPLE", "МОСКВА"),
      workstation: fc.constantFrom("", "PC"),
      ntResponse: fc.oneof(sized(0), sized(24), sized(48), sized(300)),
      lmResponse: fc.oneof(sized(0), sized(24)),
      encryptedRandomSessionKey: fc.oneof(sized(0), sized(16)),
      flags: flags.map((value) => joinFlags(value, VERSION)),
      version,
      mic: sized(16),
    });
    fc.assert(
      fc.property(message, ({ user, domain, workstation, ...rest }) => {
        const names = { user: unicode(user), domain: unicode(domain), workstation: unicode(workstation) };
        const decoded = decodeAuthenticate(encodeAuthenticate({ ...rest, ...names }), UNICODE);
        assert.deepEqual(decoded, { ...rest, workstation, names: [{ user, domain }] });
      }),
    );
  });

  test("AV pairs, up to their end and no further", () => {
    fc.assert(
      fc.property(fc.array(pair), fc.uint8Array({ maxLength: 8 }), (pairs, behind) => {
        const list = encodeAvPairs(pairs);
        assert.deepEqual(decodeAvPairs(Buffer.concat([list, behind])), { pairs, length: list.length });
      }),
    );
  });
});

describe("any bytes", () => {
  const messages = [record().pending.negotiate, record().pending.message, record().authenticate];

  test("decode or throw NtlmError, also after mutation of a real message", () => {
    const mutation = fc.array(fc.tuple(fc.nat(400), byte), { minLength: 1, maxLength: 6 });
    fc.assert(
      fc.property(
        fc.constantFrom(...messages),
        mutation,
        fc.nat(400),
        flags,
        (message, changes, cut, challengeFlags) => {
          const mutated = Buffer.from(message).subarray(0, Math.max(cut, 12));
          for (const [at, value] of changes) if (at < mutated.length) mutated[at] = value;
          for (const decode of [
            decodeNegotiate,
            decodeChallenge,
            (each: Buffer) => decodeAuthenticate(each, challengeFlags),
          ]) {
            throwsNothingElse(() => decode(mutated));
          }
        },
      ),
      { numRuns: 2000 },
    );
  });

  test("AV lists decode or throw NtlmError", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 60 }), (bytes) =>
        throwsNothingElse(() => decodeAvPairs(Buffer.from(bytes))),
      ),
    );
  });

  test("cost no more than their length: the longest AV list is read in one pass", () => {
    const longest = Buffer.concat([Buffer.alloc(MESSAGE_LIMIT - 4, Buffer.from("0b000000", "hex")), Buffer.alloc(4)]);
    assert.equal(decodeAvPairs(longest).pairs.length, MESSAGE_LIMIT / 4 - 1);
  });
});

describe("a message is refused", () => {
  const good = (): Buffer => record().authenticate;
  const altered = (change: (message: Buffer) => void): Buffer => {
    const message = good();
    change(message);
    return message;
  };
  const cases: readonly (readonly [string, NtlmErrorCode, () => Buffer])[] = [
    ["of fewer than 12 bytes", "malformed", () => good().subarray(0, 11)],
    ["with another signature", "malformed", () => altered((message) => message.write("NTLMSSQ", 0))],
    ["whose signature has no NUL", "malformed", () => altered((message) => message.writeUInt8(0x20, 7))],
    ["of type 1 where 3 is due", "wrong-type", () => altered((message) => message.writeUInt32LE(1, 8))],
    ["of type 4", "wrong-type", () => altered((message) => message.writeUInt32LE(4, 8))],
    ["above the limit", "too-large", () => Buffer.concat([good(), Buffer.alloc(MESSAGE_LIMIT)])],
    ["with a header of 63 bytes", "malformed", () => good().subarray(0, 63)],
    ["with the header of Windows 9x", "unsupported", () => altered((message) => message.writeUInt32LE(52, 40))],
    [
      "with a field past its end",
      "malformed",
      () => altered((message) => message.writeUInt32LE(message.length - 9, 40)),
    ],
    ["with a field at 2^32 - 1", "malformed", () => altered((message) => message.writeUInt32LE(0xffffffff, 24))],
    ["with a field in the header", "malformed", () => altered((message) => message.writeUInt32LE(0, 16))],
    ["with half a UTF-16 unit for a user", "malformed", () => altered((message) => message.writeUInt16LE(9, 36))],
    ["with an LM response of 23 bytes", "malformed", () => altered((message) => message.writeUInt16LE(23, 12))],
    ["with an NT response of 23 bytes", "malformed", () => altered((message) => message.writeUInt16LE(23, 20))],
    ["with an NT response of 25 bytes", "malformed", () => altered((message) => message.writeUInt16LE(25, 20))],
    ["with an NT response of 47 bytes", "malformed", () => altered((message) => message.writeUInt16LE(47, 20))],
  ];
  for (const [what, code, message] of cases) {
    test(what, () => refuses(() => decodeAuthenticate(message(), UNICODE), code));
  }

  test("with a name of control characters, NUL or half a surrogate pair", () => {
    for (const user of ["a\0b", "a\nb", "a\u001bb", "a\ud800", "\u0085"]) {
      refuses(() => decodeAuthenticate(named({ user: unicode(user) }), UNICODE), "malformed");
    }
  });

  test("with a name of more than 256 units, and not with 256", () => {
    refuses(() => decodeAuthenticate(named({ user: unicode("u".repeat(257)) }), UNICODE), "too-large");
    refuses(() => decodeAuthenticate(named({ workstation: unicode("w".repeat(257)) }), UNICODE), "too-large");
    assert.equal(decodeAuthenticate(named({ user: unicode("u".repeat(256)) }), UNICODE).names[0]?.user.length, 256);
  });

  test("as NEGOTIATE with 12 bytes, and not with 16", () => {
    refuses(() => decodeNegotiate(Buffer.from("4e544c4d5353500001000000", "hex")), "malformed");
    assert.equal(decodeNegotiate(Buffer.from("4e544c4d535350000100000007820000", "hex")).flags, 0x8207);
  });

  test("as AV pairs without an end, past the end, with a sized end or impossible sizes", () => {
    for (const hex of [
      "",
      "0100",
      "01000400",
      "010004004100",
      "0000010041",
      "06000300000000",
      "070004000000000000000000",
      "0a000800",
    ]) {
      refuses(() => decodeAvPairs(Buffer.from(hex, "hex")), "malformed");
    }
    const twice = Buffer.concat([Buffer.from("0100020041000100020042000000", "hex"), Buffer.alloc(2)]);
    assert.equal(
      avValue(decodeAvPairs(twice).pairs, AvId.MsvAvNbComputerName)?.toString("utf16le"),
      "A",
      "the first counts",
    );
  });
});

describe("what clients really send is read", () => {
  test("MaxLen says nothing, an empty field may point anywhere, odd offsets are fine", () => {
    const message = Buffer.concat([named({ workstation: Buffer.alloc(0) }), Buffer.from([0])]);
    message.writeUInt16LE(1, 38);
    message.writeUInt32LE(0xffffffff, 48);
    message.copyWithin(73, 72, message.length - 1);
    for (const at of [32, 40]) message.writeUInt32LE(message.readUInt32LE(at) + 1, at);
    assert.deepEqual(decodeAuthenticate(message, UNICODE).names, [{ user: "alice", domain: "EXAMPLE" }]);
  });

  test("JavaMail repeats no flags at all over UTF-16 names", () => {
    assert.deepEqual(decodeAuthenticate(named({ flags: 0 }), UNICODE).names, [{ user: "alice", domain: "EXAMPLE" }]);
  });

  test("Wget says UNICODE over 8-bit names after an OEM challenge", () => {
    const message = named({ flags: UNICODE, user: Buffer.from("alice"), domain: Buffer.from("EXAMPLE") });
    assert.deepEqual(decodeAuthenticate(message, OEM).names, [{ user: "alice", domain: "EXAMPLE" }]);
  });

  test("Authen::NTLM sends an 8-bit domain beside a UTF-16 user", () => {
    assert.deepEqual(decodeAuthenticate(named({ domain: Buffer.from("EXAMPLE") }), UNICODE).names, [
      { user: "alice", domain: "EXAMPLE" },
    ]);
    const names = decodeAuthenticate(named({ domain: Buffer.from("CORP") }), UNICODE).names;
    assert.deepEqual(names[0], { user: "alice", domain: "CORP" });
    assert.equal(names.length, 2, "four printable bytes can also be two ideographs");
  });

  test("a UTF-16 domain of ideographs is not taken for 8-bit bytes", () => {
    assert.deepEqual(decodeAuthenticate(named({ domain: unicode("ドメイン") }), UNICODE).names, [
      { user: "alice", domain: "ドメイン" },
    ]);
  });

  test("8-bit names after an OEM challenge have every plausible reading once, UTF-8 first", () => {
    const utf8 = decodeAuthenticate(named({ user: Buffer.from("müller"), domain: Buffer.alloc(0) }), OEM).names;
    assert.equal(utf8[0]?.user, "müller");
    const latin = decodeAuthenticate(
      named({ user: Buffer.from("müller", "latin1"), domain: Buffer.alloc(0) }),
      OEM,
    ).names;
    assert.deepEqual(
      latin.map(({ user }) => user),
      ["m³ller", "mⁿller", "müller"],
      "no UTF-8; CP850, CP437 and Windows-1252 read 0xfc differently",
    );
    assert.equal(
      decodeAuthenticate(named({ user: Buffer.from("alice"), domain: Buffer.from("D") }), OEM).names.length,
      1,
    );
  });

  test("a UTF-16 name after an OEM challenge is known by its NUL bytes", () => {
    assert.deepEqual(decodeAuthenticate(named({}), OEM).names, [{ user: "alice", domain: "EXAMPLE" }]);
  });

  test("NEGOTIATE names that point nowhere are passed over", () => {
    const message = Buffer.from("4e544c4d53535000010000000732000006000600ff0000000b000b0020000000", "hex");
    assert.deepEqual(decodeNegotiate(message), { flags: 0x3207 });
  });

  test("CHALLENGE without TargetInfo (32 bytes) or Version (48) is an old server's", () => {
    const short = Buffer.alloc(32);
    encodeChallenge({ flags: UNICODE, targetName: "", serverChallenge: Buffer.alloc(8, 7) }).copy(short, 0, 0, 32);
    assert.deepEqual(decodeChallenge(short), { flags: UNICODE, targetName: "", serverChallenge: Buffer.alloc(8, 7) });
  });
});

test("flags have the specification's names, lowest bit first, and stay unsigned", () => {
  assert.deepEqual(flagNames(0x80000003), ["NTLMSSP_NEGOTIATE_UNICODE", "NTLM_NEGOTIATE_OEM", "NTLMSSP_NEGOTIATE_56"]);
  assert.deepEqual(flagNames(0x00004008), ["0x00000008", "0x00004000"]);
  assert.equal(joinFlags(0x80000000, 1), 0x80000001);
});

/** An AUTHENTICATE_MESSAGE of alice's with some fields different. */
function named(fields: Partial<AuthenticateFields>): Buffer {
  const empty = Buffer.alloc(0);
  return encodeAuthenticate({
    flags: UNICODE,
    user: unicode("alice"),
    domain: unicode("EXAMPLE"),
    workstation: empty,
    lmResponse: empty,
    ntResponse: empty,
    encryptedRandomSessionKey: empty,
    version: { major: 10, minor: 0, build: 0, revision: 15 },
    ...fields,
  });
}

function refuses(decode: () => unknown, code: NtlmErrorCode): void {
  assert.throws(decode, (error) => error instanceof NtlmError && error.code === code);
}

function throwsNothingElse(decode: () => unknown): void {
  try {
    decode();
  } catch (error) {
    assert.ok(error instanceof NtlmError, String(error));
  }
}

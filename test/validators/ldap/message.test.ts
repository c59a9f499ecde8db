/** Whatever a server sends, only whole messages of the grammar reach the driver, which then ends. */
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { checkMessage, messageLength } from "../../../src/validators/ldap/message.ts";

/** LDAPMessage 2 with this operation; lengths below 128. */
function message(operation: string, after = ""): Buffer {
  const body = Buffer.from(`020102${operation}${after}`, "hex");
  return Buffer.concat([Buffer.from([0x30, body.length]), body]);
}

const GOOD: Readonly<Record<string, string>> = {
  "a bind response": "61070a010004000400",
  "a bind response with a text": "61090a01310400040278" + "79",
  "the end of a search": "65070a010004000400",
  "a referral": "650e0a010a04000400a3050403616263",
  "an entry": "64160403613d623" + "00f300d04036d61" + "693106040161040162",
  "an entry without attributes": "64070403613d623000",
  references: "73050403616263",
  "an extended response": "780e0a0100040004008a03312e328b00",
};

test("messages of the grammar pass, without their controls", () => {
  for (const [title, operation] of Object.entries(GOOD)) {
    const whole = message(operation);
    assert.equal(messageLength(whole), whole.length, title);
    const passed = checkMessage(whole);
    assert.equal(passed.subarray(6).toString("hex"), `020102${operation}`, title);
    assert.deepEqual(checkMessage(message(operation, "a00730050403312e32")), passed, title);
  }
});

test("a message with any length changed, cut or with more behind it does not pass", () => {
  for (const [title, operation] of Object.entries(GOOD)) {
    const whole = message(operation);
    assert.throws(() => checkMessage(Buffer.concat([whole, Buffer.alloc(1)])), title);
    assert.throws(() => checkMessage(whole.subarray(0, -1)), title);
  }
  const wrong = [
    ...[
      "61070a010004000401",
      "61060a0100040004",
      "61090a010004000400" + "0400",
      "6100",
      "61030a0100",
      "6107020100" + "04000400",
    ],
    ...[
      "640a0403613d6230030401" + "61",
      "640c0403613d6230053003040" + "161",
      "63070a010004000400",
      "7305020361" + "6263",
      "6180",
    ],
  ];
  for (const operation of wrong) assert.throws(() => checkMessage(message(operation)), Error, operation);
  assert.throws(() => messageLength(Buffer.from("+OK\r\n")));
  assert.throws(() => messageLength(Buffer.from("3080", "hex")));
  assert.throws(() => messageLength(Buffer.from("3085ffffffffff", "hex")));
});

test("bytes of any kind are refused or pass as one message, and never more than they are", () => {
  const good = fc.constantFrom(...Object.values(GOOD).map((operation) => message(operation)));
  const changed = fc
    .tuple(good, fc.array(fc.tuple(fc.nat(40), fc.nat(255)), { maxLength: 3 }))
    .map(([bytes, changes]) => {
      const copy = Buffer.from(bytes);
      for (const [at, value] of changes) if (at < copy.length) copy[at] = value;
      return copy;
    });
  fc.assert(
    fc.property(
      fc.oneof(
        changed,
        fc.uint8Array({ maxLength: 60 }).map((bytes) => Buffer.from(bytes)),
      ),
      (bytes) => {
        let passed: Buffer;
        try {
          passed = checkMessage(bytes);
        } catch (error) {
          return assert.match(String(error), /no LDAP/);
        }
        assert.equal(passed[0], 0x30);
        assert.equal(passed.readUInt32BE(2), passed.length - 6);
        assert.ok(passed.length <= bytes.length + 6);
        assert.deepEqual(checkMessage(passed), passed);
      },
    ),
    { numRuns: 5000 },
  );
});

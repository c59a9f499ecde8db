/** AES-128-CFB8 as NIST SP 800-38A writes it down, and with one decipher for a key as with a new one each time. */
import assert from "node:assert/strict";
import { createDecipheriv } from "node:crypto";
import { test } from "node:test";
import fc from "fast-check";
import { decrypt, encrypt } from "../../src/netlogon/cfb8.ts";

const KEY = Buffer.from("2b7e151628aed2a6abf7158809cf4f3c", "hex");
const IV = Buffer.from("000102030405060708090a0b0c0d0e0f", "hex");
const PLAIN = Buffer.from("6bc1bee22e409f96e93d7e117393172aae2d", "hex");
const HIDDEN = Buffer.from("3b79424c9c0dd436bace9e0ed4586a4f32b9", "hex");

test("NIST SP 800-38A F.3.7 and F.3.8", () => {
  assert.deepEqual(encrypt(KEY, IV, PLAIN), HIDDEN);
  for (let each = 0; each < 2; each++) assert.deepEqual(decrypt(KEY, IV, HIDDEN), PLAIN);
});

test("what was deciphered before with a key leaves no trace in what comes after it", () => {
  const bytes = (length: number) => fc.uint8Array({ minLength: length, maxLength: length });
  const message = fc.tuple(fc.nat(1), bytes(16), fc.uint8Array({ maxLength: 100 }));
  const keys = [KEY, Buffer.from(IV)];
  fc.assert(
    fc.property(fc.array(message, { maxLength: 20 }), (messages) => {
      for (const [which, iv, hidden] of messages) {
        const expected = createDecipheriv("aes-128-cfb8", keys[which]!, iv).update(hidden);
        assert.deepEqual(decrypt(keys[which]!, iv, hidden), expected);
      }
    }),
  );
});

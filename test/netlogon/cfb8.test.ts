/** AES-128-CFB8 as NIST SP 800-38A writes it down. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { decrypt, encrypt } from "../../src/netlogon/cfb8.ts";

const KEY = Buffer.from("2b7e151628aed2a6abf7158809cf4f3c", "hex");
const IV = Buffer.from("000102030405060708090a0b0c0d0e0f", "hex");
const PLAIN = Buffer.from("6bc1bee22e409f96e93d7e117393172aae2d", "hex");
const HIDDEN = Buffer.from("3b79424c9c0dd436bace9e0ed4586a4f32b9", "hex");

test("NIST SP 800-38A F.3.7 and F.3.8", () => {
  assert.deepEqual(encrypt(KEY, IV, PLAIN), HIDDEN);
  assert.deepEqual(decrypt(KEY, IV, HIDDEN), PLAIN);
});

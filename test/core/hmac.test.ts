/** HMAC as OpenSSL makes it, and as RFC 4231 writes it down. */
import assert from "node:assert/strict";
import { createHmac } from "node:crypto";
import { test } from "node:test";
import fc from "fast-check";
import { hmac } from "../../src/core/hmac.ts";

test("RFC 4231, test cases 2 and 6: a short key and one that is longer than a block", () => {
  const short = hmac("sha256", Buffer.from("Jefe"), "what do ya want ", "for nothing?");
  assert.equal(short.toString("hex"), "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
  const long = hmac("sha256", Buffer.alloc(131, 0xaa), "Test Using Larger Than Block-Size Key - Hash Key First");
  assert.equal(long.toString("hex"), "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54");
});

test("any key and message, in whatever pieces, are signed as createHmac() signs them", () => {
  const bytes = () => fc.uint8Array({ maxLength: 200 });
  fc.assert(
    fc.property(fc.constantFrom("sha1", "sha256"), bytes(), fc.array(bytes(), { maxLength: 4 }), (name, key, parts) => {
      const expected = createHmac(name, key).update(Buffer.concat(parts)).digest("hex");
      assert.equal(hmac(name, key, ...parts).toString("hex"), expected);
    }),
  );
});

/** Strict base64. */
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { base64OfText, decodeBase64, encodeBase64 } from "../../src/core/base64.ts";

test("what was encoded decodes to itself", () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 100 }), (bytes) => {
      assert.deepEqual(decodeBase64(encodeBase64(bytes)), Buffer.from(bytes));
    }),
  );
});

test("a view into a larger buffer encodes only itself", () => {
  assert.equal(encodeBase64(new Uint8Array(Buffer.from("xxfooxx").buffer, Buffer.from("").byteOffset, 0)), "");
  const whole = new Uint8Array([1, 2, 3, 102, 111, 111, 4]);
  assert.equal(encodeBase64(whole.subarray(3, 6)), "Zm9v");
});

test("text is encoded as UTF-8", () => {
  for (const text of ["", "a", "\0user\0secret", "jörg", "\u0080", "ÿ", "日本", "😀"])
    assert.equal(base64OfText(text), encodeBase64(Buffer.from(text)), JSON.stringify(text));
});

test("each of the first 300 characters is one of base64, or none", () => {
  for (let code = 0; code < 300; code += 1) {
    const text = `A${String.fromCharCode(code)}AA`;
    assert.equal(decodeBase64(text) !== undefined, /^[A-Za-z0-9+/]{4}$/.test(text), `U+${code.toString(16)}`);
  }
});

test("nothing is skipped, nothing is forgiven", () => {
  const bad = [
    "Zg",
    "Zg=",
    "Zm9v=",
    "Z",
    "=",
    "====",
    "Zm=v",
    "Zm9v Zm9v",
    "Zm9v\n",
    "Zm9-",
    "Zm9_",
    "Zg==Zg==",
    " Zm9v",
    "Zm9v\0",
    "Zmä=",
  ];
  for (const text of bad) assert.equal(decodeBase64(text), undefined, JSON.stringify(text));
  assert.deepEqual(decodeBase64(""), Buffer.alloc(0));
  assert.deepEqual(decodeBase64("Zg=="), Buffer.from("f"));
});

test("a long text is decoded in time that grows with its length only", () => {
  const text = `${"QUFB".repeat(50_000)}!`;
  const started = Date.now();
  assert.equal(decodeBase64(text), undefined);
  assert.ok(Date.now() - started < 1_000);
});

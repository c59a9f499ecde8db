/** The arithmetic under NTLM against RFC examples and against node:crypto. */
import assert from "node:assert/strict";
import { createHash, createHmac } from "node:crypto";
import { describe, test } from "node:test";
import fc from "fast-check";
import { des } from "../../src/ntlm/des.ts";
import { lmHash, ntHash } from "../../src/ntlm/hashes.ts";
import { md4 } from "../../src/ntlm/md4.ts";
import { hmacMd5, md5 } from "../../src/ntlm/md5.ts";
import { decodeOem, encodeCp437 } from "../../src/ntlm/oem.ts";
import { Rc4, rc4k } from "../../src/ntlm/rc4.ts";
import { upperCaseSimple, upperCaseVariants } from "../../src/ntlm/upper-case.ts";

const bytes = (maxLength: number) => fc.uint8Array({ maxLength });

describe("MD4", () => {
  const examples: readonly (readonly [string, string])[] = [
    ["", "31d6cfe0d16ae931b73c59d7e0c089c0"],
    ["a", "bde52cb31de33e46245e05fbdbd6fb24"],
    ["abc", "a448017aaf21d8525fc10ae87aa6729d"],
    ["message digest", "d9130a8164549fe818874806e1c7014b"],
    ["1234567890".repeat(8), "e33b4ddc9c38f2199c3e7b164fcc0536"],
  ];
  for (const [text, digest] of examples) {
    test(`of ${JSON.stringify(text)} is RFC 1320's`, () => {
      assert.equal(md4(Buffer.from(text)).toString("hex"), digest);
    });
  }
});

describe("MD5 and HMAC-MD5", () => {
  test("are node:crypto's for any bytes in any number of parts", () => {
    fc.assert(
      fc.property(bytes(300), bytes(300), (a, b) => {
        const expected = createHash("md5").update(a).update(b).digest("hex");
        assert.equal(md5(a, b).toString("hex"), expected);
      }),
    );
  });

  test("take keys of any length", () => {
    fc.assert(
      fc.property(bytes(100), bytes(300), (key, data) => {
        assert.equal(hmacMd5(key, data).toString("hex"), createHmac("md5", key).update(data).digest("hex"));
      }),
    );
  });

  test("pad correctly around the block size", () => {
    for (let length = 50; length < 140; length++) {
      const data = Buffer.alloc(length, length);
      assert.equal(md5(data).toString("hex"), createHash("md5").update(data).digest("hex"));
    }
  });
});

describe("RC4", () => {
  test("encrypts the well-known examples", () => {
    assert.equal(rc4k(Buffer.from("Key"), Buffer.from("Plaintext")).toString("hex"), "bbf316e8d940af0ad3");
    assert.equal(rc4k(Buffer.from("Wiki"), Buffer.from("pedia")).toString("hex"), "1021bf0420");
  });

  test("goes on where it stopped", () => {
    const stream = new Rc4(Buffer.from("Key"));
    const parts = ["Plain", "text"].map((part) => stream.apply(Buffer.from(part)).toString("hex"));
    assert.equal(parts.join(""), "bbf316e8d940af0ad3");
  });
});

describe("DES and the hashes on it", () => {
  test("DES with 7 key bytes is the LM hash's half", () => {
    assert.equal(des(Buffer.alloc(7), Buffer.from("KGS!@#$%")).toString("hex"), "aad3b435b51404ee");
  });

  test("an empty password has its famous hashes", () => {
    assert.equal(ntHash("").toString("hex"), "31d6cfe0d16ae931b73c59d7e0c089c0");
    assert.equal(lmHash("")?.toString("hex"), "aad3b435b51404eeaad3b435b51404ee");
  });

  test("there is no LM hash of 15 characters, nor of characters outside the code page", () => {
    assert.equal(lmHash("a".repeat(15)), undefined);
    assert.notEqual(lmHash("a".repeat(14)), undefined);
    assert.equal(lmHash("пароль"), undefined);
  });
});

describe("upper-casing", () => {
  test("never changes the length in UTF-16 units, whatever the text", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary" }), (text) => {
        assert.equal(upperCaseSimple(text).length, text.length);
      }),
    );
  });

  test("an ASCII name has one form, so that a client which does not upper-case is refused", () => {
    assert.deepEqual(upperCaseVariants("Alice"), ["ALICE"]);
  });

  test("ß has three forms, Windows' first", () => {
    assert.deepEqual(upperCaseVariants("straße"), ["STRAßE", "STRASSE", "straße"]);
    assert.deepEqual(upperCaseVariants("aé"), ["AÉ", "Aé", "aé"]);
  });
});

describe("OEM character sets", () => {
  test("ü differs in each of them", () => {
    assert.equal(decodeOem(Buffer.from([0xc3, 0xbc]), "utf-8"), "ü");
    assert.equal(decodeOem(Buffer.from([0x81]), "cp850"), "ü");
    assert.equal(decodeOem(Buffer.from([0x81]), "cp437"), "ü");
    assert.equal(decodeOem(Buffer.from([0xfc]), "windows-1252"), "ü");
  });

  test("bytes that mean nothing are no reading", () => {
    assert.equal(decodeOem(Buffer.from([0xfc]), "utf-8"), undefined);
    assert.equal(decodeOem(Buffer.from([0x81]), "windows-1252"), undefined);
  });

  test("code page 437 is written as it is read", () => {
    for (let byte = 1; byte < 256; byte++) {
      const text = decodeOem(Buffer.from([byte]), "cp437") ?? "";
      assert.deepEqual(encodeCp437(text), Buffer.from([byte]));
    }
    assert.equal(encodeCp437("ž"), undefined);
  });
});

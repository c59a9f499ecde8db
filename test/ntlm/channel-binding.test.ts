/** Channel bindings of certificates that were not made for it; the right ones are among the vectors. */
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import fc from "fast-check";
import { channelBindingHash, endPointHashName, tlsServerEndPoint } from "../../src/ntlm/channel-binding.ts";

const VECTORS = fileURLToPath(new URL("../../../test/vectors/vectors-public.json", import.meta.url));

const CERTIFICATES = (
  JSON.parse(readFileSync(VECTORS, "utf8")) as { vectors: { kind: string; inputs: { certificateDer?: string } }[] }
).vectors.flatMap(({ kind, inputs }) =>
  kind === "cbt" && inputs.certificateDer ? [Buffer.from(inputs.certificateDer, "hex")] : [],
);

test("bytes that are no certificate have no binding, and throw nothing", () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => assert.equal(tlsServerEndPoint(bytes), undefined)),
  );
});

test("neither does a certificate cut anywhere, or any certificate altered make anything throw", () => {
  for (const certificate of CERTIFICATES) {
    for (let length = 0; length < certificate.length; length += 7) {
      assert.equal(tlsServerEndPoint(certificate.subarray(0, length)), undefined);
    }
  }
  fc.assert(
    fc.property(fc.constantFrom(...CERTIFICATES), fc.nat(2000), fc.nat(255), (certificate, at, value) => {
      const altered = Buffer.from(certificate);
      altered[at % altered.length] = value;
      const binding = tlsServerEndPoint(altered);
      const expected = [32, 48, 64].map((length) => length + "tls-server-end-point:".length);
      assert.ok(binding === undefined || expected.includes(binding.length) || binding.length === 28 + 21);
    }),
  );
});

test("RSASSA-PSS without parameters means SHA-1, which counts as SHA-256", () => {
  const certificate = Buffer.from("30113000" + "300d06092a864886f70d01010a3000", "hex");
  assert.equal(endPointHashName(certificate), "sha256");
  const expected = Buffer.concat([
    Buffer.from("tls-server-end-point:"),
    createHash("sha256").update(certificate).digest(),
  ]);
  assert.deepEqual(tlsServerEndPoint(certificate), expected);
});

test("the hash covers the length of the application data", () => {
  const [one, two] = [channelBindingHash(Buffer.from("a")), channelBindingHash(Buffer.from("a\0"))];
  assert.equal(one.length, 16);
  assert.notDeepEqual(one, two);
});

/** SCRAM's messages, read and written (RFC 5802 section 7): the names' escapes, extensions, and anything that is none. */
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import {
  readClientFinal,
  readClientFirst,
  readServerFinal,
  readServerFirst,
  ScramSyntaxError,
  writeClientFinal,
  writeClientFirst,
  writeServerFirst,
} from "../../src/scram/messages.ts";

const READERS = [readClientFirst, readServerFirst, readClientFinal, readServerFinal];

test("a client's first message keeps its bytes and decodes its names", () => {
  assert.deepEqual(readClientFirst("p=tls-exporter,a=x=2Cy,n=a=3Db=2Cc,r=abc,z=later"), {
    flag: { kind: "p", type: "tls-exporter" },
    authzid: "x,y",
    username: "a=b,c",
    nonce: "abc",
    header: "p=tls-exporter,a=x=2Cy,",
    bare: "n=a=3Db=2Cc,r=abc,z=later",
  });
  assert.equal(readClientFirst("y,,n=u,r=abc").authzid, undefined);
});

test("what is written is read again", () => {
  const names = fc.string({ unit: "grapheme", minLength: 1, maxLength: 30 }).filter((text) => !text.includes("\0"));
  fc.assert(
    fc.property(names, names, fc.constantFrom("n", "y", "p"), (user, authzid, kind) => {
      const flag = kind === "p" ? { kind, type: "tls-exporter" } : { kind: kind };
      const { header, bare } = writeClientFirst(flag, authzid, user, "abc");
      const read = readClientFirst(header + bare);
      assert.deepEqual([read.username, read.authzid, read.flag], [user, authzid, flag]);
    }),
  );
  const first = { nonce: "abcdef", salt: Buffer.from("salt"), iterations: 4096 };
  assert.deepEqual(readServerFirst(writeServerFirst(first)), first);
  const final = readClientFinal(`${writeClientFinal(Buffer.from("n,,"), "abcdef")},x=ext,p=AAAA`);
  assert.equal(final.withoutProof, "c=biws,r=abcdef,x=ext");
});

const BAD_FIRST = [
  "", "n", "n,", "n,,", "n,,n=u", "n,,r=x,n=u", "x,,n=u,r=x", "n,b=u,n=u,r=x", "p,,n=u,r=x", "p=,,n=u,r=x", "p=a b,,n=u,r=x",
  "n,,m=must,n=u,r=x", "n,,n=,r=x", "n,,n=u=,r=x", "n,,n=u=2c,r=x", "n,,n=u,r=", "n,,n=u,r=a b", "n,,n=u,r=é", "n,a=,n=u,r=x",
  "n,,n=u,r=x,", "n,,n=u,r=x,m=1", "n,,n=u\0,r=x", `n,,n=u,r=${"x".repeat(600)}`, "n,,n=u,r=x,yy",
]; // prettier-ignore
const BAD_SERVER_FIRST = ["r=x,s=,i=1", "r=x,s=AA=A,i=1", "r=x,s=AAAA,i=0", "r=x,s=AAAA,i=-1", "r=x,s=AAAA,i=99999999999", "m=x,r=x,s=AAAA,i=1", "s=AAAA,r=x,i=1"]; // prettier-ignore
const BAD_FINAL = ["", "p=AAAA", "c=biws,p=AAAA", "c=biws,r=x", "c=biws,r=x,p=A", "c=biws,r=x,m=1,p=AAAA", "c=b*ws,r=x,p=AAAA", "c=biws,r=x,p=AAAA,"]; // prettier-ignore

test("messages with anything missing, doubled or in the wrong place are refused", () => {
  for (const message of BAD_FIRST) assert.throws(() => readClientFirst(message), ScramSyntaxError, message);
  for (const message of BAD_SERVER_FIRST) assert.throws(() => readServerFirst(message), ScramSyntaxError, message);
  for (const message of BAD_FINAL) assert.throws(() => readClientFinal(message), ScramSyntaxError, message);
  for (const message of ["", "v=", "v=*", "e=", "x=AAAA"])
    assert.throws(() => readServerFinal(message), ScramSyntaxError, message);
});

test("any text is understood or refused with a typed error", () => {
  const pieces = fc.constantFrom("n", "y", "p=", ",", "=", "r=", "n=", "c=biws", "i=4096", "s=AAAA", "v=", "e=", "m=", "a=", "x", "=2C", "\0", "é"); // prettier-ignore
  const any = fc.oneof(fc.string(), fc.array(pieces, { maxLength: 20 }).map((parts) => parts.join(""))); // prettier-ignore
  fc.assert(
    fc.property(any, (text) => {
      for (const read of READERS) {
        try {
          assert.equal(typeof read(text), "object");
        } catch (error) {
          assert.ok(error instanceof ScramSyntaxError, String(error));
        }
      }
    }),
    { numRuns: 1000 },
  );
});

test("a long message is refused in no time", () => {
  const started = performance.now();
  for (const text of [`n,,${"n=u,".repeat(50_000)}`, `n,,n=${"=2C".repeat(50_000)}=,r=x`, ",".repeat(200_000)])
    for (const read of READERS) assert.throws(() => read(text), ScramSyntaxError);
  assert.ok(performance.now() - started < 1000);
});

/** Every byte of an NTLM message has a name, whatever the message. */
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { ntlmLayout } from "../../src/observe/ntlm-layout.ts";
import { record } from "../ntlm/exchange.ts";

const { pending, authenticate } = record();

test("an AUTHENTICATE is covered from its signature to its last byte, the response's parts by name", () => {
  const ranges = ntlmLayout(authenticate);
  const named = new Map(ranges.map(({ name, offset, length }) => [name, [offset, length]]));
  const nt = authenticate.readUInt32LE(24);
  assert.deepEqual(named.get("MIC"), [72, 16]);
  assert.deepEqual(named.get("UserName"), [authenticate.readUInt32LE(40), 10]);
  assert.deepEqual(named.get("NtChallengeResponse: NTProofStr"), [nt, 16]);
  assert.deepEqual(named.get("NtChallengeResponse: TimeStamp"), [nt + 24, 8]);
  assert.ok(named.has("NtChallengeResponse: MsvAvFlags"));
  assert.equal(
    ranges.find(({ name }) => name === "(no field)"),
    undefined,
  );
});

test("a CHALLENGE has its AV pairs, headers included", () => {
  const ranges = ntlmLayout(pending.message);
  const first = ranges.find(({ name }) => name === "TargetInfo: MsvAvNbComputerName");
  assert.equal(first?.offset, pending.message.readUInt32LE(44));
  assert.equal(first?.length, 4 + 2 * "MAIL".length);
});

test("any bytes are covered without a hole, and never thrown at", () => {
  const any = fc.uint8Array({ maxLength: 200 });
  const headed = any.chain((bytes) =>
    fc
      .constantFrom(1, 2, 3)
      .map((type) => Buffer.concat([authenticate.subarray(0, 8), Buffer.from([type, 0, 0, 0]), bytes])),
  );
  fc.assert(
    fc.property(fc.oneof(any, headed), (bytes) => {
      let end = 0;
      for (const { offset, length } of ntlmLayout(bytes)) {
        assert.ok(offset <= end, "a hole");
        end = Math.max(end, offset + length);
      }
      assert.equal(end, bytes.length);
    }),
    { numRuns: 1000 },
  );
});

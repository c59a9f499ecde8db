/** The micro-benchmarks' orders of magnitude, with room to spare: what breaks them is another algorithm, not a busy machine. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { compare, median, sink } from "../../bench/micro/measure.ts";
import { building, decoding, verification } from "../../bench/micro/ntlm.ts";
import { scramLogons } from "../../bench/micro/scram.ts";

const EFFORT = { rounds: 7, milliseconds: 10 };

test("decoding an AUTHENTICATE_MESSAGE costs less than half of what ntlm-parser needs", async () => {
  const [, parser] = await compare(decoding, EFFORT);
  assert.ok(parser!.ratio > 2, `ntlm-parser needs ${parser!.ratio.toFixed(1)} times as long`);
});

test("a SCRAM-SHA-256 logon costs the server less than a twentieth of a PBKDF2", async () => {
  const [, , pbkdf2] = await compare(await scramLogons(), EFFORT);
  assert.ok(pbkdf2!.ratio > 20, `a PBKDF2 takes ${pbkdf2!.ratio.toFixed(1)} times as long`);
});

test("verifying an NTLMv2 logon costs less than fifty HMAC-MD5", async () => {
  const [, ours] = await compare(verification, EFFORT);
  assert.ok(ours!.ratio < 50, `it costs ${ours!.ratio.toFixed(1)}`);
});

test("every package that builds a Type 3 makes an AUTHENTICATE_MESSAGE for alice", async () => {
  for (const { name, round } of building()) {
    await round(1);
    const message = Buffer.from(String(sink).replace("NTLM ", ""), "base64");
    assert.equal(message.toString("latin1", 0, 12), "NTLMSSP\0\x03\0\0\0", name);
    assert.ok(message.includes(Buffer.from("alice", "utf16le")), name);
  }
});

test("a comparison takes the median of its rounds, so that one stalled round does not count", async () => {
  assert.equal(median([3, 1, 1000]), 3);
  assert.equal(median([1, 2, 3, 1000]), 2.5);
  let round = 0;
  const steady = { name: "steady", round: (calls: number) => calls * 10 };
  const stalled = { name: "stalled", round: (calls: number) => calls * (++round % 7 === 0 ? 10_000 : 20) };
  const [, figure] = await compare([steady, stalled], EFFORT);
  assert.deepEqual(figure, { name: "stalled", each: 20, ratio: 2 });
});

/** Whatever a helper prints, its answer is a Yes only if it is exactly one well-formed Yes. */
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { AnswerReader } from "../../../src/validators/winbind/reply.ts";

const KEY = "00112233445566778899AABBCCDDEEFF";
const YES = `Authenticated: Yes\nUser-Session-Key: ${KEY}\n.\n`;

function read(...chunks: readonly (string | Uint8Array)[]) {
  const reader = new AnswerReader();
  for (const chunk of chunks) reader.feed(Buffer.from(chunk));
  return reader.progress;
}

test("a Yes is read with its key, in any pieces", () => {
  assert.deepEqual(read(YES), { state: "complete", answer: { kind: "yes", sessionBaseKey: Buffer.from(KEY, "hex") } });
  assert.deepEqual(read(...YES), read(YES));
});

test("a No is complete after its second dot only", () => {
  const no = "Authenticated: No\nAuthentication-Error: The user account has expired.\n.\n";
  const answer = { kind: "no", sentence: "The user account has expired." };
  assert.deepEqual(read(no), { state: "one dot", answer });
  assert.deepEqual(read(`${no}.\n`), { state: "complete", answer });
  assert.equal(read(`${no}.\n.\n`).state, "broken");
  assert.equal(read(`${no}${YES}`).state, "broken");
});

test("what is not an answer to the letter breaks it", () => {
  const broken = [
    ".\n",
    "\n",
    `.\n${YES}`,
    `${YES}.\n`,
    `${YES}A`,
    `${YES}${YES}`,
    "authenticated: Yes\n",
    "Authenticated: Yes\r\n",
    "Authenticated:  Yes\n",
    "Authenticated: Yes \n",
    "Authenticated: Yes\n.\n",
    `Authenticated: Yes\nUser-Session-Key: ${KEY.slice(1)}\n`,
    `Authenticated: Yes\nUser-Session-Key: ${KEY}00\n`,
    `Authenticated: Yes\nUser-Session-Key: ${KEY}\nLANMAN-Session-Key: 0011223344556677\n`,
    `Authenticated: Yes\nAuthentication-Error: none\n`,
    "Authenticated: No\n.\n",
    `Authenticated: No\nUser-Session-Key: ${KEY}\n`,
    "Error: Parameter not found!\n",
    `Error: hex decode failed!\n.\n${YES}`,
    "A".repeat(1025),
    `${"A".repeat(1025)}\n`,
    "Authenticated: Yes\0\n",
  ];
  for (const text of broken) assert.equal(read(text).state, "broken", JSON.stringify(text.slice(0, 80)));
});

test("no other output than one Yes is a Yes, however it arrives", () => {
  const fragment = fc.constantFrom(
    ...[
      "Authenticated: Yes\n",
      "Authenticated: No\n",
      `User-Session-Key: ${KEY}\n`,
      "Authentication-Error: no\n",
      ".\n",
    ],
    ...["Error: x\n", "\n", "\r\n", "Authenticated: ", "Yes\n", ".", "\0", "é", YES, YES.slice(0, -1)],
  );
  const output = fc.oneof(
    { weight: 4, arbitrary: fc.array(fragment, { maxLength: 8 }).map((all) => Buffer.from(all.join(""))) },
    { weight: 1, arbitrary: fc.uint8Array({ maxLength: 200 }).map((bytes) => Buffer.from(bytes)) },
  );
  fc.assert(
    fc.property(output, fc.array(fc.nat(200), { maxLength: 5 }), (bytes, cuts) => {
      const at = [0, ...cuts.filter((cut) => cut < bytes.length).sort((a, b) => a - b), bytes.length];
      const progress = read(...at.slice(1).map((end, index) => bytes.subarray(at[index], end)));
      const isYes = progress.state === "complete" && progress.answer.kind === "yes";
      assert.equal(isYes, bytes.toString("latin1") === YES);
    }),
    { numRuns: 5000 },
  );
});

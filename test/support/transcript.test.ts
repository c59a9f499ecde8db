/** The player of transcripts: it must fail where a dialogue differs, and say where. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { parseTranscript, play, TranscriptError, type Pace } from "./transcript.ts";

const GOOD = `# A short stay.
listener: { protocol: pop3, plaintext: allowed, greeting: hello }
---
S: +OK hello
C: USER alice
S: +OK
C: PASS secret

B: +OK store
G: USER alice
B: +OK
G: PASS secret
B: +OK

S: +OK Logged in.
C: STAT
G: STAT
B: +OK 2 320
S: +OK 2 320
`;

async function complaint(text: string, pace: Pace = "whole"): Promise<string> {
  try {
    await play(parseTranscript(text, "short.txt"), pace);
  } catch (error) {
    assert.ok(error instanceof TranscriptError, String(error));
    return error.message;
  }
  return "none";
}

for (const pace of ["whole", "byte by byte"] as const) {
  test(`a dialogue that goes as written has no complaint (${pace})`, async () => {
    assert.equal(await complaint(GOOD, pace), "none");
  });

  test(`each difference is named with its line, what was expected and what came (${pace})`, async () => {
    assert.match(
      await complaint(GOOD.replace("G: STAT", "G: STATX"), pace),
      /short\.txt:17 .*\n {2}expected G: STATX\n {2}actual {3}G: STAT\n/,
    );
    assert.match(await complaint(GOOD.replace("S: +OK hello", "S: +OK hullo"), pace), /short\.txt:4 /);
    assert.match(await complaint(GOOD.replace("G: USER alice", "G: USER bob"), pace), /short\.txt:10 /);
  });

  test(`what Postern says beyond the dialogue is a complaint (${pace})`, async () => {
    assert.match(await complaint(GOOD.replace("S: +OK 2 320\n", ""), pace), /the end[^]*more was said[^]*2 320/);
    assert.match(await complaint(GOOD.replace("G: STAT\nB: +OK 2 320\nS: +OK 2 320\n", ""), pace), /the end[^]*STAT/);
  });
}

test("lines that are no step, directions that nobody knows and scenes without end are complaints", async () => {
  assert.match(await complaint(GOOD.replace("C: STAT", "X: STAT")), /short\.txt:16: not a step/);
  assert.match(await complaint(GOOD.replace("C: STAT", "-- C dances")), /short\.txt:16 [^]*nobody knows/);
  assert.throws(() => parseTranscript("# no dialogue\n", "short.txt"), TranscriptError);
});

test("a connection to the server behind that nobody plays is a complaint", async () => {
  const short = GOOD.slice(0, GOOD.indexOf("B: +OK store"));
  assert.match(await complaint(`${short}-- nothing is heard at the backend\n`), /somebody is there|the end/);
});

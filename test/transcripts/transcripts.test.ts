/** Every transcript of this folder, played whole and byte by byte. */
import assert from "node:assert/strict";
import { readdirSync } from "node:fs";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { ROOT } from "../support/root.ts";
import { play, readTranscript, type Pace } from "../support/transcript.ts";

const FOLDER = new URL("test/transcripts/", ROOT);
const names = readdirSync(FOLDER).filter((name) => name.endsWith(".txt"));
/** `npm test` plays all; TRANSCRIPT=pop3-seed plays those whose name has it. */
const wanted = process.env["TRANSCRIPT"] ?? "";
const PACES: readonly Pace[] = ["whole", "byte by byte"];

test("there are transcripts to play", () => {
  assert.ok(names.length > 50, `${names.length} transcripts`);
});

for (const name of names.filter((each) => each.includes(wanted))) {
  const transcript = readTranscript(fileURLToPath(new URL(name, FOLDER)), name);
  for (const pace of PACES.filter((each) => (transcript.scene.only ?? each) === each)) {
    test(`${transcript.title} (${name}, ${pace})`, () => play(transcript, pace));
  }
}

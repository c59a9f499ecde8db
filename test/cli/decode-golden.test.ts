/** What `postern decode` prints, byte for byte: options in JSON, the input, `---`, and the exit code with all lines. */
import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { test } from "node:test";
import { decode, type DecodeOptions } from "../../src/cli/decode.ts";
import { ROOT } from "../support/root.ts";

const FOLDER = new URL("test/cli/decode-golden/", ROOT);
const NOW = new Date("2026-01-02T03:04:05Z");
const names = readdirSync(FOLDER);

test("there is one for each kind of logon", () => assert.ok(names.length >= 7, names.join()));

for (const name of names) {
  test(name.replace(/\.txt$/, "").replaceAll("-", " "), () => {
    const [given = "", wanted] = readFileSync(new URL(name, FOLDER), "utf8").split("\n---\n");
    const [options = "", ...input] = given.split("\n");
    const { lines, exitCode } = decode([input.join("\n")], JSON.parse(options) as DecodeOptions, NOW);
    assert.equal(`exit code ${exitCode}\n${lines.join("\n")}\n`, wanted);
  });
}

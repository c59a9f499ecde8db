/** docs/accounts.md and docs/validators/file.md: what their commands print, and account lines that can be read. */
import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { STATE_KEYS } from "../../src/accounts/state-words.ts";
import { parseStore } from "../../src/validators/file/store.ts";
import { runCommand } from "../cli/command.ts";

const folder = mkdtempSync(join(tmpdir(), "postern-docs-accounts-"));
after(() => rmSync(folder, { recursive: true }));

const page = readFileSync("docs/accounts.md", "utf8");

interface Example {
  readonly command: string;
  readonly output: string;
}

function examplesIn(text: string): Example[] {
  const blocks = [...text.matchAll(/```console\n([^]*?)```/g)].map(([, block = ""]) => block);
  return blocks.flatMap((block) =>
    block
      .split(/^\$ /m)
      .slice(1)
      .map((part) => {
        const [command = "", ...output] = part.split("\n");
        return { command, output: output.join("\n") };
      }),
  );
}

/** Random passwords and the day of making are others each time. */
function withoutChance(text: string): string {
  return text
    .replace(/\b[a-hjkmnp-z2-9]{5}(?:-[a-hjkmnp-z2-9]{5}){3}\b/g, "PASSWORD")
    .replace(/created=\d{4}-\d\d-\d\d/g, "created=DAY");
}

test("the commands in docs/accounts.md print what stands there", async () => {
  const examples = examplesIn(page);
  assert.ok(examples.length >= 10);
  for (const { command, output } of examples) {
    const [, input, words = ""] = /^(?:echo (\S+) \| )?postern (.+)$/.exec(command) ?? [];
    assert.notEqual(words, "", command);
    const { stdout, stderr } = await runCommand("user.js", "registerUser", folder, words.split(" "), input);
    assert.equal(withoutChance(stderr + stdout), withoutChance(output), command);
  }
});

test("the lines in docs/validators/file.md are accounts, none with a mistake", () => {
  const [, text = ""] = /```text\n([^]*?)```/.exec(readFileSync("docs/validators/file.md", "utf8")) ?? [];
  const { accounts, problems, duplicates } = parseStore(text);
  assert.deepEqual([problems, duplicates], [[], []]);
  assert.deepEqual(accounts.map(({ name }) => name), ["alice", "bob@example.com", "carol", "dave", "old"]); // prettier-ignore
});

test("docs/accounts.md explains every word of an account's state", () => {
  for (const key of STATE_KEYS) assert.match(page, new RegExp(`^\\| \`${key}\` `, "m"), key);
});

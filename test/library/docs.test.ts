import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { test } from "node:test";
import { ROOT } from "../support/root.ts";

const page = readFileSync(new URL("docs/library.md", ROOT), "utf8");
const examples = readdirSync(new URL("examples/", ROOT)).filter((name) => name.endsWith(".mjs"));

test("there is an example for each entry of the library", () => {
  assert.deepEqual(examples.sort(), ["nodemailer.mjs", "ntlm.mjs", "sasl.mjs", "smtp-server.mjs", "testing.mjs"]);
});

for (const name of examples) {
  test(`docs/library.md shows examples/${name} as it is`, () => {
    const text = readFileSync(new URL(`examples/${name}`, ROOT), "utf8");
    assert.ok(page.includes("```js\n" + text + "```"), "copy the file into the page");
  });
}

test("every name that docs/library.md explains is exported", async () => {
  const modules = await Promise.all(
    ["ntlm", "sasl", "smtp-server", "nodemailer", "testing"].map(
      (entry) => import(new URL(`dist/src/library/${entry}.js`, ROOT).href) as Promise<object>,
    ),
  );
  const exported = new Set(modules.flatMap(Object.keys));
  const named = [...page.matchAll(/^\| `([A-Za-z]+)(?:\([^`]*\))?` +\|/gm)].map(([, name = ""]) => name);
  assert.ok(named.length > 15, "the tables were found");
  assert.deepEqual(
    named.filter((name) => !exported.has(name)),
    [],
  );
});

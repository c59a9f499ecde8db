import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import ts from "typescript";
import { ROOT } from "../support/root.ts";

/** What the compiled entries pull in when they are imported, all the way down. */
const LIBRARY = fileURLToPath(new URL("dist/src/library/", ROOT));

interface Reach {
  /** Packages and modules of Node. */
  readonly modules: ReadonlySet<string>;
  readonly files: ReadonlySet<string>;
}

function reachOf(entry: string): Reach {
  const modules = new Set<string>();
  const files = new Set([join(LIBRARY, entry)]);
  for (const file of files) {
    for (const specifier of ts
      .preProcessFile(readFileSync(file, "utf8"))
      .importedFiles.map(({ fileName }) => fileName)) {
      if (specifier.startsWith(".")) files.add(join(dirname(file), specifier));
      else modules.add(specifier);
    }
  }
  return { modules, files };
}

/** Arithmetic of the standard library: no sockets, no files, no packages. */
const CRYPTO = ["node:crypto", "node:util", "node:zlib"];
const SASL = [...CRYPTO, "@mongodb-js/saslprep"];

const ALLOWED: Readonly<Record<string, readonly string[]>> = {
  "ntlm.js": CRYPTO,
  "sasl.js": SASL,
  "smtp-server.js": SASL,
  "nodemailer.js": [...SASL, "node:os"],
};

for (const [entry, allowed] of Object.entries(ALLOWED)) {
  test(`${entry} needs ${allowed.join(", ")} and nothing else`, () => {
    const { modules } = reachOf(entry);
    assert.ok(modules.has("node:crypto"), "imports were found");
    assert.deepEqual(
      [...modules].filter((name) => !allowed.includes(name)),
      [],
    );
  });
}

test("the walk finds what the gateway needs, so that it would find it elsewhere", () => {
  const { modules } = reachOf("testing.js");
  for (const name of ["winston", "smtp-server", "node:net"]) assert.ok(modules.has(name), name);
});

/** Statements that only say what something is. Calls are let through where they make a value that is kept. */
function actsOnImport(file: string): string[] {
  const source = ts.createSourceFile(file, readFileSync(file, "utf8"), ts.ScriptTarget.Latest, true);
  const acts = source.statements.filter(
    (statement) => ts.isExpressionStatement(statement) || ts.isForOfStatement(statement),
  );
  return acts.map((statement) => `${file}: ${statement.getText().slice(0, 60)}`);
}

for (const entry of Object.keys(ALLOWED)) {
  test(`importing ${entry} does nothing`, () => {
    const files = [...reachOf(entry).files];
    assert.ok(files.length > 20, "the files were found");
    assert.deepEqual(files.flatMap(actsOnImport), []);
  });
}

test("types name files that are there: every import of the declarations leads somewhere", () => {
  const queue = new Set(
    [...Object.keys(ALLOWED), "testing.js"].map((entry) => join(LIBRARY, entry.replace(/js$/, "d.ts"))),
  );
  const missing: string[] = [];
  for (const file of queue) {
    for (const { fileName } of ts.preProcessFile(readFileSync(file, "utf8")).importedFiles) {
      if (!fileName.startsWith(".")) continue;
      const target = join(dirname(file), fileName).replace(/\.(?:js|ts)$/, ".d.ts");
      if (existsSync(target)) queue.add(target);
      else missing.push(`${file}: ${fileName}`);
    }
  }
  assert.ok(queue.size > 50);
  assert.deepEqual(missing, []);
});

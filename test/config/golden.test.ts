/**
 * Golden files: each test/config/*.txt is a config.yaml, a line of dashes, and either every problem it must give
 * (`line:column: ...`) or values that the finished configuration must hold (`path = JSON`).
 */
import assert from "node:assert/strict";
import { chmodSync, cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, describe, test } from "node:test";
import { fileURLToPath } from "node:url";
import { valueAt } from "../../src/config/complaints.ts";
import { formatProblem, readConfig } from "../../src/config/read.ts";

const GOLDEN = fileURLToPath(new URL("../../../test/config/", import.meta.url));

const folder = mkdtempSync(join(tmpdir(), "postern-golden-"));
after(() => rmSync(folder, { recursive: true }));
cpSync(join(GOLDEN, "fixtures"), folder, { recursive: true });
for (const file of ["key.pem", "other-key.pem"]) chmodSync(join(folder, file), 0o600);
writeFileSync(join(folder, "secret"), "hunter2\n", { mode: 0o600 });
writeFileSync(join(folder, "two-lines"), "hunter2\nhunter3\n", { mode: 0o600 });
writeFileSync(join(folder, "public"), "hunter2\n");
chmodSync(join(folder, "public"), 0o644);
mkdirSync(join(folder, "credentials"));
writeFileSync(join(folder, "credentials", "gateway"), "hunter4\n");
cpSync(join(folder, "key.pem"), join(folder, "credentials", "tls.key"));

const ENV = { GATEWAY: "hunter3", PORT: "1143", VERIFY: "false", CREDENTIALS_DIRECTORY: join(folder, "credentials") };

/** The complaints, or the values asked for, in the form of the golden files. */
function outcome(yaml: string, paths: readonly string[]): string[] {
  const file = join(folder, "config.yaml");
  writeFileSync(file, yaml, { mode: 0o600 });
  const { config, problems } = readConfig(file, ENV, new Date("2027-01-01"));
  const complaints = problems.map((problem) => formatProblem({ ...problem, file: "" }).replace(/^:/, ""));
  const values = paths.map((path) => `${path} = ${JSON.stringify(valueAt(config, path.split(".")))}`);
  return [...complaints, ...values].map((line) => line.replaceAll(folder, "DIR"));
}

describe("a configuration gives what its golden file says:", () => {
  const names = readdirSync(GOLDEN).filter((name) => name.endsWith(".txt"));
  assert.ok(names.length > 10, "the golden files are there");
  for (const name of names)
    test(name.replace(".txt", "").replaceAll("-", " "), () => {
      const [yaml = "", wanted] = readFileSync(join(GOLDEN, name), "utf8").split(/^-{10,}\n/m);
      assert.ok(wanted !== undefined && wanted.trim() !== "", `${name} has a line of dashes and something behind it`);
      const lines = wanted.trim().split("\n");
      const paths = lines.flatMap((line) => /^([\w.]+) = /.exec(line)?.[1] ?? []);
      assert.deepEqual(outcome(yaml, paths), lines);
    });
});

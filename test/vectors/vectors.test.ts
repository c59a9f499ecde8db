import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, describe, it } from "node:test";
import { fileURLToPath } from "node:url";
import { readVectors, type Vector } from "./format.ts";
import { checkVector } from "./kinds.ts";

const PUBLIC = fileURLToPath(new URL("../../../test/vectors/vectors-public.json", import.meta.url));
const RUNNER = fileURLToPath(new URL("./run.js", import.meta.url));

describe("NTLM vectors", () => {
  for (const vector of readVectors(PUBLIC)) {
    it(title(vector), (test) => {
      const outcome = checkVector(vector);
      if (outcome.kind === "skipped") return test.skip(outcome.why);
      assert.deepEqual(outcome.failures, []);
      assert.deepEqual(outcome.unknown, [], "every expectation is looked at");
    });
  }
});

describe("npm run vectors", () => {
  const folder = mkdtempSync(join(tmpdir(), "postern-vectors-"));
  after(() => rmSync(folder, { recursive: true }));

  const runOn = (content: string) => {
    const file = join(folder, "vectors.json");
    writeFileSync(file, content);
    return spawnSync(process.execPath, [RUNNER, file], { encoding: "utf8" });
  };

  it("passes the public vectors and says how many", () => {
    const { stdout, status } = spawnSync(process.execPath, [RUNNER, PUBLIC], { encoding: "utf8" });
    assert.match(stdout, /^222 passed, 0 failed, 0 skipped\n$/);
    assert.equal(status, 0);
  });

  it("finds a single changed expectation, in every kind it checks", () => {
    const file = JSON.parse(readFileSync(PUBLIC, "utf8")) as { vectors: Vector[] };
    for (const kind of ["hash", "casefold", "response", "exchange", "cbt", "sealing", "spnego"]) {
      const vector = file.vectors.find((each) => each.kind === kind && changed(each) !== undefined);
      const { stdout, status } = runOn(JSON.stringify({ vectors: [vector && changed(vector)] }));
      assert.match(stdout, /^FAILED .*\n0 passed, 1 failed, 0 skipped\n$/, kind);
      assert.equal(status, 1);
    }
  });

  it("finds a rule that is judged the other way", () => {
    const file = JSON.parse(readFileSync(PUBLIC, "utf8")) as { vectors: Vector[] };
    const turned = file.vectors
      .filter((vector) => vector.kind === "rule" && vector.expect["result"] !== "either")
      .map((vector) => {
        const result = vector.expect["result"] === "accept" ? "reject" : "accept";
        return { ...vector, expect: { ...vector.expect, result } };
      });
    const { stdout } = runOn(JSON.stringify({ vectors: turned }));
    assert.match(stdout, new RegExp(`\n0 passed, ${turned.length} failed, 0 skipped\n$`));
  });

  it("says so and exits with 2 when the file is no vector file", () => {
    for (const content of ["no JSON", "[]", '{"vectors": 3}', '{"vectors": [{"id": "x"}]}']) {
      const { stderr, stdout, status } = runOn(content);
      assert.match(stderr, /^vectors: .*vectors\.json: /, content);
      assert.equal(stdout, "");
      assert.equal(status, 2);
    }
    const missing = spawnSync(process.execPath, [RUNNER, join(folder, "nothing.json")], { encoding: "utf8" });
    assert.equal(missing.status, 2);
  });
});

/** The vector with the last digit of one expected value changed. */
function changed(vector: Vector): Vector | undefined {
  const entry = Object.entries(vector.expect).find(([name, value]) => CHANGED.has(name) && typeof value === "string");
  if (!entry) return undefined;
  const [name, value] = [entry[0], entry[1] as string];
  return { ...vector, expect: { ...vector.expect, [name]: value.slice(0, -1) + (value.endsWith("0") ? "1" : "0") } };
}

const CHANGED = new Set([
  "ntowfv2",
  "ntowfv2FullMapping",
  "exportedSessionKey",
  "keyExchangeKey",
  "msvAvChannelBindings",
  "serverSealKey",
  "serverMechListMIC",
]);

function title(vector: Vector): string {
  const about = vector.source ?? vector.name ?? vector.variant ?? "computed";
  return `${vector.id} (${vector.kind}): ${about}`;
}

/** SCRAM and its -PLUS forms against GNU SASL's client, which speaks on its standard input and output. */
import assert from "node:assert/strict";
import { spawn, spawnSync } from "node:child_process";
import { createInterface } from "node:readline";
import { test } from "node:test";
import type { Visit } from "../../src/core/visit.ts";
import type { Conclusion, Mechanism } from "../../src/sasl/mechanism.ts";
import { scram, scramPlus } from "../../src/sasl/scram.ts";
import { SCRAM_NAMES } from "../../src/scram/keys.ts";
import { VISIT } from "../support/visit.ts";
import { BOUND, END_POINT, ending, EXPORTED, keysValidator, offerOf, SETTINGS } from "./keys-judge.ts";

const hasGsasl = spawnSync("gsasl", ["--version"]).status === 0;
const skip = !hasGsasl && "gsasl is not installed";

/** gsasl asks for binding data (tls-exporter, and then tls-unique if there is none), prints base64 and reads base64. */
async function gsasl(
  mechanism: Mechanism<"keys">,
  password: string,
  visit: Visit,
  exporter?: Uint8Array,
): Promise<Conclusion> {
  const args = ["--client", "-m", mechanism.name, "-a", "alice", "-p", password, "--quiet"];
  const child = spawn("gsasl", args, { stdio: ["pipe", "pipe", "ignore"], timeout: 10_000 });
  child.stdin.on("error", () => undefined);
  child.stdin.write(exporter ? `${Buffer.from(exporter).toString("base64")}\n` : "\n\n");
  const exited = new Promise((resolve) => child.on("exit", resolve));
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const answer = async () => {
    for (;;) {
      const line = await lines.next();
      if (line.done === true) throw new Error("gsasl has left");
      const [, base64] = /(?:^|: )([A-Za-z0-9+/]*={0,2})$/.exec(line.value) ?? [];
      if (base64) return Buffer.from(base64, "base64");
    }
  };
  try {
    const exchange = offerOf(mechanism, await keysValidator()).begin(await answer(), visit);
    let step = await exchange.next();
    while (!step.done) {
      child.stdin.write(`${Buffer.from(step.value).toString("base64")}\n`);
      const isLast = /^[ve]=/.test(Buffer.from(step.value).toString());
      step = await exchange.next(isLast ? Buffer.alloc(0) : await answer());
    }
    child.stdin.end("\n"); // it waits for one more line, which has nothing to say
    if (step.value.verdict.kind === "accepted") assert.equal(await exited, 0, "gsasl believes our signature");
    return step.value;
  } finally {
    child.kill();
  }
}

for (const name of SCRAM_NAMES) {
  test(`gsasl's ${name} is understood and understands`, { skip }, async () => {
    const mechanism = scram(name, SETTINGS);
    assert.equal(ending({ conclusion: await gsasl(mechanism, "pencil", VISIT) }), "accepted alice");
    assert.equal(ending({ conclusion: await gsasl(mechanism, "wrong", VISIT) }), "denied bad-credentials");
  });

  test(`gsasl's ${name}-PLUS is bound to its connection`, { skip }, async () => {
    const mechanism = scramPlus(name, SETTINGS);
    assert.equal(ending({ conclusion: await gsasl(mechanism, "pencil", BOUND, EXPORTED) }), "accepted alice");
    assert.equal(ending({ conclusion: await gsasl(mechanism, "pencil", BOUND, END_POINT) }), "denied policy");
  });
}

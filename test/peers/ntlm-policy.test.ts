/** What listeners can be told about NTLM, held against an independent client: weakest response, MIC, channel bindings. */
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import type { LogRecord } from "./gateway.ts";
import { curl } from "./clients/curl.ts";
import { python, visitByPython, type Oddities } from "./clients/python.ts";
import { loginAt, type Login, type Outcome } from "./login.ts";
import { testClient } from "./matrix.ts";
import { LOOPBACK } from "./programs.ts";
import { openWorld, withoutWorld, type Configuration, type World } from "./world.ts";

testClient(python);

const MINIMA = ["lm", "v1", "v1-ess", "v2"] as const;
const STRICT = { mic: "require", channelBinding: "require" };

function adapt(config: Configuration): object {
  const listener = (name: string, ntlm: object): object => ({
    ...{ name, protocol: "imap", bind: `${LOOPBACK}:0`, tls: "implicit", mechanisms: ["NTLM"], ntlm },
  });
  const listeners = [
    ...MINIMA.map((minimum) => listener(minimum, { minimum })),
    listener("strict", STRICT),
    listener("lax", { mic: "off", channelBinding: "off" }),
  ];
  return { ...config, listeners };
}

describe("NTLM policies", { skip: python.missing || curl.missing || withoutWorld() }, () => {
  let world!: World;
  before(async () => void (world = await openWorld(adapt)));
  after(() => world?.close());

  async function visit(listener: string, by: (login: Login) => Promise<Outcome>, user?: string) {
    const from = world.gateway.records.length;
    const login = loginAt(world, listener, { protocol: "imap", mechanism: "NTLM", tls: "TLS" });
    const outcome = await by({ ...login, user: user ?? login.user });
    const isIt = ({ result }: LogRecord): boolean => result !== undefined;
    return { ...outcome, record: await world.gateway.logged(outcome.said, isIt, from) };
  }

  function pythonAt(listener: string, oddities: Oddities): ReturnType<typeof visit> {
    return visit(listener, (login) => visitByPython(login, oddities));
  }

  for (const [level, response, weakest] of [
    [0, "LM and NTLMv1", "v1"],
    [1, "NTLMv1 with extended session security", "v1-ess"],
    [3, "NTLMv2", "v2"],
  ] as const) {
    test(`${response} is accepted by listeners whose minimum is ${weakest} or weaker, and by no others`, async () => {
      for (const minimum of MINIMA) {
        const { isIn, said, record } = await pythonAt(minimum, { level });
        const expected = MINIMA.indexOf(minimum) <= MINIMA.indexOf(weakest);
        assert.equal(isIn, expected, `${minimum}: ${said}`);
        assert.equal(record["result"], expected ? "entered" : "denied");
      }
    });
  }

  for (const [what, oddities, reason] of [
    ["no channel bindings", { bindings: "none" }, /channel binding/i],
    ["the channel bindings of another connection", { bindings: "wrong" }, /another TLS channel/],
    ["a MIC that does not fit", { mic: "wrong" }, /MIC/],
  ] as const) {
    test(`where MIC and channel bindings are required, ${what} will not do`, async () => {
      const right = await pythonAt("strict", {});
      assert.ok(right.isIn, right.said);
      const { isIn, record } = await pythonAt("strict", oddities);
      assert.ok(!isIn);
      assert.match(String(record["why"]), reason);
    });
  }

  test("where MIC and channel bindings are required, curl, which has neither, stays out", async () => {
    const { isIn, record } = await visit("strict", (login) => curl.visit(login));
    assert.ok(!isIn);
    assert.match(String(record["why"]), /MIC|channel binding/i);
  });

  test("by default what is there has to be right, and what is not there is not missed", async () => {
    assert.ok((await pythonAt("v2", { bindings: "none" })).isIn);
    assert.ok(!(await pythonAt("v2", { bindings: "wrong" })).isIn);
    assert.ok(!(await pythonAt("v2", { mic: "wrong" })).isIn);
  });

  test("where both are off nobody looks", async () => {
    assert.ok((await pythonAt("lax", { bindings: "wrong", mic: "wrong" })).isIn);
  });

  for (const user of ["EXAMPLE\\alice", "example\\alice", "alice@example.com", "alice@EXAMPLE", "ALICE"]) {
    test(`curl's user may call herself ${user}`, async () => {
      const { isIn, said, record } = await visit("v2", (login) => curl.visit(login), user);
      assert.ok(isIn, said);
      assert.equal(record["user"], "alice");
    });
  }

  test("a domain that is not ours is not let in", async () => {
    const { isIn, record } = await visit("v2", (login) => curl.visit(login), "ELSEWHERE\\alice");
    assert.ok(!isIn);
    assert.equal(record["result"], "denied");
  });
});

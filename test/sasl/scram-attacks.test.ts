/** Attacks on SCRAM that RFC 5802 sections 6 and 9 name: downgrades, foreign TLS connections, and anything changed on the way. */
import assert from "node:assert/strict";
import { before, test } from "node:test";
import type { Validator } from "../../src/core/validator.ts";
import type { Visit } from "../../src/core/visit.ts";
import { SaslError } from "../../src/sasl/client/exchange.ts";
import { scramClient, type ScramCredentials } from "../../src/sasl/client/scram.ts";
import { MalformedResponse } from "../../src/sasl/mechanism.ts";
import { scram, scramPlus, type KeyMechanism } from "../../src/sasl/scram.ts";
import type { ScramName } from "../../src/scram/keys.ts";
import { VISIT } from "../support/visit.ts";
import { BOUND, END_POINT, ending, EXPORTED, keysValidator, offerOf, SETTINGS, talk } from "./keys-judge.ts";

let users: Validator;
before(async () => {
  users = await keysValidator();
});

const offer = (name: ScramName) => offerOf(scram(name, SETTINGS), users);
const plusOffer = (name: ScramName) => offerOf(scramPlus(name, SETTINGS), users);
const client = (more: Partial<ScramCredentials> = {}) =>
  scramClient({ hash: "SHA-256", username: "alice", password: "pencil", ...more });

test("a client that could bind and says it was not offered -PLUS is refused where it was", async () => {
  const { conclusion, challenges } = await talk(
    offer("SCRAM-SHA-256"),
    client({ channelBinding: "not-offered" }),
    BOUND,
  );
  assert.equal(ending({ conclusion }), "denied policy");
  assert.deepEqual(challenges, ["e=server-does-support-channel-binding"]);
});

test("a binding to another connection is refused and named, right password or not", async () => {
  for (const [type, data] of [
    ["tls-exporter", END_POINT],
    ["tls-server-end-point", EXPORTED],
    ["tls-exporter", Buffer.alloc(0)],
  ] as const)
    for (const password of ["pencil", "wrong"]) {
      const talked = await talk(plusOffer("SCRAM-SHA-256"), client({ password, channelBinding: { type, data } }));
      assert.equal(ending(talked), "denied policy");
      assert.equal(talked.challenges.at(-1), "e=channel-bindings-dont-match");
      assert.match(String(talked.error), /refuses: channel-bindings-dont-match/);
    }
});

const FLAGS: readonly [string, (settings: typeof SETTINGS) => KeyMechanism, string, Visit, string][] = [
  ["p in the form without binding", (s) => scram("SCRAM-SHA-256", s), "p=tls-exporter,,", BOUND, "channel-binding-not-supported"],
  ["n in the form with binding", (s) => scramPlus("SCRAM-SHA-256", s), "n,,", BOUND, "server-does-support-channel-binding"],
  ["y in the form with binding", (s) => scramPlus("SCRAM-SHA-256", s), "y,,", BOUND, "server-does-support-channel-binding"],
  ["tls-unique", (s) => scramPlus("SCRAM-SHA-256", s), "p=tls-unique,,", BOUND, "unsupported-channel-binding-type"],
  ["a binding without TLS", (s) => scramPlus("SCRAM-SHA-256", s), "p=tls-exporter,,", VISIT, "unsupported-channel-binding-type"],
  ["another's identity", (s) => scram("SCRAM-SHA-256", s), "n,a=bob,", VISIT, "other-error"],
]; // prettier-ignore

for (const [what, make, header, visit, error] of FLAGS) {
  test(`${what} is refused as ${error}, before any judge is asked`, async () => {
    const judge = await keysValidator({ find: () => Promise.reject(new Error("asked")) });
    const exchange = offerOf(make(SETTINGS), judge).begin(Buffer.from(`${header}n=alice,r=abc`), visit);
    assert.equal(String((await exchange.next()).value), `e=${error}`);
    const end = await exchange.next(Buffer.alloc(0));
    assert.ok(end.done === true && end.value.verdict.kind === "denied");
  });
}

test("whatever is changed on the way, one of the two notices", async () => {
  const changes: readonly [RegExp, string, "client" | "server"][] = [
    [/^n,,/, "y,,", "client"], // hides what the client thinks of binding; on a connection that cannot be bound
    [/n=alice/, "n=zoë".normalize("NFC"), "client"],
    [/^(n,,n=alice,r=)./, "$1!", "client"],
    [/^(r=.{30})./, "$1!", "server"],
    [/^r=./, "r=!", "server"],
    [/i=4096/, "i=4097", "server"],
    [/i=4096/, "i=1", "server"],
    [/i=4096/, "i=4000000000", "server"],
    [/,s=./, ",s=!", "server"],
    [/,s=[A-Za-z]/, ",s=+", "server"],
    [/^c=biws/, "c=eSws", "client"],
    [/^(c=biws,r=.{30})./, "$1!", "client"],
    [/,p=[A-Za-z0-9+/]{2}/, ",p=AA", "client"],
    [/^v=[A-Za-z0-9+/]{2}/, "v=AA", "server"],
    [/^v=.*/, "e=other-error", "server"],
  ];
  for (const [pattern, replacement, side] of changes) {
    const exchange = client();
    let changed = 0;
    const tamper = (message: string, from: "client" | "server") => {
      if (from !== side || !pattern.test(message)) return message;
      changed += 1;
      return message.replace(pattern, replacement);
    };
    const outcome = await talk(offer("SCRAM-SHA-256"), exchange, VISIT, tamper).catch((error: unknown) => error);
    assert.equal(changed, 1, String(pattern));
    assert.throws(() => exchange.finish(), SaslError, String(pattern));
    const isNoticed =
      outcome instanceof MalformedResponse ||
      outcome instanceof SaslError ||
      !/^accepted/.test(ending(outcome as Awaited<ReturnType<typeof talk>>));
    assert.ok(isNoticed, String(pattern));
  }
});

test("-PLUS is possible only where there is something to bind to", () => {
  const plus = scramPlus("SCRAM-SHA-256", SETTINGS);
  const tls = { serverEndPoint: undefined, exporter: undefined, clientCertificate: undefined };
  assert.equal(plus.isPossible?.(VISIT), false);
  assert.equal(plus.isPossible?.({ ...BOUND, tls }), false);
  assert.equal(plus.isPossible?.({ ...BOUND, tls: { ...tls, serverEndPoint: END_POINT } }), true);
  assert.equal(plus.isPossible?.(BOUND), true);
  assert.deepEqual([plus.name, plus.kind, plus.plaintext], ["SCRAM-SHA-256-PLUS", "SCRAM-SHA-256", false]);
});

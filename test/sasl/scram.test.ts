/** SCRAM, server against client: the vectors of RFC 5802 section 5 and RFC 7677 section 3, -PLUS, and unknown users. */
import assert from "node:assert/strict";
import { before, test } from "node:test";
import fc from "fast-check";
import type { Validator } from "../../src/core/validator.ts";
import type { Visit } from "../../src/core/visit.ts";
import { SaslError } from "../../src/sasl/client/exchange.ts";
import { scramClient, type ScramCredentials } from "../../src/sasl/client/scram.ts";
import { MalformedResponse, type Offer } from "../../src/sasl/mechanism.ts";
import { scram, scramPlus } from "../../src/sasl/scram.ts";
import { deriveKeys, isProven, serverSignature, type ScramName } from "../../src/scram/keys.ts";
import { VISIT } from "../support/visit.ts";
import { accepted, BOUND, END_POINT, ending, EXPORTED, keysValidator, offerOf, SETTINGS, talk } from "./keys-judge.ts";

let users: Validator;
before(async () => {
  users = await keysValidator();
});

const offer = (name: ScramName, settings = SETTINGS) => offerOf(scram(name, settings), users);
const plusOffer = (name: ScramName) => offerOf(scramPlus(name, SETTINGS), users);
const client = (more: Partial<ScramCredentials> = {}) =>
  scramClient({ hash: "SHA-256", username: "alice", password: "pencil", ...more });
const exporter = { type: "tls-exporter", data: EXPORTED };
const endPoint = { type: "tls-server-end-point", data: END_POINT };

interface Vector {
  readonly name: ScramName;
  readonly client: string;
  readonly server: string;
  readonly salt: string;
  readonly messages: readonly [string, string, string, string];
}

const VECTORS: readonly Vector[] = [
  {
    name: "SCRAM-SHA-1",
    client: "fyko+d2lbbFgONRv9qkxdawL",
    server: "3rfcNHYJY1ZVvWVs7j",
    salt: "QSXCR+Q6sek8bf92",
    messages: [
      "n,,n=user,r=fyko+d2lbbFgONRv9qkxdawL",
      "r=fyko+d2lbbFgONRv9qkxdawL3rfcNHYJY1ZVvWVs7j,s=QSXCR+Q6sek8bf92,i=4096",
      "c=biws,r=fyko+d2lbbFgONRv9qkxdawL3rfcNHYJY1ZVvWVs7j,p=v0X8v3Bz2T0CJGbJQyF0X+HI4Ts=",
      "v=rmF9pqV8S7suAoZWja4dJRkFsKQ=",
    ],
  },
  {
    name: "SCRAM-SHA-256",
    client: "rOprNGfwEbeRWgbNEkqO",
    server: "%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0",
    salt: "W22ZaJ0SNY7soEsUEjb6gQ==",
    messages: [
      "n,,n=user,r=rOprNGfwEbeRWgbNEkqO",
      "r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096",
      "c=biws,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,p=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=",
      "v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=",
    ],
  },
];

for (const { name, client: nonce, salt, messages } of VECTORS) {
  test(`the client says what the RFC's example of ${name} says, and believes its server`, async () => {
    const [first, challenge, response, signature] = messages;
    const hash = name === "SCRAM-SHA-1" ? "SHA-1" : "SHA-256";
    const exchange = scramClient({ hash, username: "user", password: "pencil", nonce });
    assert.equal(String(exchange.initial), first);
    assert.equal(String(await exchange.next(Buffer.from(challenge))), response);
    assert.throws(() => exchange.finish(), SaslError);
    assert.equal((await exchange.next(Buffer.from(signature))).length, 0);
    exchange.finish();
  });

  test(`the server takes the proof in the RFC's example of ${name} and signs as it does`, async () => {
    const keys = await deriveKeys(name, "pencil", { salt: Buffer.from(salt, "base64"), iterations: 4096 });
    const judge = await keysValidator({
      find: (username) => Promise.resolve({ kind: "keys", keys: { [name]: keys }, verdict: accepted(username) }),
    });
    // Our nonce is base64 and the examples' are not: what the server sends is signed as the example has it, by our keys.
    const exchange = scram(name, SETTINGS).exchange(Buffer.from(messages[0]), judge as Required<Validator>, VISIT);
    const challenge = String((await exchange.next()).value);
    assert.match(challenge, new RegExp(`^r=${nonce.replaceAll("+", "\\+")}[A-Za-z0-9+/]{24},s=`));
    assert.equal(challenge.slice(challenge.indexOf(",s=")), messages[1].slice(messages[1].indexOf(",s=")));
    const [withoutProof, proof] = messages[2].split(",p=") as [string, string];
    const message = [messages[0].slice(3), messages[1], withoutProof].join();
    assert.ok(isProven(name, keys, message, Buffer.from(proof, "base64")));
    assert.equal(`v=${serverSignature(name, keys, message).toString("base64")}`, messages[3]);
    const wrong = Buffer.from(proof, "base64");
    wrong[0]! ^= 1;
    for (const bad of [wrong, Buffer.alloc(0), Buffer.concat([Buffer.from(proof, "base64"), Buffer.alloc(1)])])
      assert.ok(!isProven(name, keys, message, bad));
  });
}

test("client and server agree, with and without channel binding, and each knows the other", async () => {
  const runs: readonly [Offer, Partial<ScramCredentials>, Visit][] = [
    [offer("SCRAM-SHA-256"), {}, VISIT],
    [offer("SCRAM-SHA-1"), { hash: "SHA-1" }, VISIT],
    [offer("SCRAM-SHA-256"), { channelBinding: "not-offered" }, VISIT],
    [offer("SCRAM-SHA-256", { ...SETTINGS, plusOffered: false }), { channelBinding: "not-offered" }, BOUND],
    [offer("SCRAM-SHA-256"), {}, BOUND],
    [plusOffer("SCRAM-SHA-256"), { channelBinding: exporter }, BOUND],
    [plusOffer("SCRAM-SHA-256"), { channelBinding: endPoint }, BOUND],
    [plusOffer("SCRAM-SHA-1"), { hash: "SHA-1", channelBinding: exporter }, BOUND],
    [plusOffer("SCRAM-SHA-1"), { hash: "SHA-1", channelBinding: endPoint }, BOUND],
  ];
  for (const [each, credentials, visit] of runs) {
    const exchange = client(credentials);
    assert.equal(exchange.mechanism, each.name);
    const { conclusion, challenges, error } = await talk(each, exchange, visit);
    assert.equal(error, undefined);
    assert.equal(ending({ conclusion }), "accepted alice");
    assert.match(challenges.at(-1) ?? "", /^v=/);
    assert.deepEqual([conclusion.claimed, conclusion.password], ["alice", undefined]);
    exchange.finish();
  }
});

test("names are prepared and unescaped", async () => {
  for (const username of ["zoë", "zoe\u0308", "a=b,c"])
    assert.match(ending(await talk(offer("SCRAM-SHA-256"), client({ username }))), /^accepted/, username);
});

test("a client without initial response is asked for one", async () => {
  const exchange = offer("SCRAM-SHA-256").begin(undefined, VISIT);
  assert.equal((await exchange.next()).value instanceof Uint8Array, true);
  const first = await exchange.next(client().initial ?? Buffer.alloc(0));
  assert.match(String(first.value), /^r=/);
});

test("a wrong password is refused without a word about it, and the account named to the log", async () => {
  const { conclusion, challenges } = await talk(offer("SCRAM-SHA-256"), client({ password: "Pencil" }));
  assert.deepEqual(conclusion.verdict, {
    kind: "denied",
    reason: "bad-credentials",
    why: "wrong password",
    user: "alice",
  });
  assert.equal(challenges.length, 1);
});

test("an unknown user is led through the same steps, with a salt that stays and looks like others", async () => {
  const salts = new Map<string, Set<string>>();
  for (const username of ["nobody", "NOBODY", "someone", "alice", "half", "nobody"]) {
    const { conclusion, challenges } = await talk(offer("SCRAM-SHA-256"), client({ username, password: "wrong" }));
    assert.equal(ending({ conclusion }), username.match(/body|one/i) ? "unknown" : "denied bad-credentials");
    const [, salt = "", iterations] = /,s=([^,]+),i=(\d+)$/.exec(challenges[0] ?? "") ?? [];
    assert.deepEqual([challenges.length, Buffer.from(salt, "base64").length], [1, 16]);
    assert.equal(iterations, username === "alice" ? "4096" : "32768");
    const name = username.toLowerCase();
    salts.set(name, (salts.get(name) ?? new Set()).add(salt));
  }
  assert.deepEqual(
    [...salts.values()].map((set) => set.size),
    [1, 1, 1, 1],
  );
  assert.equal(new Set([...salts.values()].flatMap((set) => [...set])).size, 4);
});

test("a judge that knows its accounts' keys says how decoys look", async () => {
  const likeness = { likeness: () => ({ iterations: 5000, saltLength: 70, canonicalName: "n" }) };
  const judge = await keysValidator(likeness);
  const { challenges } = await talk(
    offerOf(scram("SCRAM-SHA-1", SETTINGS), judge),
    client({ hash: "SHA-1", username: "nobody" }),
  );
  const [, salt = "", iterations] = /,s=([^,]+),i=(\d+)$/.exec(challenges[0] ?? "") ?? [];
  assert.deepEqual([iterations, Buffer.from(salt, "base64").length], ["5000", 70]);
});

test("a right proof brings the judge's verdict, a wrong one never does", async () => {
  assert.equal(ending(await talk(offer("SCRAM-SHA-256"), client({ username: "dave" }))), "denied disabled");
  const wrong = await talk(offer("SCRAM-SHA-256"), client({ username: "dave", password: "x" }));
  assert.equal(ending(wrong), "denied bad-credentials");
  assert.equal(ending(await talk(offer("SCRAM-SHA-256"), client({ username: "down" }))), "unavailable");
  const half = await talk(offer("SCRAM-SHA-256"), client({ username: "half" }));
  assert.match(
    half.conclusion.verdict.kind === "denied" ? half.conclusion.verdict.why : "",
    /no keys for SCRAM-SHA-256/,
  );
});

test("one's own name as authorization identity is no other's", async () => {
  assert.equal(ending(await talk(offer("SCRAM-SHA-256"), client({ authzid: "alice" }))), "accepted alice");
});

test("names that no account can have are refused before any judge is asked", async () => {
  const judge = await keysValidator({ find: () => Promise.reject(new Error("asked")) });
  for (const name of ["a\u0007", "\u0627\u0031", "a".repeat(300), "\u00ad"]) {
    const exchange = offerOf(scram("SCRAM-SHA-256", SETTINGS), judge).begin(Buffer.from(`n,,n=${name},r=abc`), VISIT);
    assert.equal(String((await exchange.next()).value), "e=invalid-username-encoding");
  }
});

test("after its signature the server waits for an empty answer; a client that cancels there is not let in", async () => {
  for (const answer of ["anything", undefined]) {
    const exchange = offer("SCRAM-SHA-256").begin(client({ nonce: "abc" }).initial, VISIT);
    const same = client({ nonce: "abc" });
    const final = await same.next((await exchange.next()).value as Uint8Array);
    const signature = await exchange.next(final);
    assert.match(String(signature.value), /^v=/);
    if (answer !== undefined) await assert.rejects(exchange.next(Buffer.from(answer)), MalformedResponse);
    else {
      const end = await exchange.throw(new Error("cancelled"));
      assert.ok(end.done === true && end.value.verdict.kind === "denied");
    }
  }
});

test("any bytes are malformed or come to a verdict", async () => {
  const bytes = fc.oneof(fc.uint8Array({ maxLength: 80 }), fc.constantFrom("n,,n=alice,r=abc", "c=biws,r=abc,p=AAAA", "").map((text) => Buffer.from(text))); // prettier-ignore
  await fc.assert(
    fc.asyncProperty(bytes, bytes, bytes, async (...messages) => {
      try {
        const exchange = offer("SCRAM-SHA-1").begin(messages[0], VISIT);
        let step = await exchange.next();
        for (const message of messages.slice(1)) if (!step.done) step = await exchange.next(message);
        assert.ok(step.done !== true || step.value.verdict.kind !== "accepted");
      } catch (error) {
        assert.ok(error instanceof MalformedResponse, String(error));
      }
    }),
    { numRuns: 300 },
  );
});

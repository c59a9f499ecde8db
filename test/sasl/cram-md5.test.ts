/** CRAM-MD5, server against client: the example of RFC 2195 section 2, and what is refused. */
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { Secret } from "../../src/core/secret.ts";
import { cramMd5Client } from "../../src/sasl/client/cram-md5.ts";
import { SaslError } from "../../src/sasl/client/exchange.ts";
import { cramMd5 } from "../../src/sasl/cram-md5.ts";
import { MalformedResponse } from "../../src/sasl/mechanism.ts";
import { VISIT } from "../support/visit.ts";
import { accepted, ending, keysValidator, offerOf, SETTINGS, talk } from "./keys-judge.ts";

const MECHANISM = cramMd5({ nonce: SETTINGS.nonce, host: "mail.example.com" });
const CHALLENGE = "<1896.697170952@postoffice.reston.mci.net>";
const RESPONSE = "tim b913a602c7eda7a495b4e6e7334d3890";

test("the client answers RFC 2195's challenge as its example does", async () => {
  const client = cramMd5Client({ username: "tim", password: "tanstaaftanstaaf" });
  assert.deepEqual([client.mechanism, client.initial, client.plaintext], ["CRAM-MD5", undefined, false]);
  assert.equal(String(await client.next(Buffer.from(CHALLENGE))), RESPONSE);
  await assert.rejects(client.next(Buffer.from(CHALLENGE)), SaslError);
});

test("the server takes what its own challenge was answered with, once", async () => {
  const judge = await keysValidator({
    find: () =>
      Promise.resolve({ kind: "keys", keys: { password: new Secret("tanstaaftanstaaf") }, verdict: accepted("tim") }),
  });
  const offer = offerOf(MECHANISM, judge);
  const right = await talk(offer, cramMd5Client({ username: "tim jones", password: "tanstaaftanstaaf" }));
  assert.deepEqual([ending(right), right.conclusion.claimed], ["accepted tim", "tim jones"]);
  assert.match(right.challenges[0] ?? "", /^<[0-9a-f]{36}@mail\.example\.com>$/);
  const again = offer.begin(undefined, VISIT);
  await again.next();
  const replayed = await again.next(Buffer.from(RESPONSE));
  assert.ok(replayed.done === true && replayed.value.verdict.kind === "denied");
});

test("wrong passwords, unknown names, disabled accounts, and accounts without a password are told apart only in the log", async () => {
  const offer = offerOf(MECHANISM, await keysValidator());
  const run = async (username: string, password: string) =>
    ending(await talk(offer, cramMd5Client({ username, password })));
  assert.equal(await run("alice", "pencil"), "accepted alice");
  assert.equal(await run("alice", "Pencil"), "denied bad-credentials");
  assert.equal(await run("half", "pencil"), "denied bad-credentials");
  assert.equal(await run("half", "\0"), "denied bad-credentials");
  assert.equal(await run("dave", "pencil"), "denied disabled");
  assert.equal(await run("dave", "x"), "denied bad-credentials");
  assert.equal(await run("nobody", "\0"), "unknown");
  assert.equal(await run("down", "pencil"), "unavailable");
  assert.equal(await run("", "pencil"), "denied bad-credentials");
});

test("an initial response, and whatever is not a name and a digest, is malformed", async () => {
  const offer = offerOf(MECHANISM, await keysValidator());
  await assert.rejects(offer.begin(Buffer.alloc(0), VISIT).next(), MalformedResponse);
  const answer = async (bytes: Uint8Array) => {
    const exchange = offer.begin(undefined, VISIT);
    await exchange.next();
    return exchange.next(bytes);
  };
  for (const text of [
    "",
    "alice",
    "alice b913",
    `alice ${"g".repeat(32)}`,
    `alice${"a".repeat(32)}`,
    "\xff".repeat(40),
  ])
    await assert.rejects(answer(Buffer.from(text, "latin1")), MalformedResponse, text);
  await fc.assert(
    fc.asyncProperty(fc.uint8Array({ maxLength: 60 }), async (bytes) => {
      await assert.rejects(answer(bytes), MalformedResponse);
    }),
  );
});

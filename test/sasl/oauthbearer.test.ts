/** OAUTHBEARER alone: the examples of RFC 7628 section 4, refusals in two steps, and any bytes. */
import assert from "node:assert/strict";
import { test } from "node:test";
import type { Denied } from "../../src/core/verdict.ts";
import { makeOffer, MalformedResponse } from "../../src/sasl/mechanism.ts";
import { oauthbearer, readOauthBearer } from "../../src/sasl/oauthbearer.ts";
import { VISIT } from "../support/visit.ts";
import { bearerJudge, CONFIGURATION, ending, endsAnyhow, play, SCOPE, TOKEN } from "./bearer-judge.ts";

/** The initial response of RFC 7628 section 4.1. */
const RFC_EXAMPLE = Buffer.from(
  "bixhPXVzZXJAZXhhbXBsZS5jb20sAWhvc3Q9c2VydmVyLmV4YW1wbGUuY29tAXBvcnQ9MTQzAWF1dGg9QmVhcmVyIHZGOWRmdDRxbVRjMk52YjNSbGNrQmhiSFJoZG1semRHRXVZMjl0Q2c9PQEB",
  "base64",
);
const message = (auth: string, header = "n,,"): string => `${header}\x01auth=${auth}\x01\x01`;

test("the example of RFC 7628 section 4.1 is understood, and its token accepted without a challenge", async () => {
  const judge = bearerJudge();
  const { challenges, conclusion } = await play(oauthbearer, judge, RFC_EXAMPLE);
  assert.deepEqual([challenges, ending(conclusion)], [[], "accepted alice"]);
  assert.deepEqual(judge.asked, [`user@example.com/${TOKEN}`]);
  assert.equal(conclusion.claimed, "user@example.com");
  assert.equal(conclusion.password, undefined);
});

test("a client that sends nothing with its command is asked by an empty challenge", async () => {
  for (const initial of [undefined, ""]) {
    const { challenges, conclusion } = await play(oauthbearer, bearerJudge(), initial, message(`Bearer ${TOKEN}`));
    assert.deepEqual([challenges, ending(conclusion)], [[""], "accepted alice"]);
  }
});

test("a refused token is explained in JSON, and whatever the client answers then it stays refused", async () => {
  for (const answer of ["\x01", "", "\x01\x01", message(`Bearer ${TOKEN}`)]) {
    const judge = bearerJudge();
    const { challenges, conclusion } = await play(oauthbearer, judge, message("Bearer stale"), answer);
    assert.deepEqual(
      challenges.map((each) => JSON.parse(each) as unknown),
      [{ status: "invalid_token", scope: SCOPE, "openid-configuration": CONFIGURATION }],
    );
    assert.equal(ending(conclusion), "denied bad-credentials");
    assert.equal(judge.asked.length, 1);
  }
});

test("an exchange that ends while the error is out has been refused, not abandoned", async () => {
  const exchange = makeOffer(oauthbearer, bearerJudge())!.begin(Buffer.from(message("Bearer stale")), VISIT);
  assert.equal((await exchange.next()).done, false);
  const end = await exchange.throw(new Error("cancelled"));
  assert.ok(end.done);
  assert.equal(ending(end.value), "denied bad-credentials");
});

test("a token that another one cannot replace is refused with insufficient_scope", async () => {
  const denied: Denied = { kind: "denied", reason: "not-authorized", why: "the token lacks the scope mail" };
  const { challenges, conclusion } = await play(oauthbearer, bearerJudge(denied), message("Bearer x"), "\x01");
  assert.match(challenges[0]!, /"insufficient_scope"/);
  assert.equal(ending(conclusion), "denied not-authorized");
});

test("a judge that has neither scope nor configuration shows neither", async () => {
  const judge = bearerJudge();
  const bare = { ...judge, bearer: { verify: judge.bearer.verify } };
  const { challenges } = await play(oauthbearer, bare, message("Bearer stale"), "\x01");
  assert.deepEqual(challenges, ['{"status":"invalid_token"}']);
});

test("a judge that cannot judge is passed on, and the client is told nothing about its token", async () => {
  const judge = bearerJudge({ kind: "unavailable", why: "the keys cannot be had" });
  const { challenges, conclusion } = await play(oauthbearer, judge, message(`Bearer ${TOKEN}`));
  assert.deepEqual([challenges, ending(conclusion)], [[], "unavailable"]);
});

test("a client without a token learns where to get one, and no judge is asked", async () => {
  for (const auth of ["", "Bearer", "Bearer "]) {
    const judge = bearerJudge();
    const { challenges, conclusion } = await play(oauthbearer, judge, message(auth), "\x01");
    assert.match(challenges[0]!, /openid-configuration/);
    assert.equal(ending(conclusion), "denied bad-credentials");
    assert.deepEqual(judge.asked, []);
  }
});

test("names with controls, or too long, are refused before the judge", async () => {
  for (const name of ["alice\r\nDELE 1", "\u001b[2J", "a".repeat(257)]) {
    const judge = bearerJudge();
    const { conclusion } = await play(oauthbearer, judge, message(`Bearer ${TOKEN}`, `n,a=${name},`), "\x01");
    assert.equal(ending(conclusion), "denied bad-credentials");
    assert.deepEqual(judge.asked, []);
  }
});

test("the scheme's case, more blanks, other keys and the flag y are all right", () => {
  for (const auth of ["bearer x", "BEARER  x"])
    assert.equal(readOauthBearer(Buffer.from(message(auth))).token.reveal(), "x");
  const odd = "y,a=a=2Cb=3Dc,\x01host=h\x01port=\x01mthd=POST\x01auth=Bearer x.y-z_~+/==\x01qs=a=b&c\x01\x01";
  const { username, token } = readOauthBearer(Buffer.from(odd));
  assert.deepEqual([username, token.reveal()], ["a,b=c", "x.y-z_~+/=="]);
});

const MALFORMED: Readonly<Record<string, string>> = {
  "an acknowledgement without an error": "\x01",
  "no GS2 header": "auth=Bearer x\x01\x01",
  "a GS2 header without its last comma": "n,a=alice\x01auth=Bearer x\x01\x01",
  "a name that escapes wrongly": "n,a=al=20ice,\x01auth=Bearer x\x01\x01",
  "a name in lower-case escapes": "n,a=al=2cice,\x01auth=Bearer x\x01\x01",
  "a channel binding, which this mechanism has not": "p=tls-exporter,,\x01auth=Bearer x\x01\x01",
  "no separator": "n,,",
  "no end": "n,,\x01auth=Bearer x\x01",
  "bytes behind the end": "n,,\x01auth=Bearer x\x01\x01more",
  "no auth": "n,,\x01host=h\x01\x01",
  "two auths": "n,,\x01auth=Bearer x\x01auth=Bearer y\x01\x01",
  "another scheme": "n,,\x01auth=Basic YTpi\x01\x01",
  "a scheme that only begins like it": "n,,\x01auth=Bearerx\x01\x01",
  "a token with a blank": "n,,\x01auth=Bearer x y\x01\x01",
  "a token with a line end": "n,,\x01auth=Bearer x\r\ny\x01\x01",
  "a NUL in a value": "n,,\x01host=\0\x01auth=Bearer x\x01\x01",
  "a key with digits": "n,,\x01h0st=x\x01auth=Bearer x\x01\x01",
  "hundreds of pairs": `n,,\x01${Array.from({ length: 26 * 26 }, (_, n) => String.fromCharCode(97 + (n % 26), 97 + Math.floor(n / 26))).join("=\x01")}=\x01auth=Bearer x\x01\x01`,
};

for (const [what, text] of Object.entries(MALFORMED)) {
  test(`${what} is malformed, and the message shows no token`, () => {
    const isMalformed = (error: unknown): boolean =>
      error instanceof MalformedResponse && !/Bearer |YTpi/.test(error.message);
    assert.throws(() => readOauthBearer(Buffer.from(text)), isMalformed);
  });
}

test("bytes that are not UTF-8 are malformed", () => {
  assert.throws(
    () => readOauthBearer(Buffer.from("n,a=j\xf6rg,\x01auth=Bearer x\x01\x01", "latin1")),
    MalformedResponse,
  );
});

test("any bytes are malformed or end in a verdict", () =>
  endsAnyhow(
    oauthbearer,
    "n,,",
    "n,a=",
    "y,",
    "p=x,,",
    "\x01",
    "auth=",
    "Bearer ",
    "user=",
    "host=",
    "=2C",
    "=",
    ",",
    TOKEN,
    "\0",
    "\r\n",
    "é",
  ));

test("a megabyte of separators is refused in no time", () => {
  const started = performance.now();
  assert.throws(() => readOauthBearer(Buffer.from(`n,,${"\x01".repeat(1 << 20)}`)), MalformedResponse);
  assert.throws(
    () => readOauthBearer(Buffer.from(`n,,\x01auth=Bearer ${"=".repeat(1 << 20)}x\x01\x01`)),
    MalformedResponse,
  );
  assert.ok(performance.now() - started < 2000);
});

/** XOAUTH2 alone: the example that Google publishes, refusals in two steps, and any bytes. */
import assert from "node:assert/strict";
import { test } from "node:test";
import type { Denied } from "../../src/core/verdict.ts";
import { MalformedResponse } from "../../src/sasl/mechanism.ts";
import { readXoauth2, xoauth2 } from "../../src/sasl/xoauth2.ts";
import { bearerJudge, ending, endsAnyhow, play, SCOPE, TOKEN } from "./bearer-judge.ts";

/** From Google's description of the mechanism. */
const GOOGLE_EXAMPLE =
  "dXNlcj1zb21ldXNlckBleGFtcGxlLmNvbQFhdXRoPUJlYXJlciB5YTI5LnZGOWRmdDRxbVRjMk52YjNSbGNrQmhkSFJoZG1semRHRXVZMjl0Q2cBAQ==";
const message = (token: string, user = "alice"): string => `user=${user}\x01auth=Bearer ${token}\x01\x01`;

test("Google's example is understood", () => {
  const { username, token } = readXoauth2(Buffer.from(GOOGLE_EXAMPLE, "base64"));
  assert.equal(username, "someuser@example.com");
  assert.equal(token.reveal(), "ya29.vF9dft4qmTc2Nvb3RlckBhdHRhdmlzdGEuY29tCg");
});

test("a right token is accepted without a challenge, or behind the empty one that asks for it", async () => {
  const direct = await play(xoauth2, bearerJudge(), message(TOKEN));
  assert.deepEqual([direct.challenges, ending(direct.conclusion)], [[], "accepted alice"]);
  const asked = await play(xoauth2, bearerJudge(), undefined, message(TOKEN));
  assert.deepEqual([asked.challenges, ending(asked.conclusion)], [[""], "accepted alice"]);
});

test("a refused token is explained in JSON, the client answers with nothing, and is refused", async () => {
  const { challenges, conclusion } = await play(xoauth2, bearerJudge(), message("stale"), "");
  assert.deepEqual(JSON.parse(challenges[0]!), { status: "400", schemes: "bearer", scope: SCOPE });
  assert.deepEqual([challenges.length, ending(conclusion)], [1, "denied bad-credentials"]);
});

test("a token that another one cannot replace has the status 401, after which clients do not try again", async () => {
  const denied: Denied = { kind: "denied", reason: "not-authorized", why: "the token is another user's" };
  const { challenges } = await play(xoauth2, bearerJudge(denied), message(TOKEN), "");
  assert.deepEqual(JSON.parse(challenges[0]!), { status: "401", schemes: "bearer", scope: SCOPE });
});

test("a judge that cannot judge is passed on without an error challenge", async () => {
  const judge = bearerJudge({ kind: "unavailable", why: "the server is down" });
  const { challenges, conclusion } = await play(xoauth2, judge, message(TOKEN));
  assert.deepEqual([challenges, ending(conclusion)], [[], "unavailable"]);
});

test("an empty name is left to the token; one with controls is refused before the judge", async () => {
  const judge = bearerJudge();
  assert.equal(ending((await play(xoauth2, judge, message(TOKEN, ""))).conclusion), "accepted alice");
  assert.equal(ending((await play(xoauth2, judge, message(TOKEN, "a\nb"), "")).conclusion), "denied bad-credentials");
  assert.deepEqual(judge.asked, [`/${TOKEN}`]);
});

const MALFORMED: Readonly<Record<string, string>> = {
  "no user": `auth=Bearer ${TOKEN}\x01\x01`,
  "no auth": "user=alice\x01\x01",
  "no end": `user=alice\x01auth=Bearer ${TOKEN}\x01`,
  "another scheme": "user=alice\x01auth=Basic YTpi\x01\x01",
  "two users": `user=alice\x01user=bob\x01auth=Bearer ${TOKEN}\x01\x01`,
  "a PLAIN message": "\0alice\0secret",
  "an OAUTHBEARER message": `n,a=alice,\x01auth=Bearer ${TOKEN}\x01\x01`,
};

for (const [what, text] of Object.entries(MALFORMED)) {
  test(`${what}: malformed`, () => {
    assert.throws(() => readXoauth2(Buffer.from(text)), MalformedResponse);
  });
}

test("any bytes are malformed or end in a verdict", () =>
  endsAnyhow(xoauth2, "user=", "alice", "\x01", "auth=", "Bearer ", "=", TOKEN, "\0", "\n", "é"));

test("neither mechanism's conclusion prints the token", async () => {
  const { conclusion } = await play(xoauth2, bearerJudge(), message("stale"), "");
  assert.doesNotMatch(JSON.stringify(conclusion), /stale/);
});

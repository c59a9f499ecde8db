/** Validator `oauth` with a real authorization server, oidc-provider: its tokens, its keys, its outages. */
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { Secret } from "../../src/core/secret.ts";
import type { Validator } from "../../src/core/validator.ts";
import { oauthValidator, type OauthOptions } from "../../src/validators/oauth/oauth.ts";
import { judge, words } from "../validators/oauth/issuer.ts";
import { AUDIENCE, AuthorizationServer, RESOURCE_SERVER } from "./authorization-server.ts";

/** Rotations and outages take seconds here, not minutes. */
const QUICK = { fresh: 100, usable: 500, cooldown: 50, retry: 50 };

let server: AuthorizationServer;
const opened: Validator[] = [];

before(async () => {
  server = await AuthorizationServer.start();
});
after(async () => {
  for (const each of opened) await each.close?.();
  await server.stop();
});

function make(source: OauthOptions["source"], more: Partial<OauthOptions> = {}): Validator {
  const validator = oauthValidator({ name: "tokens", source, scope: ["mail"], keyAges: QUICK, ...more });
  opened.push(validator);
  return validator;
}

function signed(): Validator {
  return make({ kind: "jwt", issuer: server.issuer, audience: [AUDIENCE] });
}

function asking(cache = 0, secret = RESOURCE_SERVER.clientSecret): Validator {
  return make({
    ...{ kind: "introspection", endpoint: server.introspection, issuer: server.issuer, audience: [AUDIENCE], cache },
    ...{ clientId: RESOURCE_SERVER.clientId, clientSecret: new Secret(secret) },
  });
}

test("a signed access token is its user's, by discovery and key set", async () => {
  const validator = signed();
  const verdict = await judge(validator, await server.token("alice", "jwt"), "alice");
  assert.equal(words(verdict), "accepted alice");
  assert.deepEqual(verdict.kind === "accepted" && verdict.identity.groups, ["staff"]);
  assert.match(words(await judge(validator, await server.token("bob", "jwt"), "alice")), /^denied not-authorized/);
});

test("a signed token without the scope, or for another audience, is refused", async () => {
  const token = await server.token("alice", "jwt", "calendar");
  assert.match(words(await judge(signed(), token)), /^denied not-authorized: the token lacks the scope mail/);
  const elsewhere = make({ kind: "jwt", issuer: server.issuer, audience: ["https://calendar.example.com"] });
  const other = words(await judge(elsewhere, await server.token("alice", "jwt")));
  assert.match(other, /^denied bad-credentials: the token is not for/);
});

test("an opaque access token is its user's by introspection, and no JWT", async () => {
  const token = await server.token("alice", "opaque");
  assert.equal(words(await judge(asking(), token, "Alice")), "accepted alice");
  assert.match(words(await judge(signed(), token)), /^denied bad-credentials: it is not a signed JWT/);
  assert.match(words(await judge(asking(), `${token}x`)), /^denied bad-credentials: the token is not active/);
});

test("with a wrong client secret nobody's token is wrong", async () => {
  const verdict = await judge(asking(0, "wrong"), await server.token("alice", "opaque"));
  assert.match(words(verdict), /^unavailable: .*(refuses our client id or secret)/);
});

test("a revoked token is refused, as soon as a kept answer has gone", async () => {
  const [token, direct, keeping] = [await server.token("alice", "opaque"), asking(), asking(300)];
  for (const validator of [direct, keeping]) assert.equal(words(await judge(validator, token)), "accepted alice");
  await server.revoke("alice", token);
  assert.match(words(await judge(direct, token)), /^denied bad-credentials: the token is not active/);
  await sleep(350);
  assert.match(words(await judge(keeping, token)), /^denied bad-credentials: the token is not active/);
});

test("after a change of keys new tokens are right, and old ones are not for long", async () => {
  const validator = signed();
  const old = await server.token("alice", "jwt");
  assert.equal(words(await judge(validator, old)), "accepted alice");
  await server.renewKeys("second");
  await sleep(QUICK.cooldown + 10);
  assert.equal(words(await judge(validator, await server.token("alice", "jwt"))), "accepted alice");
  assert.match(words(await judge(validator, old)), /^denied bad-credentials: the token is signed with no key/);
});

test("while the server is down nobody's token is wrong, and then all is well again", async () => {
  const [byKey, byAsking] = [signed(), asking()];
  const [jwt, opaque] = [await server.token("alice", "jwt"), await server.token("alice", "opaque")];
  assert.equal(words(await judge(byKey, jwt)), "accepted alice");
  await server.stop();
  try {
    assert.equal(words(await judge(byKey, jwt)), "accepted alice", "known keys outlive a short outage");
    await sleep(QUICK.usable + 50);
    assert.match(words(await judge(byKey, jwt)), /^unavailable: the keys of .* ECONNREFUSED/);
    assert.match(words(await judge(byAsking, opaque)), /^unavailable: .*(ECONNREFUSED|closes its connections)/);
  } finally {
    await server.listen();
  }
  await sleep(QUICK.retry + 10);
  assert.equal(words(await judge(byKey, jwt)), "accepted alice");
  assert.equal(words(await judge(byAsking, opaque)), "accepted alice");
});

/** Validator `oauth` by asking: introspection (RFC 7662) and Google's tokeninfo, against a server of the test's own. */
import assert from "node:assert/strict";
import { after, before, beforeEach, describe, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import fc from "fast-check";
import { Secret } from "../../../src/core/secret.ts";
import type { Validator } from "../../../src/core/validator.ts";
import { AnswerCache } from "../../../src/validators/oauth/answer-cache.ts";
import { oauthValidator, type IntrospectionSource, type OauthOptions } from "../../../src/validators/oauth/oauth.ts";
import { Issuer, judge, words } from "./issuer.ts";

const opened: Validator[] = [];
let server: Issuer;

const now = (): number => Math.floor(Date.now() / 1000);
const active = (more: object = {}): object => ({
  active: true,
  username: "alice",
  scope: "mail",
  exp: now() + 60,
  ...more,
});

before(async () => {
  server = await Issuer.start();
});
beforeEach(() => {
  server.trouble = undefined;
  server.asked.length = 0;
  server.known.clear();
});
after(async () => {
  for (const each of opened) await each.close?.();
  await server.stop();
});

function make(source: Partial<IntrospectionSource> = {}, more: Partial<OauthOptions> = {}): Validator {
  const asking: IntrospectionSource = {
    ...{ kind: "introspection", endpoint: `${server.url}/introspect`, clientId: "postern", cache: 0, ...source },
    clientSecret: source.clientSecret ?? new Secret("s3cret"),
  };
  const validator = oauthValidator({ name: "tokens", source: asking, scope: ["mail"], timeout: 1000, ...more });
  opened.push(validator);
  return validator;
}

async function verdictOn(answer: object, source: Partial<IntrospectionSource> = {}, username = ""): Promise<string> {
  server.known.set("t0ken", answer);
  return words(await judge(make(source), "t0ken", username));
}

test("an active token is its user's, and the endpoint hears who asks, by Basic", async () => {
  assert.equal(await verdictOn(active()), "accepted alice");
  const { authorization, body } = server.lastQuestion;
  assert.equal(authorization, `Basic ${Buffer.from("postern:s3cret").toString("base64")}`);
  assert.equal(body, "token=t0ken&token_type_hint=access_token");
});

test("a client id and secret are form-encoded inside Basic (RFC 6749 section 2.3.1)", async () => {
  const source = { clientId: "https://postern:1", clientSecret: new Secret("a b+c%:ü") };
  assert.equal(await verdictOn(active(), source), "accepted alice");
  const pair = Buffer.from(server.lastQuestion.authorization.slice(6), "base64").toString();
  assert.equal(pair, "https%3A%2F%2Fpostern%3A1:a+b%2Bc%25%3A%C3%BC");
});

test("a token that nobody knows, or that has been revoked, is a wrong credential", async () => {
  const inactive = "denied bad-credentials: the token is not active: expired, revoked or never issued";
  assert.equal(words(await judge(make(), "stranger")), inactive);
  assert.equal(await verdictOn({ ...active(), active: false }), inactive);
});

describe("an active token", () => {
  const bad: Readonly<Record<string, [object, Partial<IntrospectionSource>, RegExp]>> = {
    "that has expired all the same": [{ exp: 1000 }, {}, /^denied bad-credentials: the token has expired/],
    "that begins later": [{ nbf: now() + 3600 }, {}, /^denied bad-credentials: the token is not valid yet/],
    "without the scope": [{ scope: "calendar" }, {}, /^denied not-authorized: the token lacks the scope mail/],
    "of another audience": [{ aud: ["x", "y"] }, { audience: ["mail"] }, /^denied bad-credentials: .* not for mail/],
    "of no audience": [{}, { audience: ["mail"] }, /^denied bad-credentials: .* not for mail/],
    "of another issuer": [
      { iss: "https://b" },
      { issuer: "https://a" },
      /^denied bad-credentials: .* not from https:\/\/a/,
    ],
    "of no issuer": [{}, { issuer: "https://a" }, /^denied bad-credentials: .* not from/],
    "bound to a key": [{ cnf: { jkt: "x" } }, {}, /^denied bad-credentials: .*bound/],
    "that is no bearer token": [{ token_type: "DPoP" }, {}, /^denied bad-credentials: .*token_type/],
    "that is a refresh token": [{ token_type: "refresh_token" }, {}, /^denied bad-credentials: .*token_type/],
    "without a user": [{ username: undefined }, {}, /^denied not-authorized: the token has no claim username/],
  };
  for (const [what, [answer, source, expected]] of Object.entries(bad)) {
    test(`${what} is refused`, async () => assert.match(await verdictOn(active(answer), source), expected));
  }

  test("is accepted with what was configured", async () => {
    const answer = active({ aud: ["x", "mail"], iss: "https://a", token_type: "Bearer", exp: undefined });
    assert.equal(await verdictOn(answer, { audience: ["mail"], issuer: "https://a" }), "accepted alice");
    assert.equal(await verdictOn(active({ aud: "mail" }), { audience: ["imap", "mail"] }), "accepted alice");
  });
});

test("only the token's user may be named beside it, from the cache too", async () => {
  const validator = make({ cache: 60_000 });
  server.known.set("t0ken", active());
  assert.equal(words(await judge(validator, "t0ken", "alice@example.com")), "accepted alice");
  assert.match(words(await judge(validator, "t0ken", "bob")), /^denied not-authorized: the token is another user's/);
  assert.equal(words(await judge(validator, "t0ken")), "accepted alice");
  assert.equal(server.asked.length, 1);
});

describe("a positive answer", () => {
  test("is believed for the configured time and no longer; then a revoked token is refused", async () => {
    const validator = make({ cache: 150 });
    server.known.set("t0ken", active());
    assert.equal(words(await judge(validator, "t0ken")), "accepted alice");
    server.known.clear();
    assert.equal(words(await judge(validator, "t0ken")), "accepted alice");
    await sleep(200);
    assert.match(words(await judge(validator, "t0ken")), /^denied bad-credentials: the token is not active/);
    assert.equal(server.asked.length, 2);
  });

  test("is asked for each time where nothing is to be kept", async () => {
    const validator = make();
    server.known.set("t0ken", active());
    for (let n = 0; n < 3; n += 1) assert.equal(words(await judge(validator, "t0ken")), "accepted alice");
    assert.equal(server.asked.length, 3);
  });

  test("is kept no longer than its token is good, and only so many are", () => {
    let clock = 1_000_000;
    const cache = new AnswerCache(60_000, () => clock);
    cache.put("short", { exp: 1010 });
    cache.put("gone", { exp: 999 });
    cache.put("long", { exp: "9000" });
    assert.deepEqual([cache.get("short"), cache.get("gone")], [{ exp: 1010 }, undefined]);
    clock += 10_000;
    assert.deepEqual([cache.get("short"), cache.get("long")], [undefined, { exp: "9000" }]);
    for (let n = 0; n < 2000; n += 1) cache.put(`t${n}`, {});
    assert.deepEqual([cache.get("long"), cache.get("t900"), cache.get("t1999")], [undefined, undefined, {}]);
    clock += 60_000;
    assert.equal(cache.get("t1999"), undefined);
  });

  test("and only a positive one is kept", async () => {
    const validator = make({ cache: 60_000 });
    assert.match(words(await judge(validator, "t0ken")), /^denied/);
    server.known.set("t0ken", active());
    assert.equal(words(await judge(validator, "t0ken")), "accepted alice");
  });
});

describe("an endpoint that gives no answer makes the judge unable, never a token wrong:", () => {
  const troubles: Readonly<Record<string, [Issuer["trouble"], RegExp]>> = {
    "it refuses our secret": [(_, r) => Boolean(r.writeHead(401).end("{}")), /refuses our client id or secret/],
    "it has no such page": [(_, r) => Boolean(r.writeHead(404).end("{}")), /status 404/],
    "it is broken": [(_, r) => Boolean(r.writeHead(503).end('{"active":false}')), /status 503/],
    "it sends elsewhere": [(_, r) => Boolean(r.writeHead(307, { location: "/other" }).end()), /elsewhere/],
    "it says nothing of active": [(_, r) => Boolean(r.end('{"username":"alice"}')), /whether the token is active/],
    "it says active in words": [(_, r) => Boolean(r.end('{"active":"true"}')), /whether the token is active/],
    "it talks too much": [(_, r) => Boolean(r.end(Buffer.alloc(1 << 20, 0x20))), /more than/],
    "it hangs": [() => true, /within 0.3 s/],
    "it drips": [
      (_, r) => {
        const timer = setInterval(() => r.write(" "), 20);
        r.on("close", () => clearInterval(timer));
        return true;
      },
      /within 0.3 s/,
    ],
  };
  for (const [what, [trouble, why]] of Object.entries(troubles)) {
    test(what, async () => {
      server.trouble = trouble;
      const started = performance.now();
      const verdict = words(await judge(make({}, { timeout: 300 }), "t0ken"));
      assert.match(verdict, /^unavailable/);
      assert.match(verdict, why);
      assert.doesNotMatch(verdict, /t0ken|s3cret|cG9zdGVybj/);
      assert.ok(performance.now() - started < 3000);
    });
  }
});

test("a server that goes away and comes back, between requests on the same connection, is asked again", async () => {
  const own = await Issuer.start();
  try {
    own.known.set("t0ken", active());
    const validator = make({ endpoint: `${own.url}/introspect` });
    assert.equal(words(await judge(validator, "t0ken")), "accepted alice");
    await own.stop();
    assert.match(words(await judge(validator, "t0ken")), /^unavailable: .*(ECONNREFUSED|closes)/);
    await own.listen();
    assert.equal(words(await judge(validator, "t0ken")), "accepted alice");
  } finally {
    await own.stop();
  }
});

test("any answer of the endpoint's is a verdict, and accepted is only who is active", async () => {
  const value = fc.oneof(fc.jsonValue(), fc.constantFrom(true, "alice", "mail", "Bearer", 9e9));
  const anyAnswer = fc.record(
    { active: value, username: value, scope: value, exp: value, nbf: value, aud: value, token_type: value },
    { requiredKeys: [] },
  );
  const validator = make();
  await fc.assert(
    fc.asyncProperty(anyAnswer, async (answer) => {
      server.known.set("t0ken", answer);
      const verdict = words(await judge(validator, "t0ken"));
      assert.match(verdict, /^(accepted|denied|unavailable)/);
      if (verdict.startsWith("accepted")) assert.equal(answer["active" as keyof typeof answer], true);
    }),
    { numRuns: 200 },
  );
});

describe("tokeninfo, as Google has it,", () => {
  const google = { aud: "app.apps.example.com", scope: "openid https://mail.google.com/", email: "alice@example.com" };
  const source = (): OauthOptions["source"] => ({
    kind: "tokeninfo",
    endpoint: `${server.url}/tokeninfo`,
    audience: ["app.apps.example.com"],
    cache: 0,
  });
  const verdictOf = async (status: number, answer: object): Promise<string> => {
    server.trouble = (_, response) => Boolean(response.writeHead(status).end(JSON.stringify(answer)));
    const validator = oauthValidator({ name: "google", source: source(), scope: ["https://mail.google.com/"] });
    opened.push(validator);
    assert.equal(validator.bearer!.openidConfiguration, undefined);
    return words(await judge(validator, "ya29.t0ken", "alice@example.com"));
  };

  test("accepts a verified address, with numbers written as text, and shows the token in no address", async () => {
    const good = { ...google, email_verified: "true", exp: String(now() + 60) };
    assert.equal(await verdictOf(200, good), "accepted alice");
    assert.deepEqual(server.asked, ["POST /tokeninfo"]);
  });

  test("refuses what another application was given, what has expired, and an address that is not verified", async () => {
    const good = { ...google, email_verified: "true", exp: String(now() + 60) };
    assert.match(
      await verdictOf(200, { ...good, aud: "evil.apps.example.com" }),
      /^denied bad-credentials: .* not for/,
    );
    assert.match(await verdictOf(200, { ...good, exp: "1000" }), /^denied bad-credentials: the token has expired/);
    assert.match(await verdictOf(200, { ...good, email_verified: "false" }), /^denied not-authorized: .* not verified/);
    assert.match(await verdictOf(400, { error: "invalid_token" }), /^denied bad-credentials: the token is not active/);
  });

  test("is unable where it says something else", async () => {
    assert.match(await verdictOf(500, { error: "backend" }), /^unavailable/);
    assert.match(await verdictOf(400, {}), /^unavailable/);
  });
});

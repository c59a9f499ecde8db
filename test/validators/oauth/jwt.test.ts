/** Validator `oauth` with signed tokens: every way in which a token can be wrong, and an issuer that comes and goes. */
import assert from "node:assert/strict";
import { createHmac, randomBytes } from "node:crypto";
import { after, before, beforeEach, describe, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import fc from "fast-check";
import { exportSPKI, importJWK, SignJWT, type JWTPayload } from "jose";
import { TOKEN_ALGORITHMS, type TokenAlgorithm } from "../../../src/core/token-algorithms.ts";
import type { Validator } from "../../../src/core/validator.ts";
import { oauthValidator, type JwtSource, type OauthOptions } from "../../../src/validators/oauth/oauth.ts";
import { CERTIFICATE, STRANGER } from "../../support/certificates.ts";
import { Issuer, judge, makeKey, words, type Key, type TestClaims } from "./issuer.ts";

const opened: Validator[] = [];
let key: Key;
let stranger: Key;
let issuer: Issuer;

before(async () => {
  [key, stranger] = await Promise.all([makeKey("one"), makeKey("one")]);
  issuer = await Issuer.start();
});
beforeEach(() => {
  issuer.keys = [key];
  issuer.trouble = undefined;
  issuer.asked.length = 0;
});
after(async () => {
  for (const each of opened) await each.close?.();
  await issuer.stop();
});

function make(source: Partial<JwtSource> = {}, more: Partial<OauthOptions> = {}): Validator {
  const jwt: JwtSource = { kind: "jwt", issuer: issuer.url, audience: ["mail"], ...source };
  const validator = oauthValidator({ name: "tokens", source: jwt, scope: ["mail"], timeout: 1000, ...more });
  opened.push(validator);
  return validator;
}

async function verdictOn(claims: TestClaims, more: Partial<OauthOptions> = {}, username = ""): Promise<string> {
  return words(await judge(make({}, more), await issuer.token(key, claims), username));
}

test("a good token is accepted, with the identity that its claims describe; keys are fetched once", async () => {
  const validator = make();
  const token = await issuer.token(key, { groups: ["staff", "mail", 7], client_id: "thunderbird" });
  const verdict = await judge(validator, token);
  assert.deepEqual(verdict, {
    kind: "accepted",
    identity: {
      ...{ user: "alice", domain: "example.com", mailbox: "alice@example.com" },
      groups: ["staff", "mail"],
      attributes: { sub: "a1", client_id: "thunderbird" },
    },
  });
  assert.equal(words(await judge(validator, token)), "accepted alice");
  assert.deepEqual(issuer.asked, ["GET /.well-known/openid-configuration", "GET /jwks"]);
});

test("clients are told which scope is wanted and where the issuer describes itself", () => {
  const { bearer } = make({}, { scope: ["mail", "calendar"] });
  assert.equal(bearer!.scope, "mail calendar");
  assert.equal(bearer!.openidConfiguration, `${issuer.url}/.well-known/openid-configuration`);
});

test("each algorithm with public keys verifies", async () => {
  for (const alg of TOKEN_ALGORITHMS) {
    const own = await makeKey(alg, alg);
    issuer.keys = [own];
    assert.equal(words(await judge(make(), await issuer.token(own))), "accepted alice", alg);
  }
});

const now = (): number => Math.floor(Date.now() / 1000);

describe("a genuine token", () => {
  const bad: Readonly<Record<string, [() => TestClaims, string]>> = {
    "that has expired": [() => ({ exp: now() - 61 }), "the token has expired"],
    "that never expires": [() => ({ exp: undefined }), "the token has no end of its validity (exp)"],
    "that begins later": [() => ({ nbf: now() + 90 }), "the token is not valid yet"],
    "for another audience": [() => ({ aud: "calendar" }), "the token is not for mail"],
    "for no audience": [() => ({ aud: undefined }), "the token is not for mail"],
    "that names another issuer": [() => ({ iss: "https://login.example.org" }), "the token is not from <issuer>"],
    "of an issuer with a slash more": [() => ({ iss: `${issuer.url}/` }), "the token is not from <issuer>"],
    "bound to a key": [
      () => ({ cnf: { jkt: "x" } }),
      "the token is bound to a key (cnf), which mail clients cannot show",
    ],
    "that is Keycloak's ID token": [() => ({ typ: "ID" }), "it is a token of another kind (typ)"],
    "that is an ID token": [() => ({ at_hash: "x" }), "it is an ID token, not an access token"],
  };
  for (const [what, [claims, why]] of Object.entries(bad)) {
    test(`${what} is a wrong credential`, async () => {
      const expected = `denied bad-credentials: ${why.replace("<issuer>", issuer.url)}`;
      assert.equal(await verdictOn(claims()), expected);
    });
  }

  test("within the clock tolerance is accepted, and beyond it not", async () => {
    assert.equal(await verdictOn({ exp: now() - 50 }), "accepted alice");
    assert.match(await verdictOn({ exp: now() - 50 }, { clockTolerance: 10_000 }), /expired/);
    assert.equal(await verdictOn({ nbf: now() + 50 }), "accepted alice");
  });

  test("of a kind that is no access token is refused by its header", async () => {
    for (const typ of ["logout+jwt", "dpop+jwt", "secevent+jwt"]) {
      assert.match(words(await judge(make(), await issuer.token(key, {}, { typ }))), /^denied bad-cred.*another kind/);
    }
    for (const typ of ["JWT", "jwt", "application/at+jwt", undefined]) {
      assert.equal(words(await judge(make(), await issuer.token(key, {}, { typ }))), "accepted alice");
    }
  });

  test("must have each scope, in scope or scp, text or list", async () => {
    const scope = ["mail", "imap"];
    const lacks = "denied not-authorized: the token lacks the scope imap";
    assert.equal(await verdictOn({ scope: "mail" }, { scope }), lacks);
    assert.equal(await verdictOn({ scope: "mail imap2 IMAP" }, { scope }), lacks);
    assert.equal(await verdictOn({ scope: { imap: true } }, { scope: ["imap"] }), lacks);
    assert.equal(await verdictOn({ scope: "x imap  mail" }, { scope }), "accepted alice");
    assert.equal(await verdictOn({ scope: undefined, scp: "imap mail" }, { scope }), "accepted alice");
    assert.equal(await verdictOn({ scope: undefined, scp: ["imap", "mail"] }, { scope }), "accepted alice");
  });
});

describe("the user", () => {
  test("is the claim that was chosen, and no other where that is missing", async () => {
    const claims = { preferred_username: undefined, sub: "svc-7", email: "eve@example.com", email_verified: true };
    assert.equal(await verdictOn(claims), "denied not-authorized: the token has no claim preferred_username");
    assert.equal(await verdictOn(claims, { claims: { username: "sub" } }), "accepted svc-7");
    assert.equal(await verdictOn(claims, { claims: { username: "email" } }), "accepted eve");
    assert.match(await verdictOn(claims, { claims: { mailbox: "mailbox" } }), /no claim/);
  });

  test("by an email counts only when it is verified", async () => {
    for (const email_verified of [undefined, false, "false", 1]) {
      const options = { claims: { username: "email" } };
      assert.match(
        await verdictOn({ email: "eve@example.com", email_verified }, options),
        /^denied not-auth.*verified/,
      );
      const mailbox = { claims: { mailbox: "email" } };
      assert.match(
        await verdictOn({ email: "bob@example.com", email_verified }, mailbox),
        /^denied not-auth.*verified/,
      );
    }
  });

  test("has a mailbox and groups where the claims say, also inside objects", async () => {
    const claims = { box: { name: "alice-box" }, "a.b": "x y", a: { b: ["no"] } };
    const options = { claims: { mailbox: "box.name", groups: "a.b" } };
    const verdict = await judge(make({}, options), await issuer.token(key, claims));
    assert.equal(verdict.kind === "accepted" && verdict.identity.mailbox, "alice-box");
    assert.deepEqual(verdict.kind === "accepted" && verdict.identity.groups, ["x", "y"]);
    assert.match(await verdictOn({}, { claims: { username: "constructor.name" } }), /no claim/);
  });

  test("with controls in the name, or no text as a name, is refused", async () => {
    for (const preferred_username of ["al\nice", "", 7, ["alice"], "x".repeat(300)]) {
      assert.match(await verdictOn({ preferred_username }), /^denied bad-credentials: .* no name$/);
    }
  });

  test("of a domain that is not listed is not authorized", async () => {
    const options = { domains: ["Example.com", "example.net"] };
    assert.equal(await verdictOn({}, options), "accepted alice");
    for (const preferred_username of ["alice@example.org", "alice", "alice@example.com@example.org"]) {
      assert.match(await verdictOn({ preferred_username }, options), /^denied not-authorized: the user's domain/);
    }
  });

  test("may be named beside the token in any form of the same name, and as nobody else", async () => {
    for (const name of ["", "alice", "ALICE", "alice@example.com", "Alice@Example.COM", "example.com\\alice"]) {
      assert.equal(await verdictOn({}, {}, name), "accepted alice", name);
    }
    for (const name of ["bob", "alice@example.org", "a1", "alice@", "@example.com"]) {
      assert.match(await verdictOn({}, {}, name), /^denied not-authorized: the token is another user's/, name);
    }
    assert.equal(await verdictOn({ preferred_username: "alice" }, {}, "alice@anywhere.example"), "accepted alice");
    const shared = { claims: { mailbox: "box" } };
    assert.equal(await verdictOn({ box: "info@example.com" }, shared, "info@example.com"), "accepted alice");
  });
});

describe("a forged token", () => {
  const refused = async (token: string, source: Partial<JwtSource> = {}): Promise<void> => {
    const verdict = await judge(make(source), token);
    assert.equal(verdict.kind === "denied" && verdict.reason, "bad-credentials", words(verdict));
    for (const part of token.split(".")) assert.ok(part.length < 5 || !words(verdict).includes(part));
  };

  test("signed with another key under the same name is refused", async () => refused(await issuer.token(stranger)));

  test("with one bit changed is refused, wherever it is", async () => {
    const token = await issuer.token(key);
    for (const at of [5, token.indexOf(".") + 30, token.lastIndexOf(".") + 10]) {
      await refused(token.slice(0, at) + (token[at] === "A" ? "B" : "A") + token.slice(at + 1));
    }
  });

  test("without a signature (none) is refused", async () => {
    const [, payload] = (await issuer.token(key)).split(".");
    const header = Buffer.from('{"alg":"none"}').toString("base64url");
    await refused(`${header}.${payload}.`);
  });

  test("signed by HMAC with the public key is refused", async () => {
    const rsa = await makeKey("one", "RS256");
    issuer.keys = [rsa];
    const [, payload] = (await issuer.token(rsa)).split(".");
    const head = `${Buffer.from('{"alg":"HS256","kid":"one"}').toString("base64url")}.${payload}`;
    const publicKey = await importJWK(rsa.publicJwk, "RS256", { extractable: true });
    const secret = await exportSPKI(publicKey as Key["privateKey"]);
    await refused(`${head}.${createHmac("sha256", secret).update(head).digest("base64url")}`);
  });

  test("that brings its own key is refused", async () => {
    const header = { jwk: stranger.publicJwk, kid: undefined, jku: `${issuer.url}/evil` };
    await refused(await issuer.token(stranger, {}, header));
    assert.equal(issuer.count("GET /evil"), 0);
  });

  test("with an algorithm that the operator has not listed is refused", async () => {
    await refused(await issuer.token(key), { algorithms: ["RS256", "PS256"] });
    assert.equal(words(await judge(make({ algorithms: ["ES256"] }), await issuer.token(key))), "accepted alice");
  });

  test("that is no JWT at all is refused", async () => {
    for (const token of ["x", "a.b.c", "..", "e30.e30.e30", randomBytes(900).toString("base64url")])
      await refused(token);
  });

  test("of more than 12288 characters is refused without being read", async () => {
    assert.match(words(await judge(make(), "x".repeat(12_289))), /more than 12288 characters/);
    assert.deepEqual(issuer.asked, []);
  });
});

test("what an operator may not ask for is said when the validator is made", () => {
  assert.throws(() => make({ algorithms: ["HS256" as TokenAlgorithm] }), /HS256/);
  assert.throws(() => make({ algorithms: ["none" as TokenAlgorithm] }), /none/);
  assert.throws(() => make({ algorithms: [] }), /algorithm/);
  assert.throws(() => make({ audience: [] }), /audience/);
  assert.throws(() => make({}, { scope: [] }), /scope/);
  assert.throws(() => make({ issuer: "http://login.example.com" }), /not https/);
  assert.throws(() => make({ jwks: "http://192.0.2.1/jwks" }), /not https/);
  assert.throws(
    () => make({ issuer: "https://user:pw-secret@login.example.com" }),
    /^Error: a URL of login.example.com/,
  );
  assert.throws(() => make({ issuer: "login" }), /not a URL/);
});

describe("keys", () => {
  const QUICK = { fresh: 50, usable: 60_000, cooldown: 20, retry: 20 };

  test("that are new are fetched, and those withdrawn are forgotten", async () => {
    const validator = make({}, { keyAges: QUICK });
    const [old, fresh] = [await issuer.token(key), await makeKey("two")];
    assert.equal(words(await judge(validator, old)), "accepted alice");
    issuer.keys = [fresh];
    await sleep(30);
    assert.equal(words(await judge(validator, await issuer.token(fresh))), "accepted alice");
    assert.match(words(await judge(validator, old)), /^denied bad-credentials: the token is signed with no key of/);
  });

  test("that nobody has make no request for each token that wants them", async () => {
    const validator = make();
    for (let n = 0; n < 20; n += 1) {
      const verdict = await judge(validator, await issuer.token(key, {}, { kid: `k${n}` }));
      assert.equal(verdict.kind, "denied");
    }
    assert.equal(issuer.count("GET /jwks"), 1);
  });

  test("are asked for once, however many clients come at once", async () => {
    const validator = make();
    const token = await issuer.token(key);
    const verdicts = await Promise.all(Array.from({ length: 50 }, () => judge(validator, token)));
    assert.deepEqual(new Set(verdicts.map(words)), new Set(["accepted alice"]));
    assert.equal(issuer.count("GET /jwks"), 1);
  });

  test("that cannot be had make nobody's token wrong, and it is well again by itself", async () => {
    const server = await Issuer.start({ keys: [key] });
    try {
      const validator = make({ issuer: server.url }, { keyAges: { ...QUICK, usable: 60 } });
      const token = await server.token(key);
      await server.stop();
      const down = await judge(validator, token);
      assert.match(
        words(down),
        /^unavailable: the keys of .* cannot be had: localhost:\d+ cannot be asked: ECONNREFUSED$/,
      );
      await server.listen();
      await sleep(30);
      assert.equal(words(await judge(validator, token)), "accepted alice");
      await server.stop();
      await sleep(80);
      assert.equal((await judge(validator, token)).kind, "unavailable");
      await server.listen();
      await sleep(30);
      assert.equal(words(await judge(validator, token)), "accepted alice");
    } finally {
      await server.stop();
    }
  });

  test("outlive a short outage of the issuer, but an unknown one is nobody's fault then", async () => {
    const server = await Issuer.start({ keys: [key] });
    try {
      const validator = make({ issuer: server.url }, { keyAges: QUICK });
      const token = await server.token(key);
      assert.equal(words(await judge(validator, token)), "accepted alice");
      await server.stop();
      await sleep(70);
      assert.equal(words(await judge(validator, token)), "accepted alice");
      assert.equal((await judge(validator, await server.token(key, {}, { kid: "new" }))).kind, "unavailable");
    } finally {
      await server.listen();
      await server.stop();
    }
  });

  test("are not asked for again at once after a failure", async () => {
    issuer.trouble = (_request, response) => Boolean(response.writeHead(500).end("{}"));
    const validator = make();
    for (let n = 0; n < 5; n += 1) {
      assert.match(words(await judge(validator, await issuer.token(key))), /^unavailable: .* status 500$/);
    }
    assert.equal(issuer.asked.length, 1);
  });
});

describe("an issuer that is not as it should be makes the judge unable, never a token wrong", () => {
  const troubles: Readonly<Record<string, [Issuer["trouble"], RegExp]>> = {
    "sends elsewhere": [
      (_, response) => Boolean(response.writeHead(302, { location: `${issuer.url}/jwks` }).end()),
      /elsewhere/,
    ],
    "says what is no JSON": [(_, response) => Boolean(response.end("<html>")), /JSON/],
    "says a list": [(_, response) => Boolean(response.end("[]")), /JSON object/],
    "nests without end": [(_, response) => Boolean(response.end("[".repeat(200_000))), /JSON/],
    "is another issuer": [(_, response) => Boolean(response.end('{"issuer":"https://other"}')), /another issuer/],
    compresses: [
      (_, response) => Boolean(response.writeHead(200, { "content-encoding": "gzip" }).end("x")),
      /encoding/,
    ],
    "sends megabytes": [(_, response) => Boolean(response.end(Buffer.alloc(4 << 20, 0x20))), /more than 262144 bytes/],
    "hangs up": [(request) => Boolean(request.socket.destroy()), /ECONNRESET/],
    "never answers": [() => true, /within 0.3 s/],
    "begins and stops": [(_, response) => Boolean(response.writeHead(200).write('{"issuer"')), /within 0.3 s/],
    "has keys elsewhere": [
      (_, response) => Boolean(response.end(JSON.stringify({ issuer: issuer.url, jwks_uri: "https://evil.example/" }))),
      /https:\/\/evil.example is not an origin of the configuration/,
    ],
    "names no keys": [(_, response) => Boolean(response.end(JSON.stringify({ issuer: issuer.url }))), /no key set/],
    "has a key set without keys": [
      (request, response) => request.url === "/jwks" && Boolean(response.end('{"keys":"none"}')),
      /no keys/,
    ],
    "has a key that is none": [
      (request, response) =>
        request.url === "/jwks" &&
        Boolean(response.end('{"keys":[{"kty":"EC","kid":"one","crv":"P-256","x":"A","y":"A"}]}')),
      /unreadable/,
    ],
  };
  for (const [what, [trouble, why]] of Object.entries(troubles)) {
    test(`it ${what}`, async () => {
      issuer.trouble = trouble;
      const started = performance.now();
      const verdict = await judge(make({}, { timeout: 300 }), await issuer.token(key));
      assert.equal(verdict.kind, "unavailable", words(verdict));
      assert.match(words(verdict), why);
      assert.ok(performance.now() - started < 3000);
    });
  }
});

test("more clients than may wait are told so at once, and those inside keep their time limit", async () => {
  issuer.trouble = () => true;
  const validator = make({}, { timeout: 300, concurrency: 2 });
  const token = await issuer.token(key);
  const started = performance.now();
  const verdicts = await Promise.all(Array.from({ length: 30 }, () => judge(validator, token)));
  assert.ok(performance.now() - started < 2000, "nobody waits longer than the time limit");
  assert.equal(verdicts.filter((each) => /too many/.test(words(each))).length, 30 - 2 - 16);
  assert.ok(verdicts.every(({ kind }) => kind === "unavailable"));
});

test("with authorities of its own it asks by TLS whom it can verify, and nobody else", async () => {
  const server = await Issuer.start({ tls: CERTIFICATE, keys: [key] });
  try {
    const token = await server.token(key);
    assert.equal(words(await judge(make({ issuer: server.url }, { ca: CERTIFICATE.cert }), token)), "accepted alice");
    for (const ca of [STRANGER.cert, undefined]) {
      assert.match(words(await judge(make({ issuer: server.url }, { ca }), token)), /^unavailable: .*SELF_SIGNED/);
    }
  } finally {
    await server.stop();
  }
});

test("a key set at a given address needs no discovery, whatever the issuer is called", async () => {
  const source = { issuer: "https://sts.example.com/tenant/", jwks: `${issuer.url}/jwks` };
  const token = await issuer.token(key, { iss: source.issuer });
  assert.equal(words(await judge(make(source), token)), "accepted alice");
  assert.deepEqual(issuer.asked, ["GET /jwks"]);
});

test("a validator that is closed ends what is under way and judges no more", async () => {
  issuer.trouble = () => true;
  const validator = make({}, { timeout: 30_000 });
  const waiting = judge(validator, await issuer.token(key));
  await sleep(50);
  await validator.close!();
  assert.match(words(await waiting), /^unavailable: .*closed/);
  assert.match(words(await judge(validator, "x")), /^unavailable: the validator is closed/);
});

test("any token is a verdict, and whatever is not the issuer's own is wrong", async () => {
  const validator = make();
  const word = fc.oneof(
    fc.string({ unit: "binary" }),
    fc.json().map((json) => Buffer.from(json).toString("base64url")),
  );
  const good = await issuer.token(key);
  const mutated = fc
    .tuple(fc.nat(good.length - 1), fc.base64String({ minLength: 4 }))
    .map(([at, text]) => good.slice(0, at) + text);
  const anyToken = fc.oneof(
    fc.string({ unit: "binary" }),
    fc.array(word, { maxLength: 5 }).map((all) => all.join(".")),
    mutated,
  );
  await fc.assert(
    fc.asyncProperty(anyToken, fc.string({ unit: "binary" }), async (token, name) => {
      const verdict = await judge(validator, token, name);
      assert.equal(verdict.kind === "denied" && verdict.reason, "bad-credentials", words(verdict));
    }),
    { numRuns: 300 },
  );
});

test("claims of any shape in a genuine token are a verdict", async () => {
  const validator = make({}, { claims: { username: "user.name", mailbox: "email", groups: "groups" } });
  const value = fc.oneof(fc.jsonValue(), fc.constantFrom("alice", "mail", true, "true"));
  const anyClaims = fc.record(
    {
      user: fc.oneof(value, fc.record({ name: value })),
      email: value,
      email_verified: value,
      groups: value,
      scope: value,
      scp: value,
    },
    { requiredKeys: [] },
  );
  await fc.assert(
    fc.asyncProperty(anyClaims, async (claims) => {
      const token = await new SignJWT({ iss: issuer.url, aud: "mail", exp: now() + 60, ...(claims as JWTPayload) })
        .setProtectedHeader({ alg: key.alg, kid: key.kid })
        .sign(key.privateKey);
      assert.match(words(await judge(validator, token, "alice")), /^(accepted|denied)/);
    }),
    { numRuns: 200 },
  );
});

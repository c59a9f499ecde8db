/** The client's side of the mechanisms, each against the server's side or the example of its document. */
import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { test } from "node:test";
import fc from "fast-check";
import type { Validator } from "../../src/core/validator.ts";
import { SaslError, type ClientExchange } from "../../src/sasl/client/exchange.ts";
import { cramMd5Client } from "../../src/sasl/client/cram-md5.ts";
import { externalClient } from "../../src/sasl/client/external.ts";
import { loginClient } from "../../src/sasl/client/login.ts";
import { ntlmClient } from "../../src/sasl/client/ntlm.ts";
import { oauthBearerClient } from "../../src/sasl/client/oauthbearer.ts";
import { plainClient } from "../../src/sasl/client/plain.ts";
import { scramClient } from "../../src/sasl/client/scram.ts";
import { xoauth2Client } from "../../src/sasl/client/xoauth2.ts";
import { DEFAULT_POLICY } from "../../src/ntlm/policy.ts";
import { login } from "../../src/sasl/login.ts";
import { makeOffer, type Offer } from "../../src/sasl/mechanism.ts";
import { ntlm } from "../../src/sasl/ntlm.ts";
import { plain } from "../../src/sasl/plain.ts";
import { accountsValidator } from "../../src/validators/file/file.ts";
import { VISIT } from "../support/visit.ts";
import { accepted, ending, talk } from "./keys-judge.ts";

const ALICE = { username: "alice", password: "päss word" };
const users: Validator = {
  name: "users",
  password: ({ username, password }) =>
    Promise.resolve(
      password.reveal() === ALICE.password ? accepted(username) : { kind: "unknown", why: "another password" },
    ),
};

test("PLAIN and LOGIN say what their servers understand", async () => {
  for (const [mechanism, client] of [
    [plain, plainClient(ALICE)],
    [login, loginClient(ALICE)],
  ] as const) {
    const { conclusion } = await talk(makeOffer(mechanism, users) as Offer, client);
    assert.deepEqual(
      [ending({ conclusion }), client.plaintext, client.mechanism],
      ["accepted alice", true, mechanism.name],
    );
    client.finish();
  }
  assert.equal(String(plainClient({ ...ALICE, authzid: "bob" }).initial), "bob\0alice\0päss word");
});

test("a NUL cannot be said in PLAIN", () => {
  assert.throws(() => plainClient({ username: "alice", password: "a\0b" }), SaslError);
});

test("LOGIN answers two prompts whatever they say, and no third", async () => {
  const client = loginClient(ALICE);
  assert.equal(client.initial, undefined);
  assert.equal(String(await client.next(Buffer.from("Benutzer"))), "alice");
  assert.equal(String(await client.next(Buffer.alloc(0))), ALICE.password);
  await assert.rejects(client.next(Buffer.from("PIN")), { name: "SaslError", code: "bad-challenge" });
});

test("EXTERNAL names nobody, or whom to act as", () => {
  assert.equal(externalClient().initial?.length, 0);
  assert.equal(String(externalClient({ authzid: "alice" }).initial), "alice");
});

test("OAUTHBEARER says RFC 7628's example, and answers an error with one byte", async () => {
  const client = oauthBearerClient({
    username: "user@example.com",
    host: "server.example.com",
    port: 143,
    token: "vF9dft4qmTc2Nvb3RlckBhbHRhdmlzdGEuY29tCg==",
  });
  // RFC 7628 section 4.1, the first message.
  const example =
    "bixhPXVzZXJAZXhhbXBsZS5jb20sAWhvc3Q9c2VydmVyLmV4YW1wbGUuY29tAXBvcnQ9MTQzAWF1dGg9QmVhcmVyIHZGOWRmdDRxbVRjMk52YjNSbGNrQmhiSFJoZG1semRHRXVZMjl0Q2c9PQEB";
  assert.equal(Buffer.from(client.initial ?? []).toString("base64"), example);
  assert.equal(client.failure, undefined);
  const error = { status: "invalid_token", scope: "mail", "openid-configuration": "https://example.com/.well-known" };
  assert.deepEqual([...(await client.next(Buffer.from(JSON.stringify(error))))], [1]);
  assert.deepEqual(client.failure, {
    status: "invalid_token",
    scope: "mail",
    openidConfiguration: "https://example.com/.well-known",
  });
  await assert.rejects(client.next(Buffer.alloc(0)), SaslError);
});

test("XOAUTH2 has its own form, and answers an error with nothing", async () => {
  const client = xoauth2Client({
    username: "someuser@example.com",
    token: "ya29.vF9dft4qmTc2Nvb3RlckBhdHRhdmlzdGEuY29tCg",
  });
  // Google's document "OAuth 2.0 Mechanism", the initial client response.
  const example =
    "dXNlcj1zb21ldXNlckBleGFtcGxlLmNvbQFhdXRoPUJlYXJlciB5YTI5LnZGOWRmdDRxbVRjMk52YjNSbGNrQmhkSFJoZG1semRHRXVZMjl0Q2cBAQ==";
  assert.equal(Buffer.from(client.initial ?? []).toString("base64"), example);
  assert.equal((await client.next(Buffer.from('{"status":"401","schemes":"bearer","scope":"mail"}'))).length, 0);
  assert.deepEqual([client.failure?.status, client.failure?.scope], ["401", "mail"]);
});

test("what a server says of a token is understood whatever it is", async () => {
  await fc.assert(
    fc.asyncProperty(fc.oneof(fc.json(), fc.string()), async (text) => {
      const client = oauthBearerClient({ username: "", token: "t" });
      assert.equal((await client.next(Buffer.from(text))).length, 1);
      assert.ok(client.failure !== undefined);
    }),
  );
});

test("names and tokens with control characters are not sent", () => {
  for (const bad of ["a\u0001b", "a\r\nb"]) {
    assert.throws(() => oauthBearerClient({ username: bad, token: "t" }), SaslError);
    assert.throws(() => xoauth2Client({ username: "u", token: bad }), SaslError);
  }
});

test("NTLM answers a challenge with NTLMv2 and a MIC", async () => {
  const client = ntlmClient({ ...ALICE, domain: "EXAMPLE" });
  const settings = {
    policy: DEFAULT_POLICY,
    dialect: "auto",
    nonce: () => randomBytes(8),
    clock: () => 133_500_000_000_000_000n,
  } as const;
  const names = { netbiosDomain: "EXAMPLE", netbiosComputer: "MAIL", domainJoined: true };
  const validator = accountsValidator({ name: "users", text: `alice:{PLAIN}${ALICE.password}\n`, names });
  const { conclusion } = await talk(makeOffer(ntlm(settings), validator) as Offer, client, VISIT);
  assert.equal(ending({ conclusion }), "accepted alice");
  assert.equal(conclusion.claimed, "EXAMPLE\\alice");
});

test("NTLM refuses a challenge that is none, with the error of all mechanisms", async () => {
  await assert.rejects(ntlmClient(ALICE).next(Buffer.from("NTLMSSP\0nonsense")), {
    name: "SaslError",
    code: "bad-challenge",
  });
});

test("SCRAM sends no password that cannot be prepared", () => {
  for (const password of ["", "\u0007", "\u00ad"])
    assert.throws(() => scramClient({ hash: "SHA-256", username: "alice", password }), { code: "bad-credentials" });
});

test("SCRAM wants the server's proof before success counts, and a server that refuses says why", async () => {
  const client = scramClient({ hash: "SHA-256", ...ALICE });
  assert.throws(() => client.finish(), { code: "server-not-proven" });
  await assert.rejects(client.next(Buffer.from("e=unknown-user")), { code: "refused", message: /unknown-user/ });
  await assert.rejects(client.next(Buffer.from("e=unknown-user")), { code: "bad-challenge" });
});

test("SCRAM does not work for a server that asks for more than it should", async () => {
  const client = scramClient({ hash: "SHA-256", ...ALICE, nonce: "abc", mostIterations: 10_000 });
  const started = performance.now();
  await assert.rejects(client.next(Buffer.from("r=abcd,s=AAAA,i=10001")), { code: "bad-challenge" });
  assert.ok(performance.now() - started < 500);
});

test("whatever a server sends, clients answer or reject with the one error they have", async () => {
  const clients: readonly (() => ClientExchange)[] = [
    () => plainClient(ALICE),
    () => loginClient(ALICE),
    () => cramMd5Client(ALICE),
    () => ntlmClient(ALICE),
    () => externalClient(),
    () => oauthBearerClient({ username: "alice", token: "t" }),
    () => scramClient({ hash: "SHA-256", ...ALICE, nonce: "abc" }),
  ];
  const challenges = fc.array(fc.oneof(fc.uint8Array(), fc.constantFrom("r=abcd,s=AAAA,i=4096", "v=AAAA", "e=x", "NTLMSSP\0").map((text) => Buffer.from(text))), { maxLength: 3 }); // prettier-ignore
  await fc.assert(
    fc.asyncProperty(challenges, async (bytes) => {
      for (const make of clients) {
        const client = make();
        for (const challenge of bytes) {
          const answer = await client.next(challenge).catch((error: unknown) => error);
          assert.ok(answer instanceof Uint8Array || answer instanceof SaslError, String(answer));
        }
      }
    }),
  );
});

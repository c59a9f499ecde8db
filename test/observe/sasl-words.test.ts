/** SASL messages in words: RFC examples, what is hidden, and any bytes. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import { guessMechanism, formatSasl, saslWords, type SaslStep } from "../../src/observe/sasl-words.ts";
import type { ScramContext } from "../../src/observe/scram-words.ts";

const now = new Date("2026-01-02T03:04:05Z");

function words(mechanism: string, text: string, context: ScramContext = {}, step: Partial<SaslStep> = {}) {
  return saslWords({ mechanism, from: "client", index: 0, bytes: Buffer.from(text), ...step }, context);
}

function field(description: ReturnType<typeof words>, name: string) {
  return description.fields.find((each) => each.name === name);
}

describe("SCRAM", () => {
  const CLIENT_NONCE = "fyko+d2lbbFgONRv9qkxdawL";
  const NONCE = `${CLIENT_NONCE}3rfcNHYJY1ZVvWVs7j`;

  test("a client-first-message has its header, name and nonce at their places", () => {
    const first = words("SCRAM-SHA-1", `p=tls-exporter,a=bo=2Cb,n=us=3Der,r=${CLIENT_NONCE}`);
    assert.equal(first.message, "client-first-message");
    assert.deepEqual(
      first.fields.map(({ name, offset, length, text }) => [name, offset, length, text]),
      [
        ["gs2-cbind-flag", 0, 14, "p=tls-exporter"],
        ["authzid", 15, 8, "bo,b"],
        ["username", 24, 9, "us=er"],
        ["nonce", 34, 26, CLIENT_NONCE],
      ],
    );
    assert.match(first.fields[0]?.meaning ?? "", /bound to the TLS connection by tls-exporter/);
    assert.equal(first.problem, undefined);
  });

  test("the nonce of an answer is cut into both parts, or said to be another's", () => {
    const text = `r=${NONCE},s=QSXCR+Q6sek8bf92,i=4096`;
    const right = words("SCRAM-SHA-1", text, { clientNonce: CLIENT_NONCE });
    assert.match(field(right, "nonce")?.meaning ?? "", /the server's "3rfcNHYJY1ZVvWVs7j"/);
    assert.equal(field(right, "salt")?.meaning, "12 bytes");
    assert.equal(right.notes, undefined);
    assert.match(words("SCRAM-SHA-1", text, { clientNonce: "other" }).notes?.[0] ?? "", /another exchange/);
    assert.match(words("SCRAM-SHA-1", `r=x,s=QSXC,i=1`, { clientNonce: "x" }).notes?.[0] ?? "", /added nothing/);
    assert.match(field(words("SCRAM-SHA-1", "r=x,s=QSXC,i=1"), "iteration-count")?.meaning ?? "", /fewer than/);
  });

  test("a client-final-message shows its binding, and hides its proof", () => {
    const binding = Buffer.from("p=tls-exporter,,0123456789").toString("base64");
    const text = `c=${binding},r=${NONCE},p=v0X8v3Bz2T0CJGbJQyF0X+HI4Ts=`;
    const hidden = words("SCRAM-SHA-1-PLUS", text, { gs2Header: "n,," });
    const meaning = field(hidden, "channel-binding")?.meaning ?? "";
    assert.match(meaning, /"p=tls-exporter,,", NOT that of .* 10 bytes of tls-exporter: 30313233343536373839/);
    assert.deepEqual([field(hidden, "proof")?.text, field(hidden, "proof")?.meaning], ["(hidden)", "20 bytes: SHA-1"]);
    assert.ok(!JSON.stringify(hidden).includes("v0X8"));
    assert.equal(
      field(words("SCRAM-SHA-1", text, { showSecrets: true }), "proof")?.text,
      "v0X8v3Bz2T0CJGbJQyF0X+HI4Ts=",
    );
  });

  test("a server-final-message has a verifier or an error; what is missing is said", () => {
    assert.equal(field(words("SCRAM-SHA-1", "v=rmF9pqV8S7suAoZWja4dJRkFsKQ="), "verifier")?.text, "(hidden)");
    assert.equal(field(words("SCRAM-SHA-1", "e=invalid-proof"), "server-error")?.text, "invalid-proof");
    assert.equal(words("SCRAM-SHA-1", "r=x,i=4096").problem, "without s=");
    assert.equal(words("SCRAM-SHA-1", "hello").problem, "no attribute");
  });
});

describe("PLAIN, LOGIN and the rest", () => {
  test("PLAIN has three parts at their places, the last one hidden", () => {
    const plain = words("PLAIN", "bob\0älice\0secret ");
    assert.deepEqual(
      plain.fields.map(({ name, offset, length, text, meaning }) => [name, offset, length, text, meaning]),
      [
        ["authzid", 0, 3, "bob", "acts as this user"],
        ["authcid", 4, 6, "älice", undefined],
        ["passwd", 11, 7, "(hidden)", "begins or ends with a blank"],
      ],
    );
    assert.equal(field(words("PLAIN", "\0alice\0secret", { showSecrets: true }), "passwd")?.text, "secret");
    assert.equal(words("PLAIN", "alice\0secret").problem, "1 NUL bytes instead of 2");
    assert.equal(words("PLAIN", "\0alice\0").problem, "an empty passwd");
  });

  test("LOGIN's first response is the name, its second the password; prompts are shown", () => {
    assert.equal(field(words("LOGIN", "alice"), "username")?.text, "alice");
    assert.equal(field(words("LOGIN", "secret", {}, { index: 1 }), "password")?.text, "(hidden)");
    assert.equal(field(words("LOGIN", "Username:", {}, { from: "server" }), "text")?.text, "Username:");
  });

  test("CRAM-MD5 shows the name, EXTERNAL the identity, and a mechanism that nobody knows nothing", () => {
    const cram = words("CRAM-MD5", "tim b913a602c7eda7a495b4e6e7334d3890");
    assert.deepEqual(
      cram.fields.map(({ text }) => text),
      ["tim", "(hidden)"],
    );
    assert.match(field(words("EXTERNAL", ""), "authzid")?.meaning ?? "", /certificate/);
    assert.equal(words("X-OWN", "secret").fields[0]?.text, "(hidden)");
  });
});

describe("OAuth", () => {
  const part = (value: object) => Buffer.from(JSON.stringify(value)).toString("base64url");
  const JWT = `${part({ alg: "RS256", kid: "k1" })}.${part({ sub: "alice", exp: 1767323165, aud: ["mail"] })}.c2lnbmF0dXJl`;

  test("OAUTHBEARER shows header and claims of a JWT, times in UTC, and never its signature", () => {
    const bearer = words(
      "OAUTHBEARER",
      `n,a=alice@example.com,\x01host=mail.example.com\x01port=993\x01auth=Bearer ${JWT}\x01\x01`,
      { now },
    );
    assert.equal(bearer.problem, undefined);
    assert.equal(field(bearer, "gs2-header")?.meaning, 'user "alice@example.com"');
    assert.deepEqual([field(bearer, "host")?.text, field(bearer, "port")?.text], ["mail.example.com", "993"]);
    assert.deepEqual([field(bearer, "header alg")?.text, field(bearer, "claim sub")?.text], ["RS256", "alice"]);
    assert.equal(field(bearer, "claim exp")?.meaning, "2026-01-02 03:06:05 UTC (2 minutes ahead)");
    assert.equal(field(bearer, "token")?.text, "(hidden)");
    assert.ok(!JSON.stringify(bearer).includes("c2lnbmF0dXJl"));
  });

  test("XOAUTH2 has its user; opaque tokens and what may be one are hidden", () => {
    const right = words("XOAUTH2", "user=alice@example.com\x01auth=Bearer ya29.secret\x01\x01");
    assert.equal(field(right, "user")?.text, "alice@example.com");
    assert.equal(field(right, "token")?.meaning, "opaque");
    assert.ok(!JSON.stringify(right).includes("ya29"));
    const wrong = words("XOAUTH2", "user=alice\x01Bearer ya29.secret\x01\x01");
    assert.equal(wrong.problem, "no auth= with a token");
    assert.ok(!JSON.stringify(wrong).includes("ya29"));
    assert.equal(words("XOAUTH2", "user=alice\x01auth=Bearer x\x01").problem, "does not end with two 0x01");
  });

  test("a server's error is read, and its acknowledgement known", () => {
    const error = words("OAUTHBEARER", '{"status":"invalid_token","scope":"mail"}', {}, { from: "server" });
    assert.equal(field(error, "status")?.text, "invalid_token");
    assert.match(words("OAUTHBEARER", "\x01").message, /acknowledgement/);
  });
});

describe("any bytes", () => {
  test("are described, never thrown at, and play with no terminal", () => {
    const mechanisms = ["SCRAM-SHA-256", "PLAIN", "LOGIN", "XOAUTH2", "OAUTHBEARER", "CRAM-MD5", "EXTERNAL", "X"];
    const starts = ["", "n,,n=", "r=", "c=", "v=", "user=", "n,a=x,\x01auth=Bearer eyJ.", "\0a\0"];
    const bytes = fc
      .tuple(fc.constantFrom(...starts), fc.uint8Array({ maxLength: 200 }))
      .map(([start, rest]) => Buffer.concat([Buffer.from(start), rest]));
    fc.assert(
      fc.property(fc.constantFrom(...mechanisms), bytes, fc.boolean(), (mechanism, message, fromClient) => {
        const step = { mechanism, from: fromClient ? "client" : "server", index: 1, bytes: message } as const;
        const description = saslWords(step, { now });
        assert.equal(description.length, message.length);
        for (const { offset, length } of description.fields) assert.ok(offset + length <= message.length);
        for (const line of formatSasl(description)) assert.doesNotMatch(line, /[\p{Cc}\u2028\u202e]/u);
        guessMechanism(message);
      }),
      { numRuns: 2000 },
    );
  });

  test("are guessed only from whole messages", () => {
    assert.equal(guessMechanism(Buffer.from("n,,n=user,r=abc")), "SCRAM");
    assert.equal(guessMechanism(Buffer.from("\0alice\0secret")), "PLAIN");
    assert.equal(guessMechanism(Buffer.from("user=a\x01auth=Bearer b\x01\x01")), "XOAUTH2");
    assert.equal(guessMechanism(Buffer.from("n,,\x01auth=Bearer b\x01\x01")), "OAUTHBEARER");
    for (const text of ["hello", "n,,", "a\0b", "r=1,2", ""])
      assert.equal(guessMechanism(Buffer.from(text)), undefined);
  });
});

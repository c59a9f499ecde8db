/** `postern decode --password`: what would have matched when a response is wrong, for NTLM, SCRAM and passwords in clear. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { decode, type DecodeOptions } from "../../src/cli/decode.ts";
import { desl } from "../../src/ntlm/des.ts";
import { lmHash, ntHash, unicode } from "../../src/ntlm/hashes.ts";
import { computeResponses } from "../../src/ntlm/initiator.ts";
import { encodeAuthenticate } from "../../src/ntlm/messages/authenticate.ts";
import { ACCOUNT, nonce, NOW, record } from "../ntlm/exchange.ts";

const { pending } = record();
const EMPTY = Buffer.alloc(0);
const PASSWORD = ACCOUNT.password;

function finding(text: string, options: DecodeOptions) {
  const { lines, exitCode } = decode([text], { ...options, json: true });
  const { exchanges } = JSON.parse(lines.join("\n")) as { exchanges: { finding?: { response: string } }[] };
  return { response: exchanges[0]?.finding?.response ?? "", exitCode };
}

/** CHALLENGE and AUTHENTICATE of a client that computed with other things than it sent. */
function paste(
  computed: { user?: string; domain?: string; password?: string },
  sent: { user?: string; domain?: string } = {},
) {
  const { ntResponse } = computeResponses(
    { ...ACCOUNT, ...computed, clientChallenge: nonce(8, 2), time: NOW },
    { serverChallenge: pending.serverChallenge, targetInfo: pending.targetInfo },
    "NTLMv2",
  );
  return texts({ ntResponse, lmResponse: Buffer.alloc(24), ...sent });
}

function texts(
  fields: { ntResponse: Buffer; lmResponse: Buffer; user?: string; domain?: string },
  challenge = pending.message,
) {
  const { ntResponse, lmResponse, user = ACCOUNT.user, domain = ACCOUNT.domain } = fields;
  const names = { user: unicode(user), domain: unicode(domain), workstation: EMPTY };
  const message = encodeAuthenticate({
    flags: 0x80001,
    ntResponse,
    lmResponse,
    encryptedRandomSessionKey: EMPTY,
    ...names,
  });
  return `${challenge.toString("base64")}\n${message.toString("base64")}`;
}

describe("names that would have matched", () => {
  const cases: readonly (readonly [string, Parameters<typeof paste>, RegExp])[] = [
    ["another domain of the server's", [{ domain: "example.com" }, { domain: "X" }], /but for domain "example\.com"/],
    ["a lower-case domain", [{ domain: "example" }], /but for domain "example"/],
    [
      "the user without the domain behind it",
      [{ domain: "EXAMPLE" }, { user: "alice@example.com", domain: "" }],
      /for user "alice" and for domain "EXAMPLE"/,
    ],
    [
      "the whole address",
      [{ user: "alice@example.com", domain: "" }],
      /for user "alice@example\.com" and for an empty domain/,
    ],
    [
      "an address of the server's domain",
      [{ user: "alice@example.com", domain: "" }, { domain: "" }],
      /for user "alice@example\.com"/,
    ],
    ["the name with the domain before it", [{ user: "EXAMPLE\\alice", domain: "" }], /for user "EXAMPLE\\\\alice"/],
  ];
  for (const [what, exchange, words] of cases) {
    test(what, () => {
      const { response, exitCode } = finding(paste(...exchange), { password: PASSWORD });
      assert.match(response, words);
      assert.match(response, /^wrong: /);
      assert.equal(exitCode, 1);
    });
  }

  test("those given with --user and --domain, or one of them", () => {
    const text = paste({ user: "smith", domain: "CORP" });
    assert.match(finding(text, { password: PASSWORD, user: "smith", domain: "CORP" }).response, /for user "smith"/);
    const other = paste({ domain: "CORP" });
    assert.match(finding(other, { password: PASSWORD, domain: "CORP" }).response, /but for domain "CORP"/);
  });
});

describe("passwords that would have matched", () => {
  const cases: readonly (readonly [string, string, RegExp])[] = [
    [`${PASSWORD}\n`, PASSWORD, /a line feed behind it/],
    [`${PASSWORD} `, PASSWORD, /a blank behind it/],
    [PASSWORD, `${PASSWORD} `, /without the blanks around it/],
    ["sECreT01", PASSWORD, /Caps Lock/],
    ["", PASSWORD, /empty password/],
    ["[object Promise]", PASSWORD, /a fault of Thunderbird/],
    [Buffer.from("Grüße").toString("latin1"), "Grüße", /in utf-8, each taken for a character/],
    ["Gr\u0081\u00e1e", "Grüße", /in cp850, each taken for a character/],
    ["Gru\u0308ße", "Grüße", /decomposed form/],
  ];
  for (const [computed, given, words] of cases) {
    test(`${JSON.stringify(computed)} where ${JSON.stringify(given)} was given`, () => {
      const wrong = finding(paste({ password: computed }), { password: given });
      assert.match(wrong.response, words);
      assert.equal(wrong.exitCode, 1);
    });
  }

  test("with another name at the same time", () => {
    const { response } = finding(paste({ password: `${PASSWORD}\n`, domain: "MAIL" }), { password: PASSWORD });
    assert.match(response, /for domain "MAIL".*; and computed with the password and a line feed behind it/);
  });

  test("an NT hash given instead", () => {
    const { response } = finding(paste({}), { password: ntHash(PASSWORD).toString("hex") });
    assert.match(response, /right for what was given as an NT hash/);
  });

  test("none, within half a second of work", () => {
    const before = process.cpuUsage();
    assert.match(
      finding(paste({ password: "other" }), { password: PASSWORD }).response,
      /another password or for another challenge/,
    );
    const { user } = process.cpuUsage(before);
    assert.ok(user < 1_500_000, `${user} microseconds`);
  });
});

describe("responses that would have matched", () => {
  test("NTLMv1 where NTLM2 session was agreed", () => {
    const ntResponse = desl(ntHash(PASSWORD), pending.serverChallenge);
    const { response } = finding(texts({ ntResponse, lmResponse: Buffer.alloc(24, 9) }), { password: PASSWORD });
    assert.match(response, /a right NTLMv1 one, but extended session security was agreed/);
  });

  test("LM in the NT field", () => {
    const ntResponse = desl(lmHash(PASSWORD) ?? EMPTY, pending.serverChallenge);
    const { response } = finding(texts({ ntResponse, lmResponse: Buffer.alloc(24, 9) }), { password: PASSWORD });
    assert.match(response, /^wrong: the NT field holds a right LM response/);
  });

  test("NTLMv1 in the LM field", () => {
    const lmResponse = desl(ntHash(PASSWORD), pending.serverChallenge);
    const { response } = finding(texts({ ntResponse: Buffer.alloc(24, 9), lmResponse }), { password: PASSWORD });
    assert.match(response, /the LM field holds a right NTLMv1 response/);
  });

  test("LM, which knows no case, beside an NT response for another case: the password is wrong", () => {
    const lm = lmHash(PASSWORD) ?? EMPTY;
    const [right, beside] = [desl(lm, pending.serverChallenge), desl(ntHash("other"), pending.serverChallenge)];
    const { response, exitCode } = finding(texts({ ntResponse: beside, lmResponse: right }), { password: "secret01" });
    assert.match(response, /^wrong: only the LM response is right, which knows no upper and lower case; /);
    assert.equal(exitCode, 1);
    assert.equal(
      finding(texts({ ntResponse: EMPTY, lmResponse: right }), { password: "secret01" }).response,
      "right: LM",
    );
  });

  test("that to another challenge in the paste", () => {
    const { pending: other } = record("NTLMv2", {}, 7);
    const [, authenticate = ""] = paste({}).split("\n");
    const text = [other.message, pending.message, other.message].map((each) => each.toString("base64"));
    const { lines, exitCode } = decode([`${text.join("\n")}\n${authenticate}`], { password: PASSWORD });
    assert.match(lines.join("\n"), /right, but for the challenge 0101010101010101 of another exchange/);
    assert.equal(exitCode, 1);
  });

  test("with --challenge, as 8 bytes and as a message, where the paste has none", () => {
    const [, authenticate = ""] = paste({}).split("\n");
    for (const challenge of ["01".repeat(8), pending.message.toString("hex"), pending.message.toString("base64")])
      assert.deepEqual(finding(authenticate, { password: PASSWORD, challenge }).exitCode, 0);
    assert.equal(finding(authenticate, { password: "x", challenge: "02".repeat(8) }).exitCode, 1);
    assert.equal(decode([authenticate], { challenge: "0102" }).exitCode, 2);
  });
});

describe("SCRAM", () => {
  const b64 = (text: string) => Buffer.from(text).toString("base64");
  const NONCE = "rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0";
  const MESSAGES = [
    "n,,n=user,r=rOprNGfwEbeRWgbNEkqO",
    `r=${NONCE},s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096`,
    `c=biws,r=${NONCE},p=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=`,
    "v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=",
  ];

  test("of RFC 7677 is right, in a dialogue, bare in base64 and as it is", () => {
    const [first, server, final, end] = MESSAGES.map(b64);
    const dialogue = `a AUTHENTICATE SCRAM-SHA-256 ${first}\n+ ${server}\n${final}\n+ ${end}\n\na OK done`;
    for (const text of [dialogue, MESSAGES.map(b64).join("\n"), MESSAGES.join("\n")]) {
      const { response, exitCode } = finding(text, { password: "pencil" });
      assert.equal(response, "right: SCRAM-SHA-256; the server's signature is right, too");
      assert.equal(exitCode, 0);
    }
  });

  test("of another password is wrong, of nearly the right one explained", () => {
    assert.match(finding(MESSAGES.join("\n"), { password: "Pencil" }).response, /^wrong: .* in lower case/);
    assert.match(finding(MESSAGES.join("\n"), { password: "other" }).response, /^wrong: .* another password/);
    const altered = MESSAGES.with(3, "v=AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=");
    assert.match(finding(altered.join("\n"), { password: "pencil" }).response, /signature is WRONG/);
  });

  test("with more iterations than it is worth, or another nonce, cannot be checked", () => {
    const many = MESSAGES.map((each) => each.replace("i=4096", "i=999999999"));
    assert.match(finding(many.join("\n"), { password: "pencil" }).response, /more than is spent here/);
    const other = MESSAGES.with(2, MESSAGES[2]!.replace(NONCE, `${NONCE}x`));
    assert.match(finding(other.join("\n"), { password: "pencil" }).response, /nonces are of different exchanges/);
  });
});

describe("passwords in clear", () => {
  const plain = `AUTH PLAIN ${Buffer.from("\0alice\0secret").toString("base64")}`;
  const login = `AUTH LOGIN\n334 VXNlcm5hbWU6\nYWxpY2U=\n334 UGFzc3dvcmQ6\n${Buffer.from("secret\r\n").toString("base64")}`;

  test("are right, wrong or nearly right", () => {
    assert.deepEqual(finding(plain, { password: "secret" }), {
      response: "right: it is the password that was sent",
      exitCode: 0,
    });
    assert.equal(finding(plain, { password: "other" }).exitCode, 1);
    assert.match(finding(login, { password: "secret" }).response, /sent was the password and CRLF behind it/);
  });

  test("are never shown, unless asked for", () => {
    for (const text of [plain, login]) {
      assert.ok(!decode([text], { password: "other" }).lines.join("\n").includes("secret"));
      assert.ok(decode([text], { showSecrets: true }).lines.join("\n").includes("secret"));
    }
  });
});

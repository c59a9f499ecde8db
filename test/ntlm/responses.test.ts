/** Verification of responses: which names a key may have been made with, what is never tried, and the published example. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { adoptChallenge, readAuthenticate } from "../../src/ntlm/acceptor.ts";
import { diagnose } from "../../src/ntlm/diagnose.ts";
import { ntHash, unicode } from "../../src/ntlm/hashes.ts";
import { computeResponses } from "../../src/ntlm/initiator.ts";
import { encodeAuthenticate } from "../../src/ntlm/messages/authenticate.ts";
import { hmacMd5 } from "../../src/ntlm/md5.ts";
import { lmv2Response } from "../../src/ntlm/ntlmv2.ts";
import { keyStrings, verifyResponses, type ResponseEvidence } from "../../src/ntlm/responses.ts";
import { LAX, NOW, hashesOf, nonce, record } from "./exchange.ts";

const NT = ntHash("SecREt01");
const EMPTY = Buffer.alloc(0);

/** An LMv2 response whose key was made from exactly this text. */
function evidenceFor(hashed: string, user: string, domain: string): ResponseEvidence {
  const key = hmacMd5(NT, unicode(hashed));
  return {
    names: [{ user, domain }],
    workstation: "",
    serverChallenge: nonce(8, 1),
    ntResponse: EMPTY,
    lmResponse: lmv2Response(key, nonce(8, 1), nonce(8, 2)),
    extendedSessionSecurity: true,
    minimum: "v2",
  };
}

function matched(hashed: string, user: string, domain: string) {
  const match = verifyResponses({ nt: NT }, evidenceFor(hashed, user, domain));
  return match && { user: match.user, domain: match.domain };
}

describe("the names in an NTLMv2 key", () => {
  test("are the user upper-cased and the domain as sent", () => {
    assert.deepEqual(matched("ALICEExample", "alice", "Example"), { user: "alice", domain: "Example" });
  });

  test("may have the domain upper-cased (Samba) or empty (MS-NLMP's retry)", () => {
    assert.deepEqual(matched("ALICEEXAMPLE", "alice", "Example"), { user: "alice", domain: "EXAMPLE" });
    assert.deepEqual(matched("ALICE", "alice", "Example"), { user: "alice", domain: "" });
  });

  test("may not have the user as typed, or another domain, or none of the user", () => {
    assert.equal(matched("aliceExample", "alice", "Example"), undefined);
    assert.equal(matched("ALICEexample", "alice", "Example"), undefined);
    assert.equal(matched("Example", "alice", "Example"), undefined);
  });

  test("outside ASCII may be upper-cased in each way that clients do it", () => {
    assert.ok(matched("STRAßED", "straße", "D"), "Windows");
    assert.ok(matched("STRASSED", "straße", "D"), "impacket, ntlm-auth");
    assert.ok(matched("ÉLODIED", "élodie", "D"), "Windows");
    assert.ok(matched("ıŞıKD", "ışık", "D"), "Samba");
    assert.ok(matched("éLODIED", "élodie", "D"), "ASCII only");
    assert.ok(matched("Ã©LODIED", "élodie", "D"), "curl: UTF-8 bytes as UTF-16 units");
  });

  test("are a bounded number of strings", () => {
    const longest = Array.from({ length: 4 }, (_, index) => ({ user: `ßé${index}`, domain: "dömäin" }));
    assert.ok([...keyStrings(longest)].length <= 4 * 3 * 5);
    assert.equal([...keyStrings([{ user: "alice", domain: "EXAMPLE" }])].length, 2);
  });
});

describe("what is never tried", () => {
  const responses = (scheme: "NTLMv1" | "NTLM2 session" | "LM") =>
    computeResponses(
      { user: "alice", domain: "D", password: "SecREt01", clientChallenge: nonce(8, 2), time: NOW },
      { serverChallenge: nonce(8, 1) },
      scheme,
    );
  const evidence = (scheme: "NTLMv1" | "NTLM2 session", rest: Partial<ResponseEvidence>): ResponseEvidence => ({
    ...evidenceFor("", "alice", "D"),
    ...responses(scheme),
    extendedSessionSecurity: scheme === "NTLM2 session",
    ...rest,
  });

  test("a right response weaker than the minimum", () => {
    const hashes = hashesOf("SecREt01");
    assert.equal(verifyResponses(hashes, evidence("NTLM2 session", { minimum: "v2" })), undefined);
    assert.equal(verifyResponses(hashes, evidence("NTLM2 session", { minimum: "v1-ess" }))?.scheme, "NTLM2 session");
    assert.equal(verifyResponses(hashes, evidence("NTLMv1", { minimum: "v1-ess" })), undefined);
    assert.equal(verifyResponses(hashes, evidence("NTLMv1", { minimum: "v1" }))?.scheme, "NTLMv1");
    assert.equal(verifyResponses(hashes, evidence("NTLMv1", { minimum: "v1", ntResponse: EMPTY })), undefined);
    assert.equal(
      verifyResponses(
        hashes,
        evidence("NTLMv1", { minimum: "lm", ntResponse: EMPTY, lmResponse: responses("LM").lmResponse }),
      )?.scheme,
      "LM",
    );
  });

  test("NTLMv1 arithmetic on an NTLM2 session response", () => {
    const confused = evidence("NTLM2 session", { extendedSessionSecurity: false, minimum: "v1" });
    assert.equal(verifyResponses(hashesOf("SecREt01"), confused), undefined);
  });

  test("an NTLMv1 response in the LM field", () => {
    const moved = evidence("NTLMv1", { ntResponse: EMPTY, lmResponse: responses("NTLMv1").ntResponse, minimum: "lm" });
    assert.equal(verifyResponses(hashesOf("SecREt01"), moved), undefined);
  });
});

test("Cyrus SASL leaves the LM field empty: plain NTLMv1, even if extended session security was agreed", () => {
  const { ntResponse } = computeResponses(
    { user: "alice", domain: "D", password: "SecREt01", clientChallenge: nonce(8, 2), time: NOW },
    { serverChallenge: nonce(8, 1) },
    "NTLMv1",
  );
  const evidence = { ...evidenceFor("", "alice", "D"), ntResponse, lmResponse: EMPTY, minimum: "v1" } as const;
  assert.equal(verifyResponses({ nt: NT }, evidence)?.scheme, "NTLMv1");
});

test("LMv2 stands in where the NTLMv2 response is wrong", () => {
  const evidence = { ...evidenceFor("ALICED", "alice", "D"), ntResponse: Buffer.alloc(60) };
  assert.equal(verifyResponses({ nt: NT }, evidence)?.scheme, "LMv2");
});

test("the published exchange (DOMAIN\\user, SecREt01, challenge 0123456789abcdef) is right, with LM and NTLM", () => {
  const challenge = Buffer.concat([
    Buffer.from("4e544c4d535350000200000000000000000000000102810001234567", "hex"),
    Buffer.from("89abcdef", "hex"),
  ]);
  const authenticate = Buffer.from(
    "TlRMTVNTUAADAAAAGAAYAGoAAAAYABgAggAAAAwADABAAAAACAAIAEwAAAAWABYAVAAAAAAAAACaAAAAAQIAAEQATwBNAEEASQBOAHUAcwBlAHIA" +
      "VwBPAFIASwBTAFQAQQBUAEkATwBOAMM3zVy9RPyXgqZnr21CfG3mfCDC0+d8ViWpjBwx6BhHRmspst9GgPOZWPuMITqcxg==",
    "base64",
  );
  const logon = readAuthenticate(authenticate, adoptChallenge(EMPTY, challenge), LAX);
  assert.ok(logon.kind === "logon");
  assert.deepEqual(logon.evidence.names, [{ user: "user", domain: "DOMAIN" }]);
  assert.equal(logon.evidence.workstation, "WORKSTATION");
  assert.equal(verifyResponses(hashesOf("SecREt01"), logon.evidence)?.scheme, "NTLMv1");
  const lmOnly = { ...logon.evidence, ntResponse: EMPTY };
  assert.equal(verifyResponses(hashesOf("SecREt01"), lmOnly)?.scheme, "LM");
  assert.equal(verifyResponses(hashesOf("secret01"), { ...logon.evidence, minimum: "v1" }), undefined);
  assert.equal(verifyResponses(hashesOf("secret01"), lmOnly)?.scheme, "LM", "LM hashes know no case");
});

describe("diagnose", () => {
  const HASHES = hashesOf("SecREt01");

  /** The logon of a client that hashed other names than it sent. */
  function logonOf(hashed: { user: string; domain: string }, sent: { user: string; domain: string }, lax = LAX) {
    const { pending } = record();
    const { ntResponse } = computeResponses(
      { ...hashed, password: "SecREt01", clientChallenge: nonce(8, 2), time: NOW },
      { serverChallenge: pending.serverChallenge, targetInfo: pending.targetInfo },
      "NTLMv2",
    );
    const names = { user: unicode(sent.user), domain: unicode(sent.domain), workstation: EMPTY };
    const message = encodeAuthenticate({
      ...{ flags: 1, ntResponse, lmResponse: Buffer.alloc(24), encryptedRandomSessionKey: EMPTY },
      ...names,
    });
    const logon = readAuthenticate(message, pending, lax);
    assert.ok(logon.kind === "logon");
    return logon;
  }

  test("says nothing of a right response", () => {
    const alice = { user: "alice", domain: "EXAMPLE" };
    assert.equal(diagnose(logonOf(alice, alice), HASHES, []), undefined);
  });

  const cases: readonly (readonly [string, string, string, string, string, RegExp])[] = [
    ["another domain of the server's", "alice", "example.com", "alice", "EXAMPL", /but for domain "example\.com"/],
    ["the computer's name", "alice", "MAIL", "alice", "X", /but for domain "MAIL"/],
    ["a domain in another case", "alice", "example", "alice", "EXAMPLE", /but for domain "example"/],
    ["a known account", "alice.smith", "CORP", "alice", "X", /for user "alice\.smith" and for domain "CORP"/],
    [
      "the name split at the backslash",
      "alice",
      "EXAMPLE",
      "EXAMPLE\\alice",
      "",
      /for user "alice" and for domain "EXAMPLE"/,
    ],
    [
      "the whole address",
      "alice@example.com",
      "",
      "alice",
      "example.com",
      /for user "alice@example\.com" and for an empty domain/,
    ],
  ];
  for (const [what, user, domain, sentUser, sentDomain, words] of cases) {
    test(`finds ${what}`, () => {
      const logon = logonOf({ user, domain }, { user: sentUser, domain: sentDomain });
      assert.match(diagnose(logon, HASHES, [{ user: "alice.smith", domain: "CORP" }]) ?? "", words);
    });
  }

  test("finds a user name that the client did not upper-case", () => {
    const logon = logonOf({ user: "alice", domain: "EXAMPLE" }, { user: "alice", domain: "EXAMPLE" });
    const lmv2 = { ...evidenceFor("aliceEXAMPLE", "alice", "EXAMPLE") };
    assert.match(
      diagnose({ ...logon, evidence: lmv2, scheme: "LMv2" }, HASHES, []) ?? "",
      /with the user name not upper-cased/,
    );
  });

  test("says another password where nothing fits, and how much was tried", () => {
    const alice = { user: "alice", domain: "EXAMPLE" };
    const words = diagnose(logonOf(alice, alice), hashesOf("other"), []) ?? "";
    assert.match(words, /^the NTLMv2 response was computed with another password or for another challenge \(\d+ forms/);
    assert.doesNotMatch(words, /[0-9a-f]{16}/, "no hash, no response");
  });

  test("says an empty password", () => {
    const { pending, authenticate } = record("NTLMv2", { password: "" });
    const logon = readAuthenticate(authenticate, pending, LAX);
    assert.ok(logon.kind === "logon");
    assert.match(diagnose(logon, HASHES, []) ?? "", /computed with an empty password/);
  });

  test("says that a right response is too weak", () => {
    const { pending, authenticate } = record("LM");
    const logon = readAuthenticate(authenticate, pending, { ...LAX, minimum: "v2" });
    assert.ok(logon.kind === "logon");
    assert.match(
      diagnose(logon, HASHES, []) ?? "",
      /the LM response is right, but not accepted here: the minimum is v2/,
    );
  });

  test("stays quick, whatever it is given to try", () => {
    const many = Array.from({ length: 1000 }, (_, index) => ({ user: `u${index}`, domain: `d${index}` }));
    const alice = { user: "alice", domain: "EXAMPLE" };
    const before = process.cpuUsage().user;
    diagnose(logonOf(alice, alice), hashesOf("other"), many);
    assert.ok(process.cpuUsage().user - before < 500_000, "half a second of processor time");
  });
});

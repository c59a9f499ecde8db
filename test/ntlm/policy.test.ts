/** The acceptor's policy demand by demand, and terms: what a logon may stand on besides the ordinary policy. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import {
  DEFAULT_POLICY,
  openChallenge,
  readAuthenticate,
  settle,
  type AcceptorPolicy,
  type ChooseTerms,
  type Refusal,
  type Stands,
  type Terms,
} from "../../src/ntlm/acceptor.ts";
import { joinFlags, NegotiateFlag as Flag } from "../../src/ntlm/flags.ts";
import { authenticateMessage, type InitiatorOptions } from "../../src/ntlm/initiator.ts";
import { decodeChallenge } from "../../src/ntlm/messages/challenge.ts";
import { encodeNegotiate } from "../../src/ntlm/messages/negotiate.ts";
import { verifyResponses } from "../../src/ntlm/responses.ts";
import type { Scheme } from "../../src/ntlm/scheme.ts";
import { ACCOUNT, hashesOf, LAX, NAMES, nonce, NOW, record, type Recorded } from "./exchange.ts";

type Message = Pick<Recorded, "pending" | "authenticate">;
const WINDOWS = { major: 10, minor: 0, build: 19041, revision: 15 };
const MINUTE = 60_000;
const FILETIME_MINUTE = 600_000_000n;

/** How it ends for who knows the password; early refusals too. */
function end(
  { pending, authenticate }: Message,
  policy: AcceptorPolicy | ChooseTerms,
  now?: bigint,
): Stands | Refusal | "wrong" {
  const logon = readAuthenticate(authenticate, pending, policy, undefined, now);
  if (logon.kind === "refused") return logon;
  const match = verifyResponses(hashesOf(ACCOUNT.password), logon.evidence);
  return match ? settle(logon, match.sessionBaseKey, match.scheme) : "wrong";
}

/** "stands", "wrong", or the rule. */
function ends(message: Message, policy: AcceptorPolicy | ChooseTerms, now?: bigint): string {
  const ending = end(message, policy, now);
  if (ending === "wrong") return ending;
  return ending.kind === "refused" ? ending.rule : ending.kind;
}

describe("the target name", () => {
  const targets = {
    services: ["imap", "IMAP4", "host"],
    hosts: ["mail.example.com", "MAIL", "192.0.2.1", "2001:db8::1"],
  };
  const at = (targetName: AcceptorPolicy["targetName"]): AcceptorPolicy => ({ ...DEFAULT_POLICY, targetName, targets });
  const sent = (targetName?: string) => record("NTLMv2", targetName === undefined ? {} : { targetName });

  for (const name of [
    "imap/mail.example.com",
    "IMAP4/Mail.Example.COM",
    "host/mail",
    "imap/mail.example.com:993",
    "imap/mail.example.com./EXAMPLE",
    "imap/192.0.2.1",
    "imap/[2001:db8::1]:993",
    "imap/2001:db8::1",
  ]) {
    test(`${name} means us`, () => assert.equal(ends(sent(name), at("require")), "stands"));
  }

  for (const name of [
    "smtp/mail.example.com",
    "imap/other.example.com",
    "imap/mail.example.com.evil.org",
    "imap",
    "imap/",
    "/mail.example.com",
    "cifs/mail",
    "imap/[",
  ]) {
    test(`${name} means somebody else`, () => {
      for (const presence of ["verify-if-present", "require"] as const)
        assert.equal(ends(sent(name), at(presence)), "target-name");
      assert.equal(ends(sent(name), at("off")), "stands");
    });
  }

  test("none is none, and so is an empty one", () => {
    for (const none of [sent(), sent("")]) {
      assert.equal(ends(none, at("verify-if-present")), "stands");
      assert.equal(ends(none, at("require")), "target-name");
    }
  });

  test("cannot be had with older schemes where it is required, and need not be where it is not", () => {
    for (const scheme of ["LMv2", "NTLM2 session", "NTLMv1", "LM"] as const) {
      assert.equal(ends(record(scheme), { ...LAX, targetName: "require", targets }), "target-name", scheme);
      assert.equal(ends(record(scheme), { ...LAX, targetName: "verify-if-present", targets }), "stands", scheme);
    }
  });

  test("of whoever answers to no name is always somebody else's", () => {
    assert.equal(ends(sent("imap/mail"), { ...DEFAULT_POLICY, targetName: "verify-if-present" }), "target-name");
  });

  test("a wildcard stands for one label", () => {
    const wild = { ...at("require"), targets: { services: ["imap"], hosts: ["*.example.com"] } };
    assert.equal(ends(sent("imap/mail.example.com"), wild), "stands");
    for (const name of ["imap/example.com", "imap/a.b.example.com", "imap/.example.com"])
      assert.equal(ends(sent(name), wild), "target-name", name);
  });

  test("is escaped and cut in the log", () => {
    const refusal = end(sent(`imap/\r\n${"x".repeat(3000)}`), at("verify-if-present"));
    assert.ok(refusal !== "wrong" && refusal.kind === "refused");
    assert.ok(!refusal.why.includes("\n") && refusal.why.length < 400);
  });
});

describe("the clock window", () => {
  const window = { ...DEFAULT_POLICY, clockWindow: 5 * MINUTE };

  test("lets in who is inside it, in both directions", () => {
    for (const off of [0n, 5n, -5n]) assert.equal(ends(record(), window, NOW + off * FILETIME_MINUTE), "stands");
    for (const off of [6n, -6n]) assert.equal(ends(record(), window, NOW + off * FILETIME_MINUTE), "clock");
  });

  test("is about the client's own time where the CHALLENGE has none", () => {
    const open = (time: bigint): Message => {
      const negotiate = encodeNegotiate({ flags: joinFlags(1, Flag.NTLMSSP_NEGOTIATE_EXTENDED_SESSIONSECURITY) });
      const pending = openChallenge(negotiate, {
        ...{ names: NAMES, serverChallenge: nonce(8, 1), timestamp: NOW, dialect: "exchange" },
      });
      return { pending, authenticate: answer(negotiate, pending.message, { time }) };
    };
    assert.equal(ends(open(NOW), window, NOW), "stands");
    assert.equal(ends(open(NOW - 10n * FILETIME_MINUTE), window, NOW), "clock");
    assert.equal(ends(open(0n), window, NOW), "clock");
    assert.equal(ends(open(2n ** 64n - 1n), window, NOW), "clock");
    assert.equal(ends(open(0n), DEFAULT_POLICY, NOW), "stands");
  });

  test("is not guessed without a clock", () => {
    assert.equal(ends(record(), window), "clock");
    assert.equal(ends(record(), DEFAULT_POLICY), "stands");
  });
});

describe("domains", () => {
  const from = (domain: string, user = ACCOUNT.user) => record("NTLMv2", { domain, user });
  const allowed = (...allowedDomains: string[]) => ({ ...DEFAULT_POLICY, allowedDomains });

  test("are allowed and blocked in any case", () => {
    assert.equal(ends(from("EXAMPLE"), allowed("example")), "stands");
    assert.equal(ends(from("OTHER"), allowed("example")), "domain");
    assert.equal(ends(from("Example"), { ...DEFAULT_POLICY, blockedDomains: ["EXAMPLE"] }), "domain");
    assert.equal(ends(from("EXAMPLE"), { ...allowed("example"), blockedDomains: ["example"] }), "domain");
    assert.equal(ends(from("EXAMPLE"), allowed()), "domain");
    assert.equal(ends(from("EXAMPLE"), allowed("*")), "stands");
  });

  test("are found where clients put them", () => {
    assert.equal(ends(from("", "EXAMPLE\\alice"), allowed("example")), "stands");
    assert.equal(ends(from("", "alice@example.com"), allowed("example.com")), "stands");
    assert.equal(ends(from("", "alice@example.org"), allowed("example.com")), "domain");
  });

  test("may be left out only where that is allowed", () => {
    assert.equal(ends(from(""), allowed("example")), "domain");
    assert.equal(ends(from(""), allowed("example", "")), "stands");
    assert.equal(ends(from(""), { ...DEFAULT_POLICY, blockedDomains: ["EXAMPLE"] }), "stands");
  });
});

test("128-bit keys can be required of what the NEGOTIATE_MESSAGE offers", () => {
  const flags = joinFlags(1, Flag.NTLMSSP_NEGOTIATE_EXTENDED_SESSIONSECURITY);
  const offering = (more: number): Message => {
    const negotiate = encodeNegotiate({ flags: joinFlags(flags, more) });
    const pending = openChallenge(negotiate, { names: NAMES, serverChallenge: nonce(8, 1), timestamp: NOW });
    return { pending, authenticate: answer(negotiate, pending.message) };
  };
  assert.equal(ends(offering(Flag.NTLMSSP_NEGOTIATE_128), { ...DEFAULT_POLICY, require128: true }), "stands");
  assert.equal(ends(offering(0), { ...DEFAULT_POLICY, require128: true }), "128-bit");
  assert.equal(ends(offering(0), DEFAULT_POLICY), "stands");
});

test("NTLM can be blocked altogether, whatever the scheme", () => {
  for (const scheme of ["NTLMv2", "LMv2", "NTLM2 session", "NTLMv1", "LM"] as const)
    assert.equal(ends(record(scheme), { ...LAX, block: true }), "block");
});

test("a required MIC cannot be verified without a key, so the logon does not stand", () => {
  const { pending, authenticate } = record();
  for (const [mic, ending] of [
    ["require", "refused"],
    ["verify-if-present", "stands"],
  ] as const) {
    const logon = readAuthenticate(authenticate, pending, { ...DEFAULT_POLICY, mic });
    assert.ok(logon.kind === "logon");
    assert.equal(settle(logon, undefined).kind, ending);
  }
});

describe("terms", () => {
  const STRICT: AcceptorPolicy = { ...DEFAULT_POLICY, mic: "require" };
  const exception = (exception: string, allow: Partial<AcceptorPolicy>, lapsed?: string): Terms => ({
    policy: { ...STRICT, ...allow },
    exception,
    lapsed,
  });
  const on =
    (...more: Terms[]): ChooseTerms =>
    () => [{ policy: STRICT }, ...more];
  const stood = (scheme: Scheme, ...more: Terms[]) => {
    const ending = end(record(scheme), on(...more));
    if (ending === "wrong") return ending;
    return ending.kind === "refused" ? ending.rule : [ending.terms.exception, ending.otherwise?.rule];
  };
  const OLD = { mic: "off", minimum: "lm" } as const;

  test("the ordinary ones come first: an exception that is not needed is not named", () => {
    assert.deepEqual(stood("NTLMv2", exception("printers", OLD)), [undefined, undefined]);
  });

  test("the first exception that is enough by itself lets a logon in, and is named with the rule", () => {
    for (const scheme of ["LMv2", "NTLM2 session", "NTLMv1", "LM"] as const) {
      const rule = scheme === "LMv2" || scheme === "LM" ? "mic" : "minimum";
      const got = stood(
        scheme,
        exception("half", { minimum: "lm" }),
        exception("printers", OLD),
        exception("late", OLD),
      );
      assert.deepEqual(got, ["printers", rule], scheme);
    }
  });

  test("two halves do not add up", () => {
    assert.equal(stood("NTLMv1", exception("a", { minimum: "v1" }), exception("b", { mic: "off" })), "minimum");
  });

  test("one that has lapsed lets nobody in, and the log says so", () => {
    const lapsed = exception("printers", OLD, "it expired on 2026-01-31 (owner: Jane)");
    const ending = end(record("NTLMv1"), on(lapsed));
    assert.ok(ending !== "wrong" && ending.kind === "refused");
    assert.equal(
      ending.why,
      "the client answered with NTLMv1, the least accepted here is v2; exception printers would allow it, but it expired on 2026-01-31 (owner: Jane)",
    );
    const useless = end(record("NTLMv1"), on(exception("half", { mic: "off" }, "it expired")));
    assert.ok(useless !== "wrong" && useless.kind === "refused");
    assert.doesNotMatch(useless.why, /exception/);
  });

  test("also help who is refused only once the response has proven right", () => {
    const altered = record();
    altered.authenticate[80]! ^= 1;
    const got = end(altered, on(exception("fax", { mic: "off" })));
    assert.ok(got !== "wrong" && got.kind === "stands");
    assert.deepEqual([got.terms.exception, got.otherwise?.rule], ["fax", "mic"]);
    const late = end(altered, on(exception("fax", { mic: "off" }, "it expired")));
    assert.ok(late !== "wrong" && late.kind === "refused");
    assert.match(late.why, /^the MIC is wrong: .*; exception fax would allow it, but it expired$/);
  });

  test("are chosen by the names that the message carries", () => {
    let seen: unknown;
    ends(record(), (names) => ((seen = names), [{ policy: STRICT }]));
    assert.deepEqual(seen, [{ user: "alice", domain: "EXAMPLE" }]);
  });

  test("a judge is never asked for a weaker response than some terms in force allow", () => {
    const minimumAsked = (...more: Terms[]) => {
      const { pending, authenticate } = record();
      const logon = readAuthenticate(authenticate, pending, on(...more));
      return logon.kind === "logon" && logon.evidence.minimum;
    };
    assert.equal(minimumAsked(), "v2");
    assert.equal(minimumAsked(exception("a", { minimum: "v1" }), exception("b", { minimum: "v1-ess" })), "v1");
    assert.equal(minimumAsked(exception("a", { minimum: "lm" }, "it expired")), "v2");
  });

  test("rules that made them stricter are named", () => {
    const ending = end(record("NTLMv1"), () => [{ policy: STRICT, tightenedBy: ["outside", "admins"] }]);
    assert.ok(ending !== "wrong" && ending.kind === "refused");
    assert.match(ending.why, / \(rule outside, admins\)$/);
  });
});

describe("what the CHALLENGE reveals", () => {
  const negotiate = encodeNegotiate({ flags: joinFlags(1, Flag.NTLMSSP_NEGOTIATE_VERSION), version: WINDOWS });
  const open = (reveal?: { names: "all" | "minimal"; version: boolean }) =>
    openChallenge(negotiate, { names: NAMES, serverChallenge: nonce(8, 1), timestamp: NOW, reveal });

  test("is everything, or no DNS names, or no version", () => {
    const ids = (message: Buffer) => decodeChallenge(message).targetInfo?.map(({ id }) => id);
    assert.deepEqual(ids(open().message), [1, 2, 3, 4, 7]);
    assert.deepEqual(ids(open({ names: "minimal", version: false }).message), [1, 2, 7]);
    assert.equal(
      open({ names: "minimal", version: false }).message.includes(Buffer.from("example.com", "utf16le")),
      false,
    );
    assert.notEqual(decodeChallenge(open().message).version, undefined);
    const quiet = open({ names: "all", version: false });
    assert.equal(quiet.flags & Flag.NTLMSSP_NEGOTIATE_VERSION, 0);
    assert.deepEqual(quiet.message.subarray(48, 56), Buffer.alloc(8));
  });

  test("does not keep clients from logging on", () => {
    for (const reveal of [undefined, { names: "minimal", version: false } as const]) {
      const pending = open(reveal);
      assert.equal(ends({ pending, authenticate: answer(negotiate, pending.message) }, DEFAULT_POLICY), "stands");
    }
  });
});

function answer(negotiate: Buffer, challenge: Buffer, options: Partial<InitiatorOptions> = {}): Buffer {
  return authenticateMessage({
    ...{ ...ACCOUNT, negotiate, challenge, workstation: "PC", clientChallenge: nonce(8, 0xaa), time: NOW },
    ...{ exportedSessionKey: nonce(16, 0x55), ...options },
  }).message;
}

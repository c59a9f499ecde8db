/** The acceptor against our own initiator: every scheme under every policy, and everything an attacker can alter on the way. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import {
  adoptChallenge,
  confirm,
  DEFAULT_POLICY,
  exportedSessionKey,
  openChallenge,
  readAuthenticate,
  wouldRefuse,
  type AcceptorPolicy,
  type NtlmLogon,
} from "../../src/ntlm/acceptor.ts";
import { AvFlag, AvId, avFlags, avText, avTimestamp, avValue } from "../../src/ntlm/av-pairs.ts";
import { NtlmError } from "../../src/ntlm/error.ts";
import { hasFlag, joinFlags, NegotiateFlag as Flag } from "../../src/ntlm/flags.ts";
import { ntowfv2, unicode } from "../../src/ntlm/hashes.ts";
import { encodeAuthenticate } from "../../src/ntlm/messages/authenticate.ts";
import { decodeChallenge } from "../../src/ntlm/messages/challenge.ts";
import { encodeNegotiate } from "../../src/ntlm/messages/negotiate.ts";
import { decodeClientChallenge, encodeClientChallenge, ntProofStr } from "../../src/ntlm/ntlmv2.ts";
import { verifyResponses } from "../../src/ntlm/responses.ts";
import { isAllowed, type Minimum, type Scheme } from "../../src/ntlm/scheme.ts";
import { accept, ACCOUNT, hashesOf, LAX, NAMES, nonce, NOW, record, verdictOf } from "./exchange.ts";

const SCHEMES: readonly Scheme[] = ["NTLMv2", "LMv2", "NTLM2 session", "NTLMv1", "LM"];
const MINIMUMS: readonly Minimum[] = ["v2", "v1-ess", "v1", "lm"];

describe("the CHALLENGE", () => {
  const open = (flags: number, names = NAMES, dialect: "auto" | "exchange" = "auto") =>
    openChallenge(encodeNegotiate({ flags }), { names, serverChallenge: nonce(8, 1), timestamp: NOW, dialect });
  const ALWAYS = joinFlags(
    Flag.NTLMSSP_REQUEST_TARGET,
    Flag.NTLMSSP_NEGOTIATE_NTLM,
    Flag.NTLMSSP_NEGOTIATE_ALWAYS_SIGN,
  );

  test("takes UNICODE before OEM and extended session security before LM_KEY", () => {
    const offered = joinFlags(3, Flag.NTLMSSP_NEGOTIATE_LM_KEY, Flag.NTLMSSP_NEGOTIATE_EXTENDED_SESSIONSECURITY);
    const expected = joinFlags(
      ALWAYS,
      Flag.NTLMSSP_NEGOTIATE_UNICODE,
      Flag.NTLMSSP_NEGOTIATE_EXTENDED_SESSIONSECURITY,
      Flag.NTLMSSP_NEGOTIATE_TARGET_INFO,
      Flag.NTLMSSP_TARGET_TYPE_DOMAIN,
    );
    assert.equal(open(offered).flags, expected);
  });

  test("echoes SIGN, SEAL, KEY_EXCH and, only with a security layer, the key lengths", () => {
    const lengths = joinFlags(Flag.NTLMSSP_NEGOTIATE_128, Flag.NTLMSSP_NEGOTIATE_56);
    assert.equal(hasFlag(open(joinFlags(1, lengths)).flags, Flag.NTLMSSP_NEGOTIATE_128), false);
    const offered = joinFlags(1, lengths, Flag.NTLMSSP_NEGOTIATE_SEAL, Flag.NTLMSSP_NEGOTIATE_KEY_EXCH);
    assert.equal(hasFlag(open(offered).flags, joinFlags(offered)), true);
  });

  test("never has a flag that is not ours: DATAGRAM, ANONYMOUS, IDENTIFY, LOCAL_CALL", () => {
    const flags = open(0xffffffff).flags;
    for (const flag of [
      Flag.NTLMSSP_NEGOTIATE_DATAGRAM,
      Flag.NTLMSSP_NEGOTIATE_ANONYMOUS,
      Flag.NTLMSSP_NEGOTIATE_IDENTIFY,
      0x4000,
    ]) {
      assert.equal(hasFlag(flags, flag), false, flag.toString(16));
    }
  });

  test("says domain when joined, computer when not, and always its names and the time", () => {
    const joined = decodeChallenge(open(1).message);
    assert.equal(joined.targetName, "EXAMPLE");
    assert.deepEqual(joined.targetInfo, [
      avText(AvId.MsvAvNbComputerName, "MAIL"),
      avText(AvId.MsvAvNbDomainName, "EXAMPLE"),
      avText(AvId.MsvAvDnsComputerName, "mail.example.com"),
      avText(AvId.MsvAvDnsDomainName, "example.com"),
      avTimestamp(NOW),
    ]);
    const alone = open(1, { netbiosDomain: "WORKGROUP", netbiosComputer: "MAIL", domainJoined: false });
    assert.equal(decodeChallenge(alone.message).targetName, "MAIL");
    assert.equal(hasFlag(alone.flags, Flag.NTLMSSP_TARGET_TYPE_SERVER), true);
  });

  test("writes the target's name in 8 bits for a client without UNICODE, TargetInfo never", () => {
    const { message } = open(Flag.NTLM_NEGOTIATE_OEM);
    assert.equal(message.toString("latin1", 56, 63), "EXAMPLE");
    assert.equal(
      avValue(decodeChallenge(message).targetInfo ?? [], AvId.MsvAvNbDomainName)?.toString("utf16le"),
      "EXAMPLE",
    );
  });

  test("is refused to a client without any character set", () => {
    assert.throws(
      () => open(0x200),
      (error) => error instanceof NtlmError && error.code === "unsupported",
    );
  });

  test("in the dialect of Exchange is the published example byte for byte", () => {
    const negotiate = Buffer.from("TlRMTVNTUAABAAAABzIAAAYABgArAAAACwALACAAAABXT1JLU1RBVElPTkRPTUFJTg==", "base64");
    const dns = { dnsDomain: "domain.com", dnsComputer: "server.domain.com" };
    const { message } = openChallenge(negotiate, {
      names: { netbiosDomain: "DOMAIN", netbiosComputer: "SERVER", ...dns, domainJoined: true },
      serverChallenge: Buffer.from("0123456789abcdef", "hex"),
      timestamp: NOW,
      dialect: "exchange",
    });
    assert.equal(message.toString("base64"), PUBLISHED_CHALLENGE);
  });

  test("adopted from its bytes is the same pending challenge", () => {
    const { pending } = record();
    assert.deepEqual(adoptChallenge(pending.negotiate, pending.message), pending);
  });
});

describe("every scheme under every minimum", () => {
  for (const scheme of SCHEMES) {
    for (const minimum of MINIMUMS) {
      const allowed = isAllowed(scheme, minimum);
      test(`${scheme} is ${allowed ? "accepted" : "refused"} where ${minimum} is the minimum`, () => {
        const verdict = verdictOf(record(scheme), { ...DEFAULT_POLICY, minimum });
        // An LM field alone could be LMv2: that it is none is only known once computed.
        assert.equal(verdict, allowed ? scheme : scheme === "LM" ? "wrong" : "minimum");
      });
    }
  }

  test("with another password all of them are wrong", () => {
    for (const scheme of SCHEMES) {
      assert.equal(accept(record(scheme, { password: "secret01x" }), LAX), "wrong", scheme);
    }
  });

  test("and as the answer to another challenge, too", () => {
    for (const scheme of SCHEMES) {
      const { authenticate } = record(scheme, {}, 1);
      const { pending } = record(scheme, {}, 2);
      assert.equal(accept({ pending, authenticate }, LAX), "wrong", scheme);
    }
  });

  test("both sides end with the same session key", () => {
    for (const scheme of SCHEMES) {
      const recorded = record(scheme);
      const logon = read(recorded, LAX);
      const match = verifyResponses(hashesOf(ACCOUNT.password), logon.evidence);
      assert.ok(match);
      const key = exportedSessionKey(
        { ...logon, scheme: match.scheme },
        match.sessionBaseKey,
        hashesOf(ACCOUNT.password).lm,
      );
      assert.deepEqual(key, recorded.exportedSessionKey, scheme);
    }
  });
});

describe("nobody", () => {
  const empty = Buffer.alloc(0);
  const answer = (user: string, ntResponse: Buffer, lmResponse: Buffer) =>
    encodeAuthenticate({
      ...{ flags: 1, ntResponse, lmResponse, user: unicode(user), domain: empty, workstation: empty },
      encryptedRandomSessionKey: empty,
    });
  const cases: readonly (readonly [string, Buffer, string])[] = [
    ["no user, no response", answer("", empty, empty), "anonymous"],
    ["no user, one zero byte", answer("", empty, Buffer.alloc(1)), "anonymous"],
    ["no user, a response", answer("", Buffer.alloc(24, 1), Buffer.alloc(24, 1)), "no-user"],
    ["a user, no response", answer("alice", empty, empty), "no-response"],
    ["a user, an LM response of zeros", answer("alice", empty, Buffer.alloc(24)), "no-response"],
  ];
  for (const [what, authenticate, rule] of cases) {
    test(`${what}: refused as ${rule}, whatever the policy`, () => {
      const { pending } = record();
      for (const policy of [LAX, DEFAULT_POLICY]) assert.equal(verdictOf({ pending, authenticate }, policy), rule);
    });
  }
});

describe("the MIC", () => {
  const REQUIRED: AcceptorPolicy = { ...DEFAULT_POLICY, mic: "require" };

  test("holds for messages as they were sent", () => {
    assert.equal(accept(record(), REQUIRED), "NTLMv2");
  });

  test("breaks with any altered byte of any of the three messages", () => {
    const { pending, authenticate } = record();
    fc.assert(
      fc.property(fc.nat(2), fc.nat(1000), fc.integer({ min: 1, max: 255 }), (which, position, change) => {
        const messages = [pending.negotiate, pending.message, authenticate].map((each) => Buffer.from(each));
        const target = messages[which]!;
        target[position % target.length]! ^= change;
        assert.notEqual(outcome(messages[0]!, messages[1]!, messages[2]!), "NTLMv2");
      }),
      { numRuns: 300 },
    );
  });

  test("cannot be taken away: the bit that announces it is inside the proof", () => {
    const { pending, authenticate } = record();
    authenticate.fill(0, 72, 88);
    assert.equal(verdictOf({ pending, authenticate }, DEFAULT_POLICY), "mic");
    const bit = authenticate.indexOf(Buffer.from("0600040002000000", "hex"));
    authenticate[bit + 4] = 0;
    assert.equal(accept({ pending, authenticate }, DEFAULT_POLICY), "wrong");
  });

  test("is not looked at where the policy says so", () => {
    const { pending, authenticate } = record();
    authenticate.fill(0, 72, 88);
    assert.equal(accept({ pending, authenticate }, { ...DEFAULT_POLICY, mic: "off" }), "NTLMv2");
  });

  test("can be required of clients that send none, before anything is computed", () => {
    for (const scheme of SCHEMES.slice(1)) {
      const logon = readAuthenticate(record(scheme).authenticate, record(scheme).pending, { ...LAX, mic: "require" });
      assert.equal(logon.kind === "refused" && logon.rule, "mic", scheme);
    }
    assert.equal(
      verdictOf(
        rebuilt((pairs) => pairs.filter(({ id }) => id !== AvId.MsvAvFlags)),
        REQUIRED,
      ),
      "mic",
    );
  });

  test("announced in a message without room for one is a failure", () => {
    const { pending, authenticate } = record();
    const {
      names,
      workstation,
      version: _version,
      mic: _mic,
      ...fields
    } = read({ pending, authenticate }, LAX).authenticate;
    const texts = {
      user: unicode(names[0]!.user),
      domain: unicode(names[0]!.domain),
      workstation: unicode(workstation),
    };
    assert.equal(
      verdictOf({ pending, authenticate: encodeAuthenticate({ ...fields, ...texts }) }, DEFAULT_POLICY),
      "mic",
    );
  });
});

describe("the channel binding", () => {
  const [ours, other] = [nonce(16, 7), nonce(16, 8)];
  const required: AcceptorPolicy = { ...DEFAULT_POLICY, channelBinding: "require" };
  const off: AcceptorPolicy = { ...DEFAULT_POLICY, channelBinding: "off" };
  const cases: readonly (readonly [
    what: string,
    sent: Buffer | undefined,
    ours: Buffer | undefined,
    policy: AcceptorPolicy,
    verdict: string,
  ])[] = [
    ["right", ours, ours, DEFAULT_POLICY, "NTLMv2"],
    ["another connection's", other, ours, DEFAULT_POLICY, "channel-binding"],
    ["another connection's, not looked at", other, ours, off, "NTLMv2"],
    ["absent", undefined, ours, DEFAULT_POLICY, "NTLMv2"],
    ["absent though required", undefined, ours, required, "channel-binding"],
    ["all zeros, as Samba sends for none", nonce(16, 0), ours, DEFAULT_POLICY, "NTLMv2"],
    ["all zeros though required", nonce(16, 0), ours, required, "channel-binding"],
    ["right and required", ours, ours, required, "NTLMv2"],
    ["sent where we have none: relayed from somebody else's TLS", ours, undefined, DEFAULT_POLICY, "channel-binding"],
    ["sent where we have none, behind a TLS terminator", ours, undefined, off, "NTLMv2"],
    ["required where we have none", ours, undefined, required, "channel-binding"],
  ];
  for (const [what, sent, own, policy, verdict] of cases) {
    test(`${what}: ${verdict}`, () => {
      assert.equal(verdictOf(record("NTLMv2", sent ? { channelBinding: sent } : {}), policy, own), verdict);
    });
  }

  test("cannot be had with the older schemes where it is required", () => {
    for (const scheme of SCHEMES.slice(1)) {
      assert.equal(verdictOf(record(scheme), { ...LAX, channelBinding: "require" }, ours), "channel-binding", scheme);
    }
  });
});

describe("the echo of our TargetInfo", () => {
  test("may drop pairs and reorder them", () => {
    assert.equal(
      accept(
        rebuilt((pairs) => [...pairs].reverse()),
        DEFAULT_POLICY,
      ),
      "NTLMv2",
    );
    assert.equal(
      accept(
        rebuilt(() => []),
        DEFAULT_POLICY,
      ),
      "NTLMv2",
    );
  });

  test("may not say another name or time: the client talked to somebody else", () => {
    for (const foreign of [
      avText(AvId.MsvAvNbComputerName, "EVIL"),
      avText(AvId.MsvAvNbDomainName, "example"),
      avText(AvId.MsvAvDnsComputerName, ""),
      avTimestamp(NOW + 1n),
    ]) {
      const recorded = rebuilt((pairs) => pairs.map((pair) => (pair.id === foreign.id ? foreign : pair)));
      assert.equal(verdictOf(recorded, DEFAULT_POLICY), "av-echo");
      assert.equal(accept(recorded, { ...DEFAULT_POLICY, avEcho: "off" }), "NTLMv2");
    }
  });

  test("does not bind flags and target name, which are the client's own", () => {
    const own = rebuilt((pairs) => [...pairs, avText(AvId.MsvAvTargetName, "imap/mail.example.com"), avFlags(0)]);
    assert.equal(accept(own, DEFAULT_POLICY), "NTLMv2");
    assert.equal(read(own, LAX).targetName, "imap/mail.example.com");
    const untrusted = rebuilt(() => [avFlags(AvFlag.untrustedTargetName), avText(AvId.MsvAvTargetName, "x")]);
    assert.equal(read(untrusted, LAX).targetName, undefined);
  });
});

describe("what a stricter policy would say", () => {
  test("is known without refusing", () => {
    for (const scheme of ["NTLM2 session", "NTLMv1"] as const) {
      const recorded = record(scheme);
      assert.equal(accept(recorded, LAX), scheme);
      assert.equal(wouldRefuse(read(recorded, LAX), DEFAULT_POLICY)?.rule, "minimum");
    }
    assert.equal(wouldRefuse(read(record("LM"), LAX), DEFAULT_POLICY, "LM")?.rule, "minimum");
    assert.equal(wouldRefuse(read(record(), LAX), DEFAULT_POLICY), undefined);
    assert.equal(wouldRefuse(read(record("LMv2"), LAX), { ...DEFAULT_POLICY, mic: "require" })?.rule, "mic");
  });

  test("holds for a judge that does not say which response was right", () => {
    const { pending, authenticate } = record();
    authenticate[80]! ^= 1;
    const logon = read({ pending, authenticate }, DEFAULT_POLICY);
    const match = verifyResponses(hashesOf(ACCOUNT.password), logon.evidence);
    assert.ok(match);
    assert.equal(confirm(logon, match.sessionBaseKey)?.rule, "mic");
  });
});

test("any altered bytes are accepted, wrong, refused or malformed, and nothing else happens", () => {
  const recorded = SCHEMES.map((scheme) => record(scheme));
  const change = fc.array(fc.tuple(fc.nat(500), fc.nat(255)), { minLength: 1, maxLength: 4 });
  fc.assert(
    fc.property(fc.constantFrom(...recorded), change, ({ pending, authenticate }, changes) => {
      const altered = Buffer.from(authenticate);
      for (const [at, value] of changes) altered[at % altered.length] = value;
      assert.notEqual(outcome(pending.negotiate, pending.message, altered), undefined);
    }),
    { numRuns: 1000 },
  );
});

function read(
  { pending, authenticate }: Pick<ReturnType<typeof record>, "pending" | "authenticate">,
  policy: AcceptorPolicy,
): NtlmLogon {
  const logon = readAuthenticate(authenticate, pending, policy);
  assert.ok(logon.kind === "logon");
  return logon;
}

/** alice's answer without a MIC, its AV pairs changed as if the client had sent them so: the proof is right. */
function rebuilt(
  change: (pairs: ReturnType<typeof decodeClientChallenge>["pairs"]) => readonly { id: number; value: Buffer }[],
) {
  const { pending, authenticate } = record();
  const { authenticate: fields, evidence } = read({ pending, authenticate }, LAX);
  const blob = decodeClientChallenge(fields.ntResponse);
  const pairs = change(blob.pairs.filter(({ id }) => id !== AvId.MsvAvFlags));
  const temp = encodeClientChallenge({ ...blob, pairs });
  const key = ntowfv2(hashesOf(ACCOUNT.password).nt, ACCOUNT.user, ACCOUNT.domain);
  const ntResponse = Buffer.concat([ntProofStr(key, evidence.serverChallenge, temp), temp]);
  const texts = { user: unicode(ACCOUNT.user), domain: unicode(ACCOUNT.domain), workstation: unicode("PC") };
  const { flags, lmResponse, encryptedRandomSessionKey } = fields;
  return {
    pending,
    authenticate: encodeAuthenticate({ flags, lmResponse, encryptedRandomSessionKey, ntResponse, ...texts }),
  };
}

function outcome(negotiate: Uint8Array, challenge: Uint8Array, authenticate: Buffer): string {
  try {
    return verdictOf(
      { pending: adoptChallenge(negotiate, challenge), authenticate },
      { ...DEFAULT_POLICY, minimum: "lm" },
    );
  } catch (error) {
    assert.ok(error instanceof NtlmError, String(error));
    return error.code;
  }
}

const PUBLISHED_CHALLENGE =
  "TlRMTVNTUAACAAAADAAMADAAAAABAoEAASNFZ4mrze8AAAAAAAAAAGIAYgA8AAAARABPAE0AQQBJAE4AAgAMAEQATwBNAEEASQBOAAEADABTAEUAUg" +
  "BWAEUAUgAEABQAZABvAG0AYQBpAG4ALgBjAG8AbQADACIAcwBlAHIAdgBlAHIALgBkAG8AbQBhAGkAbgAuAGMAbwBtAAAAAAA=";

/** The client's side: what its own policy allows, whom it is, in which characters, and both variants of the exchange. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { acceptorSecurity } from "../../src/ntlm/acceptor-security.ts";
import { openChallenge, type PendingChallenge } from "../../src/ntlm/acceptor.ts";
import { AvFlag, AvId, avValue } from "../../src/ntlm/av-pairs.ts";
import { openConnectionless } from "../../src/ntlm/connectionless.ts";
import { NtlmError } from "../../src/ntlm/error.ts";
import { hasFlag, joinFlags, NegotiateFlag as Flag } from "../../src/ntlm/flags.ts";
import { clientConfigFlags, negotiateMessage } from "../../src/ntlm/initiator.ts";
import { decodeAuthenticate } from "../../src/ntlm/messages/authenticate.ts";
import { NtlmInitiator, type NtlmInitiatorOptions } from "../../src/ntlm/ntlm-initiator.ts";
import { decodeClientChallenge } from "../../src/ntlm/ntlmv2.ts";
import { decodeOem, encodeOem, type OemCharset } from "../../src/ntlm/oem.ts";
import { verifyResponses } from "../../src/ntlm/responses.ts";
import { accept, ACCOUNT, hashesOf, LAX, NAMES, nonce, NOW, verdictOf } from "./exchange.ts";

const OPTIONS: NtlmInitiatorOptions = { ...ACCOUNT, clock: () => NOW };

interface Held {
  readonly initiator: NtlmInitiator;
  readonly pending: PendingChallenge;
  readonly authenticate: Buffer;
}

/** One whole exchange; `mask` takes flags away from the server. */
function hold(options: Partial<NtlmInitiatorOptions> = {}, mask = 0): Held {
  const initiator = new NtlmInitiator({ ...OPTIONS, ...options });
  const negotiate = initiator.negotiate();
  const heard = Buffer.from(negotiate);
  heard.writeUInt32LE((heard.readUInt32LE(12) & ~mask) >>> 0, 12);
  const opened = openChallenge(heard, { names: NAMES, serverChallenge: nonce(8, 1), timestamp: NOW });
  const pending = { ...opened, negotiate };
  return { initiator, pending, authenticate: initiator.authenticate(pending.message) };
}

const EXTENDED = Flag.NTLMSSP_NEGOTIATE_EXTENDED_SESSIONSECURITY;
const isPolicy = (error: unknown): boolean => error instanceof NtlmError && error.code === "policy";
const isUnsupported = (error: unknown): boolean => error instanceof NtlmError && error.code === "unsupported";

describe("the client's policy", () => {
  test("ClientBlocked answers nobody but the exceptions, by whole name or by host", () => {
    const policy = { clientBlocked: true, clientBlockExceptions: ["MAIL.example.com", "imap/other.example.com"] };
    assert.throws(() => hold({ policy: { clientBlocked: true } }), isPolicy);
    assert.throws(() => hold({ policy }), isPolicy, "a server without a name");
    assert.throws(() => hold({ policy, targetName: "pop/other.example.com" }), isPolicy);
    assert.throws(() => hold({ policy, targetName: "imap/mail.example.com.evil.example" }), isPolicy);
    for (const targetName of ["imap/mail.example.com", "IMAP/Other.Example.com"]) {
      assert.equal(verdictOf(hold({ policy, targetName }), LAX), "NTLMv2");
    }
  });

  test("ClientRequire128bitEncryption refuses servers that agree to less", () => {
    const policy = { clientRequire128bitEncryption: true };
    assert.equal(verdictOf(hold({ policy }), LAX), "NTLMv2");
    assert.throws(() => hold({ policy }, Flag.NTLMSSP_NEGOTIATE_128), isPolicy);
  });

  for (const [level, extended, plain] of [
    [0, "NTLMv1", "NTLMv1"],
    [1, "NTLM2 session", "NTLMv1"],
    [2, "NTLM2 session", "NTLMv1"],
    [3, "NTLMv2", "NTLMv2"],
    [4, "NTLMv2", "NTLMv2"],
    [5, "NTLMv2", "NTLMv2"],
  ] as const) {
    test(`LmCompatibilityLevel ${level} answers with ${extended}, and with ${plain} where NTLM2 is not agreed`, () => {
      const policy = { lmCompatibilityLevel: level };
      assert.equal(verdictOf(hold({ policy }), LAX), extended);
      assert.equal(verdictOf(hold({ policy }, EXTENDED), LAX), plain);
    });
  }

  test("a scheme asked for by name is not exchanged for a weaker one", () => {
    assert.throws(() => hold({ scheme: "NTLM2 session" }, EXTENDED), isUnsupported);
  });

  test("NoLMResponseNTLMv1 repeats the NT response in the LM field; without it level 0 sends LM, level 2 never", () => {
    const fields = (policy: NtlmInitiatorOptions["policy"] & object) => {
      const { authenticate, pending } = hold({ policy, flags: clientConfigFlags("NTLMv1") });
      return decodeAuthenticate(authenticate, pending.flags);
    };
    const withheld = fields({ lmCompatibilityLevel: 0 });
    assert.deepEqual(withheld.lmResponse, withheld.ntResponse);
    const sent = fields({ lmCompatibilityLevel: 0, noLMResponseNTLMv1: false });
    assert.notDeepEqual(sent.lmResponse, sent.ntResponse);
    const never = fields({ lmCompatibilityLevel: 2, noLMResponseNTLMv1: false });
    assert.deepEqual(never.lmResponse, never.ntResponse);
  });
});

describe("an AUTHENTICATE_MESSAGE", () => {
  test("of nobody has no names, one zero byte, a key of zeros, and is an anonymous logon", () => {
    const held = hold({ user: "", domain: "", password: "" });
    const { flags, ntResponse, lmResponse } = decodeAuthenticate(held.authenticate, held.pending.flags);
    assert.equal(hasFlag(flags, Flag.NTLMSSP_NEGOTIATE_ANONYMOUS), true);
    assert.equal(ntResponse.length, 0);
    assert.deepEqual(lmResponse, Buffer.alloc(1));
    assert.equal(verdictOf(held, LAX), "anonymous");
    const { server, client } = securities(held, Buffer.alloc(16));
    assert.equal(server.unwrap(client.wrap(Buffer.from("hello")))?.toString(), "hello");
  });

  test("says when the target name came from where it could have been changed", () => {
    const { authenticate, pending } = hold({ targetName: "imap/mail", unverifiedTargetName: true });
    const { pairs } = decodeClientChallenge(decodeAuthenticate(authenticate, pending.flags).ntResponse);
    const flags = avValue(pairs, AvId.MsvAvFlags)?.readUInt32LE();
    assert.equal(flags, AvFlag.micPresent | AvFlag.untrustedTargetName);
    assert.equal(avValue(pairs, AvId.MsvAvTargetName)?.toString("utf16le"), "imap/mail");
  });

  test("repeats no flag that was not offered", () => {
    const initiator = new NtlmInitiator({ ...OPTIONS, scheme: "NTLMv1" });
    const { message } = openChallenge(initiator.negotiate(), {
      names: NAMES,
      serverChallenge: nonce(8, 1),
      timestamp: NOW,
    });
    message.writeUInt32LE(0xffffffff, 20);
    const { flags } = decodeAuthenticate(initiator.authenticate(message), 1);
    assert.equal(hasFlag(flags, EXTENDED), false);
    assert.equal(hasFlag(flags, Flag.NTLMSSP_NEGOTIATE_SEAL), false);
  });

  test("is given once: a second challenge in one exchange is refused", () => {
    const { initiator, pending } = hold();
    assert.throws(() => initiator.authenticate(pending.message), NtlmError);
  });

  test("to a server that asked for nothing new comes with nonces that are never the same", () => {
    const [a, b] = [hold(), hold()];
    assert.notDeepEqual(a.authenticate, b.authenticate);
    assert.notDeepEqual(a.initiator.exportedSessionKey, b.initiator.exportedSessionKey);
  });
});

describe("OEM names", () => {
  const oem = joinFlags(clientConfigFlags(), 0);
  const flags = (oem & ~Flag.NTLMSSP_NEGOTIATE_UNICODE) >>> 0;

  for (const [oemCharset, user] of [
    ["utf-8", "jürgen"],
    ["cp437", "jürgen"],
    ["cp850", "JÚLIA"],
    ["cp852", "łukasz"],
    ["cp866", "юрий"],
    ["cp874", "สมชาย"],
    ["cp932", "山田"],
    ["cp936", "李伟"],
    ["cp949", "김철수"],
    ["cp950", "陳大文"],
    ["windows-1252", "žofie"],
  ] as const) {
    test(`go out in ${oemCharset} and are right for a server that reads it`, () => {
      const { pending, authenticate } = hold({ flags, oemCharset, user, domain: "" });
      const { names, ntResponse, lmResponse } = decodeAuthenticate(authenticate, pending.flags, [oemCharset]);
      assert.deepEqual(names, [{ user, domain: "" }]);
      const evidence = { names, workstation: "", serverChallenge: pending.serverChallenge, ntResponse, lmResponse };
      const match = verifyResponses(hashesOf(ACCOUNT.password), {
        ...evidence,
        extendedSessionSecurity: true,
        minimum: "v2",
      });
      assert.equal(match?.user, user);
    });
  }

  test("that the code page has no characters for are not sent spoilt", () => {
    assert.throws(() => hold({ flags, oemCharset: "cp850", user: "юрий" }), isUnsupported);
  });

  test("are what they were after there and back, whatever one byte of a code page says", () => {
    const charsets: OemCharset[] = ["cp437", "cp850", "cp852", "cp866", "cp874", "windows-1252"];
    for (const charset of charsets) {
      for (let byte = 0xa0; byte < 0x100; byte++) {
        const text = decodeOem(Buffer.from([byte]), charset);
        if (text !== undefined) assert.deepEqual(encodeOem(text, charset), Buffer.from([byte]), `${charset} ${byte}`);
      }
    }
  });
});

describe("the connectionless variant", () => {
  test("begins with the server, has no LM field, a MIC over two messages, and messages that may get lost", () => {
    const pending = openConnectionless({ names: NAMES, serverChallenge: nonce(8, 1), timestamp: NOW });
    assert.equal(hasFlag(pending.flags, Flag.NTLMSSP_NEGOTIATE_DATAGRAM), true);
    const initiator = new NtlmInitiator(OPTIONS);
    const authenticate = initiator.authenticate(pending.message);
    assert.equal(decodeAuthenticate(authenticate, pending.flags).lmResponse.length, 0);
    assert.equal(accept({ pending, authenticate }, { ...LAX, mic: "require" }), "NTLMv2");
    const { server, client } = securities({ initiator, pending, authenticate });
    const [, second] = [client.wrap(Buffer.from("lost")), client.seal(Buffer.from("found"))];
    assert.equal(server.unseal(second.ciphertext, second.signature, 1)?.toString(), "found");
  });
});

describe("session security after an exchange", () => {
  for (const scheme of ["NTLMv2", "LMv2", "NTLM2 session", "NTLMv1", "LM"] as const) {
    test(`has the same keys on both sides after ${scheme}`, () => {
      const { client, server } = securities(hold({ scheme, request: { confidentiality: true } }));
      assert.equal(client.confidentiality, true);
      assert.equal(server.unwrap(client.wrap(Buffer.from("from the client")))?.toString(), "from the client");
      assert.equal(client.unwrap(server.wrap(Buffer.from("from the server")))?.toString(), "from the server");
    });
  }

  test("is only there once a challenge was answered", () => {
    assert.equal(new NtlmInitiator(OPTIONS).security(), undefined);
  });

  test("asks for what the application wants", () => {
    const flags = clientConfigFlags("NTLMv2", { integrity: false, confidentiality: true, identify: true });
    assert.equal(hasFlag(flags, Flag.NTLMSSP_NEGOTIATE_SIGN), false);
    assert.equal(hasFlag(flags, Flag.NTLMSSP_NEGOTIATE_SEAL), true);
    assert.equal(hasFlag(flags, Flag.NTLMSSP_NEGOTIATE_IDENTIFY), true);
    assert.equal(negotiateMessage("NTLMv2", flags).readUInt32LE(12), flags);
  });
});

function securities({ initiator, pending, authenticate }: Held, sessionBaseKey?: Buffer) {
  const { names, ntResponse, lmResponse } = decodeAuthenticate(authenticate, pending.flags);
  const match = sessionBaseKey
    ? ({ scheme: "NTLMv2", sessionBaseKey } as const)
    : verifyResponses(hashesOf(ACCOUNT.password), {
        ...{ names, ntResponse, lmResponse, workstation: "", serverChallenge: pending.serverChallenge },
        extendedSessionSecurity: hasFlag(pending.flags, EXTENDED),
        minimum: "lm",
      });
  assert.ok(match);
  const client = initiator.security();
  assert.ok(client);
  return { client, server: acceptorSecurity(pending, authenticate, match.sessionBaseKey, match.scheme) };
}

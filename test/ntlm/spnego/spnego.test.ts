/** SPNEGO between our two sides, before clients with other mechanisms on their lists, and before anything at all. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import { acceptorSecurity } from "../../../src/ntlm/acceptor-security.ts";
import { openChallenge, type PendingChallenge } from "../../../src/ntlm/acceptor.ts";
import { NtlmError } from "../../../src/ntlm/error.ts";
import { NtlmInitiator, type NtlmInitiatorOptions } from "../../../src/ntlm/ntlm-initiator.ts";
import { decodeAuthenticate } from "../../../src/ntlm/messages/authenticate.ts";
import { verifyResponses } from "../../../src/ntlm/responses.ts";
import type { SessionSecurity } from "../../../src/ntlm/session-security.ts";
import { SpnegoAcceptor } from "../../../src/ntlm/spnego/acceptor.ts";
import { asn1, context, Tag } from "../../../src/ntlm/spnego/asn1.ts";
import { SpnegoInitiator } from "../../../src/ntlm/spnego/initiator.ts";
import {
  decodeNegotiationToken,
  encodeMechTypeList,
  encodeNegTokenInit,
  encodeNegTokenInit2,
  encodeNegTokenResp,
  NegState,
  Oid,
  type NegTokenResp,
} from "../../../src/ntlm/spnego/tokens.ts";
import { ACCOUNT, hashesOf, NAMES, nonce, NOW } from "../exchange.ts";

function newInitiator(options: Partial<NtlmInitiatorOptions> = {}): NtlmInitiator {
  return new NtlmInitiator({ ...ACCOUNT, clock: () => NOW, ...options });
}

/** The server's side with one NTLM exchange in it. */
class Server {
  readonly spnego = new SpnegoAcceptor();
  #pending: PendingChallenge | undefined;
  #security: SessionSecurity | undefined;

  first(token: Uint8Array): Buffer {
    const step = this.spnego.receive(token);
    if (step.kind === "reply") return step.token;
    this.#pending = openChallenge(step.message, { names: NAMES, serverChallenge: nonce(8, 1), timestamp: NOW });
    return this.spnego.challenge(this.#pending.message);
  }

  last(token: Uint8Array): Buffer {
    const step = this.spnego.receive(token);
    assert.ok(step.kind === "mechanism" && this.#pending);
    const { names, ntResponse, lmResponse } = decodeAuthenticate(step.message, this.#pending.flags);
    const { serverChallenge } = this.#pending;
    const rest = { workstation: "", extendedSessionSecurity: true, minimum: "v2" } as const;
    const match = verifyResponses(hashesOf(ACCOUNT.password), {
      ...{ names, ntResponse, lmResponse, serverChallenge },
      ...rest,
    });
    assert.ok(match);
    this.#security = acceptorSecurity(this.#pending, step.message, match.sessionBaseKey, match.scheme);
    return this.spnego.complete(this.#security);
  }

  get security(): SessionSecurity {
    assert.ok(this.#security);
    return this.#security;
  }
}

function resp(token: Uint8Array): NegTokenResp {
  const decoded = decodeNegotiationToken(token);
  assert.equal(decoded.kind, "NegTokenResp");
  return decoded;
}

const isCode = (code: string) => (error: unknown) => error instanceof NtlmError && error.code === code;

describe("SPNEGO between our two sides", () => {
  test("ends with both MICs, and messages that begin with number 1", () => {
    const [client, server] = [new SpnegoInitiator(newInitiator()), new Server()];
    const answer = client.receive(server.first(client.begin()));
    assert.ok(answer && resp(answer).mechListMIC);
    const last = server.last(answer);
    assert.ok(resp(last).mechListMIC);
    const early = client.security;
    assert.equal(early, undefined, "not before the server's last word");
    assert.equal(client.receive(last), undefined);
    assert.equal(client.isCompleted, true);
    assert.equal(client.security?.sendSequence, 1);
    const token = client.security?.wrap(Buffer.from("NOOP")) ?? Buffer.alloc(0);
    assert.equal(server.security.unwrap(token)?.toString(), "NOOP");
  });

  test("may begin with the server, which says what it can do", () => {
    const [client, server] = [new SpnegoInitiator(newInitiator()), new Server()];
    const first = client.receive(encodeNegTokenInit2([Oid.kerberos, Oid.ntlm]));
    assert.ok(first);
    assert.equal(client.receive(server.last(client.receive(server.first(first))!)), undefined);
    assert.equal(client.isCompleted, true);
  });

  test("has no MIC where no signatures are agreed", () => {
    const client = new SpnegoInitiator(newInitiator({ request: { integrity: false } }));
    const server = new Server();
    const answer = client.receive(server.first(client.begin()))!;
    assert.equal(resp(answer).mechListMIC, undefined);
    const last = server.last(answer);
    assert.deepEqual(last, Buffer.from("a1073005a0030a0100", "hex"));
    assert.equal(client.receive(last), undefined);
  });
});

describe("the client", () => {
  const begun = () => {
    const [client, server] = [new SpnegoInitiator(newInitiator()), new Server()];
    return { client, server, challenge: server.first(client.begin()) };
  };

  test("refuses a wrong MIC of the server, a rejection, another mechanism, and an early or missing end", () => {
    const { client, server, challenge } = begun();
    const last = resp(server.last(client.receive(challenge)!));
    const mechListMIC = Buffer.from(last.mechListMIC!);
    mechListMIC[5]! ^= 1;
    assert.throws(() => client.receive(encodeNegTokenResp({ ...last, mechListMIC })), isCode("policy"));
    assert.equal(client.isCompleted, false);
    const rejected = encodeNegTokenResp({ negState: NegState.reject });
    assert.throws(() => begun().client.receive(rejected), isCode("unsupported"));
    const other = encodeNegTokenResp({ negState: NegState.acceptIncomplete, supportedMech: Oid.kerberos });
    assert.throws(() => begun().client.receive(other), isCode("unsupported"));
    const early = encodeNegTokenResp({ negState: NegState.acceptCompleted });
    assert.throws(() => begun().client.receive(early), isCode("wrong-type"));
    assert.throws(() => client.receive(encodeNegTokenResp({ negState: 1 })), isCode("wrong-type"));
  });

  test("sends its first message again once, not for ever", () => {
    const { client } = begun();
    const again = encodeNegTokenResp({ negState: NegState.requestMic, supportedMech: Oid.ntlm });
    assert.ok(resp(client.receive(again)!).responseToken);
    assert.throws(() => client.receive(again), isCode("wrong-type"));
  });
});

describe("a client whose first choice is Kerberos", () => {
  const LIST = [Oid.microsoftKerberos, Oid.kerberos, Oid.negoex, Oid.ntlm];
  const toAnswer = () => {
    const [ntlm, server] = [newInitiator(), new Server()];
    const asked = resp(server.first(encodeNegTokenInit(LIST, Buffer.from("a ticket"))));
    assert.deepEqual(asked, { kind: "NegTokenResp", negState: NegState.requestMic, supportedMech: Oid.ntlm });
    const challenge = resp(server.first(encodeNegTokenResp({ responseToken: ntlm.negotiate() })));
    assert.equal(challenge.supportedMech, undefined, "said before");
    const responseToken = ntlm.authenticate(challenge.responseToken!);
    return { server, security: ntlm.security()!, responseToken };
  };

  test("is asked for NTLM and accepted with a MIC over the list it sent", () => {
    const { server, security, responseToken } = toAnswer();
    const mechListMIC = security.signMechTypeList(encodeMechTypeList(LIST));
    const last = resp(server.last(encodeNegTokenResp({ responseToken, mechListMIC })));
    assert.equal(last.negState, NegState.acceptCompleted);
    assert.equal(security.verifyMechTypeList(encodeMechTypeList(LIST), last.mechListMIC!), true);
  });

  test("is refused without a MIC, and with a MIC over another list: somebody has taken something off it", () => {
    const silent = toAnswer();
    assert.throws(
      () => silent.server.last(encodeNegTokenResp({ responseToken: silent.responseToken })),
      isCode("policy"),
    );
    const { server, security, responseToken } = toAnswer();
    const mechListMIC = security.signMechTypeList(encodeMechTypeList([Oid.kerberos, Oid.ntlm]));
    assert.throws(() => server.last(encodeNegTokenResp({ responseToken, mechListMIC })), isCode("policy"));
  });
});

describe("the acceptor", () => {
  test("asks for the first message where a client with NTLM first sent none", () => {
    const reply = resp(new Server().first(encodeNegTokenInit([Oid.ntlm])));
    assert.deepEqual(reply, { kind: "NegTokenResp", negState: NegState.acceptIncomplete, supportedMech: Oid.ntlm });
  });

  test("answers bare NTLM messages with bare ones, and has nothing to complete then", () => {
    const [ntlm, server] = [newInitiator(), new Server()];
    const challenge = server.first(ntlm.negotiate());
    assert.equal(server.spnego.isRaw, true);
    assert.equal(challenge.subarray(0, 7).toString(), "NTLMSSP");
    assert.equal(server.spnego.receive(ntlm.authenticate(challenge)).kind, "mechanism");
    assert.throws(() => server.spnego.complete(undefined), isCode("wrong-type"));
  });

  test("refuses lists without NTLM, tokens out of turn, and a MIC that it has no key for", () => {
    assert.throws(() => new Server().first(encodeNegTokenInit([Oid.kerberos])), isCode("unsupported"));
    const early = encodeNegTokenResp({ responseToken: newInitiator().negotiate() });
    assert.throws(() => new Server().first(early), isCode("wrong-type"));
    const [client, server] = [new SpnegoInitiator(newInitiator()), new Server()];
    const init = client.begin();
    const answer = client.receive(server.first(init))!;
    assert.throws(() => server.spnego.receive(init), isCode("wrong-type"));
    server.spnego.receive(answer);
    assert.throws(() => server.spnego.receive(answer), isCode("wrong-type"));
    assert.throws(() => server.spnego.complete(undefined), isCode("policy"));
    assert.deepEqual(server.spnego.reject(), Buffer.from("a1073005a0030a0102", "hex"));
  });
});

describe("tokens", () => {
  const sequence = (...parts: readonly Uint8Array[]) => asn1(context(1), asn1(Tag.sequence, ...parts));
  const octets = (length: number) => asn1(Tag.octetString, Buffer.alloc(length));

  for (const [what, token] of [
    ["no bytes", Buffer.alloc(0)],
    ["an indefinite length", Buffer.from("a1800000", "hex")],
    ["a length of five octets", Buffer.from("a18500000000020000", "hex")],
    ["a length beyond the end", Buffer.from("a1033005", "hex")],
    ["bytes behind the end", Buffer.concat([sequence(), Buffer.alloc(1)])],
    ["a field twice", sequence(asn1(context(2), octets(1)), asn1(context(2), octets(1)))],
    ["fields in falling order", sequence(asn1(context(3), octets(1)), asn1(context(2), octets(1)))],
    ["a field that there is not", sequence(asn1(context(4), octets(1)))],
    ["an unknown negState", sequence(asn1(context(0), asn1(Tag.enumerated, Buffer.from([4]))))],
    ["a MIC that is no OCTET STRING", sequence(asn1(context(3), asn1(Tag.bitString, Buffer.alloc(2))))],
    ["another mechanism's frame", asn1(Tag.initialContextToken, asn1(Tag.oid, Buffer.from(Oid.kerberos, "hex")))],
    ["an empty list", encodeNegTokenInit([])],
    ["seventeen mechanisms", encodeNegTokenInit(new Array<string>(17).fill(Oid.ntlm))],
    ["more than 64 KiB", encodeNegTokenInit([Oid.ntlm], Buffer.alloc(65_536))],
  ] as const) {
    test(`are refused with ${what}`, () => {
      assert.throws(() => decodeNegotiationToken(token), NtlmError);
    });
  }

  test("may have lengths in more octets than they need, as old Windows writes them", () => {
    const minimal = Buffer.from("a1073005a0030a0100", "hex");
    const longer = Buffer.from("a1840000000b308400000005a0030a0100", "hex");
    assert.deepEqual(decodeNegotiationToken(longer), decodeNegotiationToken(minimal));
  });

  test("are read or refused with NtlmError, whatever the bytes, also after changes to real ones", () => {
    const init = encodeNegTokenInit([Oid.ntlm], newInitiator().negotiate());
    const last = encodeNegTokenResp({ negState: 1, supportedMech: Oid.ntlm, responseToken: Buffer.alloc(40) });
    const changed = fc.tuple(fc.constantFrom(init, last), fc.array(fc.tuple(fc.nat(), fc.nat(255)), { maxLength: 4 }));
    const bytes = changed.map(([token, changes]) => {
      const copy = Buffer.from(token);
      for (const [at, value] of changes) copy[at % copy.length] = value;
      return copy;
    });
    fc.assert(
      fc.property(fc.oneof(fc.uint8Array({ maxLength: 100 }), bytes), (token) => {
        try {
          assert.ok(decodeNegotiationToken(token).kind);
        } catch (error) {
          assert.ok(error instanceof NtlmError, String(error));
        }
      }),
      { numRuns: 2000 },
    );
  });
});

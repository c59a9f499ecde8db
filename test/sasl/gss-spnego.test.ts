/** GSS-SPNEGO as a SASL mechanism: NTLM in tokens, the last of them for the client, and every way to end otherwise. */
import assert from "node:assert/strict";
import { test } from "node:test";
import type { Validator } from "../../src/core/validator.ts";
import { NtlmInitiator, type NtlmInitiatorOptions } from "../../src/ntlm/ntlm-initiator.ts";
import { DEFAULT_POLICY, type AcceptorPolicy } from "../../src/ntlm/policy.ts";
import { SpnegoInitiator } from "../../src/ntlm/spnego/initiator.ts";
import { encodeNegTokenInit, encodeNegTokenResp, Oid } from "../../src/ntlm/spnego/tokens.ts";
import { gssSpnego } from "../../src/sasl/gss-spnego.ts";
import { makeOffer, MalformedResponse, type Conclusion, type Exchange } from "../../src/sasl/mechanism.ts";
import { accountsValidator } from "../../src/validators/file/file.ts";
import { VISIT } from "../support/visit.ts";

const names = { netbiosDomain: "EXAMPLE", netbiosComputer: "MAIL", domainJoined: true };
const users = accountsValidator({ name: "users", text: "alice:{PLAIN}secret\n", names });

let nonces = 0;
const clock = () => 133_500_000_000_000_000n;

function begin(initial?: Uint8Array, validator: Validator = users, policy: Partial<AcceptorPolicy> = {}): Exchange {
  const nonce = () => Buffer.from((nonces += 1).toString(16).padStart(16, "0"), "hex");
  const settings = { policy: { ...DEFAULT_POLICY, ...policy }, dialect: "auto", nonce, clock } as const;
  return makeOffer(gssSpnego(settings), validator)!.begin(initial, VISIT);
}

function newInitiator(options: Partial<NtlmInitiatorOptions> = {}): NtlmInitiator {
  return new NtlmInitiator({ user: "alice", domain: "EXAMPLE", password: "secret", clock, ...options });
}

/** The token that the server yields. */
async function said(step: ReturnType<Exchange["next"]>): Promise<Uint8Array> {
  const { done, value } = await step;
  assert.ok(!done, `ended: ${JSON.stringify(value)}`);
  return value;
}

async function ended(step: ReturnType<Exchange["next"]>): Promise<Conclusion> {
  const { done, value } = await step;
  assert.ok(done);
  return value;
}

async function untilLast(exchange: Exchange, client: SpnegoInitiator, first: Promise<Uint8Array>): Promise<Uint8Array> {
  return said(exchange.next(client.receive(await first)!));
}

function ending({ verdict, claimed }: Conclusion): string {
  return `${verdict.kind === "denied" ? `${verdict.reason}: ${verdict.why}` : verdict.kind} ${claimed}`;
}

for (const withInitial of [true, false]) {
  test(`a right response is accepted after the client has had the last token, ${withInitial ? "with" : "without"} an initial response`, async () => {
    const client = new SpnegoInitiator(newInitiator());
    const token = client.begin();
    const exchange = begin(withInitial ? token : undefined);
    if (!withInitial) assert.equal((await said(exchange.next())).length, 0);
    const last = await untilLast(exchange, client, said(withInitial ? exchange.next() : exchange.next(token)));
    assert.equal(client.receive(last), undefined);
    assert.equal(client.isCompleted, true);
    const conclusion = await ended(exchange.next(new Uint8Array(0)));
    assert.equal(ending(conclusion), "accepted EXAMPLE\\alice");
    assert.equal(conclusion.ntlm?.scheme, "NTLMv2");
  });
}

test("a wrong password is denied at once, without a last token", async () => {
  const client = new SpnegoInitiator(newInitiator({ password: "wrong" }));
  const exchange = begin(client.begin());
  const answer = client.receive(await said(exchange.next()))!;
  assert.match(ending(await ended(exchange.next(answer))), /^bad-credentials/);
});

test("a client that speaks NTLM without SPNEGO is answered so, and is in after its response", async () => {
  const client = newInitiator();
  const exchange = begin(client.negotiate());
  const challenge = await said(exchange.next());
  assert.equal(Buffer.from(challenge).toString("latin1", 0, 7), "NTLMSSP");
  assert.equal(ending(await ended(exchange.next(client.authenticate(challenge)))), "accepted EXAMPLE\\alice");
});

test("a client that prefers Kerberos has to prove its list of mechanisms, and is refused as policy when it does not", async () => {
  const client = newInitiator();
  const exchange = begin(encodeNegTokenInit([Oid.kerberos, Oid.ntlm], Buffer.from("ticket")));
  await said(exchange.next());
  const challenge = await said(exchange.next(encodeNegTokenResp({ responseToken: client.negotiate() })));
  const type2 = Buffer.from(challenge).subarray(Buffer.from(challenge).indexOf("NTLMSSP"));
  const responseToken = client.authenticate(type2);
  const conclusion = await ended(exchange.next(encodeNegTokenResp({ responseToken })));
  assert.match(ending(conclusion), /^policy: no mechListMIC.* EXAMPLE\\alice$/);
  assert.equal(conclusion.ntlm?.refusedBy, "mech-list-mic");
});

test("the listener's NTLM policy holds inside as well", async () => {
  const client = new SpnegoInitiator(newInitiator({ scheme: "NTLM2 session" }));
  const exchange = begin(client.begin());
  const answer = client.receive(await said(exchange.next()))!;
  assert.match(ending(await ended(exchange.next(answer))), /^policy: /);
});

test("a judge that gives no key cannot check a MIC, so the logon is refused", async () => {
  const keyless: Validator = {
    ...users,
    ntlm: {
      names: () => names,
      verify: async (evidence, visit) => {
        const verdict = await users.ntlm!.verify(evidence, visit);
        if (verdict.kind !== "accepted") return verdict;
        const { sessionBaseKey: _, ...rest } = verdict;
        return rest;
      },
    },
  };
  const client = new SpnegoInitiator(newInitiator());
  const exchange = begin(client.begin(), keyless, { mic: "off" });
  const answer = client.receive(await said(exchange.next()))!;
  assert.match(ending(await ended(exchange.next(answer))), /^policy: .*no session key/);
});

test("bytes that are no token, a list without NTLM, and a word after the last token are malformed", async () => {
  await assert.rejects(begin(Buffer.from("hello")).next(), MalformedResponse);
  await assert.rejects(begin(encodeNegTokenInit([Oid.kerberos])).next(), MalformedResponse);
  const client = new SpnegoInitiator(newInitiator());
  const exchange = begin(client.begin());
  await untilLast(exchange, client, said(exchange.next()));
  await assert.rejects(exchange.next(Buffer.from("more")), MalformedResponse);
});

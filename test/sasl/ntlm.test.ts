/** NTLM as a SASL mechanism: three messages, one judge, and the checks that only this connection can make. */
import assert from "node:assert/strict";
import { test } from "node:test";
import type { NtlmEvidence } from "../../src/core/evidence.ts";
import type { TargetNames, Validator } from "../../src/core/validator.ts";
import type { Visit } from "../../src/core/visit.ts";
import { authenticateMessage, negotiateMessage, type InitiatorOptions } from "../../src/ntlm/initiator.ts";
import { DEFAULT_POLICY, type AcceptorPolicy } from "../../src/ntlm/policy.ts";
import { makeOffer, MalformedResponse, type Conclusion } from "../../src/sasl/mechanism.ts";
import { ntlm } from "../../src/sasl/ntlm.ts";
import { accountsValidator } from "../../src/validators/file/file.ts";
import { VISIT } from "../support/visit.ts";

const NAMES: TargetNames = { netbiosDomain: "EXAMPLE", netbiosComputer: "MAIL", domainJoined: true };
const users = accountsValidator({ name: "users", text: "alice:{PLAIN}secret\n", names: NAMES });

interface Attempt {
  readonly answer?: Partial<InitiatorOptions>;
  readonly policy?: Partial<AcceptorPolicy>;
  readonly visit?: Partial<Visit>;
  readonly validator?: Validator;
  readonly empty?: boolean;
  readonly bend?: (message: Buffer) => Buffer;
}

let nonces = 0;

async function attempt({
  answer,
  policy,
  visit,
  validator = users,
  empty,
  bend = (message) => message,
}: Attempt = {}): Promise<Conclusion> {
  const settings = {
    policy: { ...DEFAULT_POLICY, ...policy },
    dialect: "auto",
    nonce: () => Buffer.from((nonces += 1).toString(16).padStart(16, "0"), "hex"),
    clock: () => 133_500_000_000_000_000n,
  } as const;
  const negotiate = negotiateMessage(answer?.scheme);
  const exchange = makeOffer(ntlm(settings), validator)!.begin(empty ? undefined : negotiate, { ...VISIT, ...visit });
  let step = await exchange.next();
  if (empty) {
    assert.deepEqual(step, { done: false, value: new Uint8Array(0) });
    step = await exchange.next(negotiate);
  }
  assert.equal(step.done, false);
  const { message } = authenticateMessage({
    user: "alice",
    domain: "EXAMPLE",
    password: "secret",
    negotiate,
    challenge: step.value,
    clientChallenge: Buffer.alloc(8, 0xaa),
    time: 0n,
    exportedSessionKey: Buffer.alloc(16, 0x55),
    ...answer,
  });
  const last = await exchange.next(bend(message));
  assert.equal(last.done, true);
  return last.value;
}

function ending({ verdict, claimed }: Conclusion): string {
  return `${verdict.kind === "denied" ? verdict.reason : verdict.kind} ${claimed}`;
}

test("a right response is accepted, with or without an initial response", async () => {
  for (const empty of [false, true]) {
    const { verdict, claimed, password } = await attempt({ empty });
    assert.equal(verdict.kind === "accepted" && verdict.identity.user, "alice");
    assert.equal(verdict.kind === "accepted" && verdict.scheme, "NTLMv2");
    assert.equal(claimed, "EXAMPLE\\alice");
    assert.equal(password, undefined, "NTLM shows no password");
  }
});

test("a wrong response, an unknown user and no user are refused", async () => {
  assert.equal(ending(await attempt({ answer: { password: "wrong" } })), "bad-credentials EXAMPLE\\alice");
  assert.equal(ending(await attempt({ answer: { user: "nobody" } })), "unknown EXAMPLE\\nobody");
  assert.equal(ending(await attempt({ answer: { user: "" } })), "policy ");
});

test("each exchange has a challenge of its own", async () => {
  const before = nonces;
  await attempt();
  await attempt();
  assert.equal(nonces, before + 2);
});

test("a response to another exchange's challenge is worth nothing", async () => {
  let kept: Buffer | undefined;
  await attempt({ bend: (message) => (kept = message) });
  assert.equal(ending(await attempt({ bend: () => kept! })), "bad-credentials EXAMPLE\\alice");
});

test("the listener's minimum is kept", async () => {
  assert.equal(ending(await attempt({ answer: { scheme: "NTLMv1" } })).split(" ")[0], "policy");
  assert.equal(
    ending(await attempt({ answer: { scheme: "NTLMv1" }, policy: { minimum: "v1" } })),
    "accepted EXAMPLE\\alice",
  );
  assert.equal(
    ending(await attempt({ answer: { scheme: "NTLM2 session" }, policy: { minimum: "v1-ess" } })),
    "accepted EXAMPLE\\alice",
  );
});

test("messages bent on the way are refused although the response is right", async () => {
  const bend = (message: Buffer): Buffer => {
    const bent = Buffer.from(message);
    // A flag in the NegotiateFlags that no key depends on: only the MIC notices.
    bent[60]! ^= 0x04;
    return bent;
  };
  const { verdict } = await attempt({ bend });
  assert.equal(verdict.kind === "denied" && verdict.reason, "policy");
  assert.match(verdict.kind === "denied" ? verdict.why : "", /MIC/i);
});

test("a channel binding must be this connection's", async () => {
  const own = Buffer.alloc(16, 7);
  const binding = (
    mine: Buffer | undefined,
    sent: Buffer | undefined,
    policy: Partial<AcceptorPolicy> = {},
  ): Promise<Conclusion> =>
    attempt({ visit: { channelBinding: mine }, answer: sent ? { channelBinding: sent } : {}, policy });
  assert.equal(ending(await binding(own, own)), "accepted EXAMPLE\\alice");
  assert.equal(ending(await binding(own, Buffer.alloc(16, 8))).split(" ")[0], "policy");
  assert.equal(ending(await binding(own, undefined)), "accepted EXAMPLE\\alice");
  assert.equal(ending(await binding(own, undefined, { channelBinding: "require" })).split(" ")[0], "policy");
});

test("messages that are none are malformed, whichever it is", async () => {
  const settings = { policy: DEFAULT_POLICY, dialect: "auto", nonce: () => Buffer.alloc(8), clock: () => 0n } as const;
  const offer = makeOffer(ntlm(settings), users)!;
  for (const first of [Buffer.from("NTLMSSP"), Buffer.from("NTLMSSP\0\x03\0\0\0"), Buffer.alloc(40)]) {
    await assert.rejects(async () => offer.begin(first, VISIT).next(), MalformedResponse);
  }
  for (const last of [Buffer.alloc(0), Buffer.from("NTLMSSP\0\x01\0\0\0"), negotiateMessage()]) {
    const exchange = offer.begin(negotiateMessage(), VISIT);
    await exchange.next();
    await assert.rejects(async () => exchange.next(last), MalformedResponse);
  }
});

test("names with controls in them reach no judge", async () => {
  let asked = 0;
  const validator: Validator = {
    name: "curious",
    ntlm: {
      names: () => NAMES,
      verify: (evidence: NtlmEvidence) => {
        asked += 1;
        return users.ntlm!.verify(evidence, VISIT);
      },
    },
  };
  await assert.rejects(attempt({ validator, answer: { user: "alice\r\nx" } }), MalformedResponse);
  assert.equal(asked, 0);
  assert.equal(ending(await attempt({ validator })), "accepted EXAMPLE\\alice");
  assert.equal(asked, 1);
});

test("a judge that cannot judge is neither yes nor no", async () => {
  const validator: Validator = {
    name: "down",
    ntlm: { names: () => NAMES, verify: () => Promise.resolve({ kind: "unavailable", why: "down" }) },
  };
  assert.equal((await attempt({ validator })).verdict.kind, "unavailable");
});

test("the names in the challenge are the judge's", async () => {
  const settings = { policy: DEFAULT_POLICY, dialect: "auto", nonce: () => Buffer.alloc(8), clock: () => 0n } as const;
  const { value } = await makeOffer(ntlm(settings), users)!.begin(negotiateMessage(), VISIT).next();
  assert.ok(Buffer.from(value as Uint8Array).includes(Buffer.from("EXAMPLE", "utf16le")));
});

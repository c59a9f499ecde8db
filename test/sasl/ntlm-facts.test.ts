/** What NTLM logons leave in the log: the facts of those let in and of those refused alike. */
import assert from "node:assert/strict";
import { test } from "node:test";
import type { NtlmFacts } from "../../src/core/ntlm-facts.ts";
import type { TargetNames, Validator } from "../../src/core/validator.ts";
import type { Visit } from "../../src/core/visit.ts";
import { authenticateMessage, negotiateMessage, type InitiatorOptions } from "../../src/ntlm/initiator.ts";
import { DEFAULT_POLICY, type AcceptorPolicy } from "../../src/ntlm/policy.ts";
import { compilePolicy } from "../../src/policy/terms.ts";
import type { PolicyException } from "../../src/policy/words.ts";
import { makeOffer, type Conclusion } from "../../src/sasl/mechanism.ts";
import { isPossible, ntlm, type NtlmSettings, type TermsFor } from "../../src/sasl/ntlm.ts";
import { accountsValidator } from "../../src/validators/file/file.ts";
import { VISIT } from "../support/visit.ts";

const NAMES: TargetNames = { netbiosDomain: "EXAMPLE", netbiosComputer: "MAIL", domainJoined: true };
const users = accountsValidator({ name: "users", text: "alice:{PLAIN}secret\n", names: NAMES });
const OURS = Buffer.alloc(16, 7);
const NOW = 133_500_000_000_000_000n;

interface Attempt {
  readonly answer?: Partial<InitiatorOptions>;
  readonly policy?: Partial<AcceptorPolicy>;
  readonly terms?: TermsFor;
  readonly visit?: Partial<Visit>;
  readonly validator?: Validator;
  readonly bend?: (message: Buffer) => void;
}

function settingsOf({ policy, terms }: Attempt): NtlmSettings {
  const nonce = () => Buffer.alloc(8, 9);
  return { policy: terms ?? { ...DEFAULT_POLICY, ...policy }, dialect: "auto", nonce, clock: () => NOW };
}

async function attempt(given: Attempt): Promise<Conclusion> {
  const { answer, visit, validator = users, bend } = given;
  const negotiate = negotiateMessage(answer?.scheme);
  const exchange = makeOffer(ntlm(settingsOf(given)), validator)!.begin(negotiate, { ...VISIT, ...visit });
  const { value: challenge } = await exchange.next();
  const { message } = authenticateMessage({
    ...{ user: "alice", domain: "EXAMPLE", password: "secret", workstation: "PC", negotiate },
    ...{ challenge: challenge as Uint8Array, clientChallenge: Buffer.alloc(8, 0xaa), time: NOW },
    ...{ exportedSessionKey: Buffer.alloc(16, 0x55), ...answer },
  });
  bend?.(message);
  const { done, value } = await exchange.next(message);
  assert.equal(done, true);
  return value;
}

async function facts(given: Attempt = {}): Promise<NtlmFacts> {
  const { ntlm: found } = await attempt(given);
  assert.ok(found);
  return found;
}

const wrongMic = (message: Buffer): void => void (message[80]! ^= 1);
const wrongPassword = { password: "wrong" };

test("a logon shows its scheme, its protections, its names and its flags", async () => {
  const answer = { channelBinding: OURS, targetName: "imap/mail.example.com" };
  const { negotiateFlags, authenticateFlags, ...rest } = await facts({ answer, visit: { channelBinding: OURS } });
  assert.deepEqual(rest, {
    ...{ scheme: "NTLMv2", mic: "right", channelBinding: "right", targetName: "imap/mail.example.com" },
    ...{ workstation: "PC", domain: "EXAMPLE", version: "10.0.0", refusedBy: undefined },
  });
  assert.equal(negotiateFlags, negotiateMessage().readUInt32LE(12));
  assert.notEqual(authenticateFlags, 0);
});

for (const [what, given, mic] of [
  ["right and verified", {}, "right"],
  ["right and required", { policy: { mic: "require" } }, "right"],
  ["of a policy that does not look", { policy: { mic: "off" } }, "unchecked"],
  ["of a wrong password", { answer: wrongPassword }, "unchecked"],
  ["altered on its way", { bend: wrongMic }, "wrong"],
  ["altered on its way where nobody looks", { bend: wrongMic, policy: { mic: "off" } }, "unchecked"],
  ["of NTLMv1, which has none", { answer: { scheme: "NTLMv1" }, policy: { minimum: "v1" } }, "absent"],
  ["of NTLMv1 that is refused", { answer: { scheme: "NTLMv1" } }, "absent"],
] as const satisfies readonly (readonly [string, Attempt, string])[]) {
  test(`the MIC ${what} is ${mic}`, async () => assert.equal((await facts(given)).mic, mic));
}

test("the MIC is unchecked where the judge gives no key, and refused where it is required", async () => {
  const validator: Validator = {
    name: "keyless",
    ntlm: {
      names: () => NAMES,
      verify: async (evidence, visit) => {
        const verdict = await users.ntlm!.verify(evidence, visit);
        if (verdict.kind !== "accepted") return verdict;
        const { sessionBaseKey: _, ...keyless } = verdict;
        return keyless;
      },
    },
  };
  assert.equal((await facts({ validator })).mic, "unchecked");
  assert.equal((await attempt({ validator })).verdict.kind, "accepted");
  const strict = { validator, policy: { mic: "require" } } as const;
  assert.deepEqual([(await facts(strict)).mic, (await facts(strict)).refusedBy], ["unchecked", "mic"]);
  const bound = { validator, answer: { channelBinding: OURS }, visit: { channelBinding: Buffer.alloc(16, 8) } };
  assert.equal((await facts(bound)).refusedBy, "channel-binding", "a binding is judged without a key");
});

for (const [what, sent, own, policy, shown, refusedBy] of [
  ["none", undefined, OURS, {}, "absent", undefined],
  ["ours", OURS, OURS, {}, "right", undefined],
  ["another's", Buffer.alloc(16, 8), OURS, {}, "wrong", "channel-binding"],
  ["another's where nobody minds", Buffer.alloc(16, 8), OURS, { channelBinding: "off" }, "wrong", undefined],
  ["some, on a connection without", OURS, undefined, {}, "wrong", "channel-binding"],
  ["some, behind a TLS terminator", OURS, undefined, { channelBinding: "off" }, "unchecked", undefined],
] as const) {
  test(`a channel binding: ${what}`, async () => {
    const answer = sent ? { channelBinding: sent } : {};
    const found = await facts({ answer, policy, visit: { channelBinding: own } });
    assert.deepEqual([found.channelBinding, found.refusedBy], [shown, refusedBy]);
  });
}

test("a binding is nobody's word until the response is right", async () => {
  const answer = { channelBinding: OURS, ...wrongPassword };
  assert.equal((await facts({ answer, visit: { channelBinding: OURS } })).channelBinding, "unchecked");
});

test("a refusal is named in the facts and not in the verdict's reason", async () => {
  for (const [given, rule] of [
    [{ policy: { block: true } }, "block"],
    [{ policy: { blockedDomains: ["example"] } }, "domain"],
    [{ policy: { targetName: "require" } }, "target-name"],
    [{ policy: { channelBinding: "require" } }, "channel-binding"],
    [{ answer: { scheme: "NTLMv1" } }, "minimum"],
    [{ bend: wrongMic }, "mic"],
    [{ answer: { user: "" } }, "no-user"],
  ] as const satisfies readonly (readonly [Attempt, string])[]) {
    const { verdict, ntlm: found } = await attempt(given);
    assert.equal(found?.refusedBy, rule);
    assert.equal(verdict.kind === "denied" && verdict.reason, "policy");
  }
  const { verdict, ntlm: found } = await attempt({ answer: wrongPassword });
  assert.equal(found?.refusedBy, undefined);
  assert.equal(verdict.kind === "denied" && verdict.reason, "bad-credentials");
});

test("a target name is no longer than a name", async () => {
  const { targetName } = await facts({ answer: { targetName: `imap/${"\u{1f4a5}".repeat(900)}` } });
  assert.ok(targetName !== undefined && targetName.length <= 256 && targetName.isWellFormed());
});

const PRINTERS: PolicyException = {
  ...{ name: "printers", owner: "Jane", reason: "old firmware", expires: "2026-06-30" },
  ...{ networks: ["192.0.2.0/24"], users: ["al*"], allow: { minimum: "v1" } },
};

function at(day: string, exceptions = [PRINTERS], ntlmDemands = {}): TermsFor {
  const listener = { name: "front", protocol: "imap", ntlm: ntlmDemands, hosts: ["mail"] } as const;
  return compilePolicy(listener, { exceptions }, () => Date.parse(`${day}T12:00:00Z`));
}

test("an exception that lets a logon in is named, with the rule that would have refused it", async () => {
  const old = { answer: { scheme: "NTLMv1" } } as const;
  const { verdict, ntlm: found } = await attempt({ ...old, terms: at("2026-06-15") });
  assert.equal(verdict.kind, "accepted");
  assert.deepEqual([found?.exception, found?.exceptedRule, found?.refusedBy], ["printers", "minimum", undefined]);
  assert.equal((await facts({ terms: at("2026-06-15") })).exception, undefined, "not needed");
  const elsewhere = { client: { address: "198.51.100.1", port: 1 } };
  assert.equal((await facts({ ...old, terms: at("2026-06-15"), visit: elsewhere })).refusedBy, "minimum");
});

test("one that has expired is named in the refusal", async () => {
  const { verdict, ntlm: found } = await attempt({ answer: { scheme: "NTLMv1" }, terms: at("2026-07-01") });
  assert.equal(verdict.kind, "denied");
  assert.match(
    verdict.kind === "denied" ? verdict.why : "",
    /least accepted here is v2; exception printers would allow it, but it expired on 2026-06-30 \(owner: Jane\)$/,
  );
  assert.deepEqual([found?.exception, found?.refusedBy], [undefined, "minimum"]);
});

test("NTLM is not offered where it cannot succeed, and is where an exception might help", () => {
  const bound = { ...VISIT, channelBinding: OURS };
  const offered = (given: Attempt, visit: Visit = VISIT) => isPossible(settingsOf(given), visit);
  assert.equal(offered({}), true);
  assert.equal(offered({ policy: { block: true } }), false);
  assert.equal(offered({ policy: { channelBinding: "require" } }), false);
  assert.equal(offered({ policy: { channelBinding: "require" } }, bound), true);
  const lifted = [{ ...PRINTERS, allow: { block: false } }];
  assert.equal(offered({ terms: at("2026-06-15", lifted, { block: true }) }), true);
  assert.equal(offered({ terms: at("2026-07-01", lifted, { block: true }) }), false);
});

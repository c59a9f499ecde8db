/** Validator `netlogon` over a double: what it asks, what it refuses to ask, and what it makes of the answers. */
import assert from "node:assert/strict";
import { afterEach, describe, test } from "node:test";
import { NtStatus } from "../../../src/core/nt-status.ts";
import { Secret } from "../../../src/core/secret.ts";
import type { Verdict } from "../../../src/core/verdict.ts";
import { byNtlm, byPassword, summary, VISIT } from "../conformance.ts";
import { ntlm2Session, version1, version2, type Attempt } from "../ntlm-client.ts";
import { ACCOUNTS, startSmallDomain, type SmallDomain, type SmallDomainOptions } from "./small-domain.ts";

const ALICE: Attempt = { user: "alice", domain: "EXAMPLE", password: "Password1" };

let domain: SmallDomain | undefined;
afterEach(() => domain?.close());

async function start(options?: SmallDomainOptions): Promise<SmallDomain> {
  domain = await startSmallDomain(options);
  return domain;
}

async function password({ validator }: SmallDomain, username: string, text = "Password1"): Promise<Verdict> {
  return validator.password!({ username, password: new Secret(text) }, VISIT);
}

describe("what is asked", () => {
  test("an NTLM logon goes on exactly as it was sent, but for the LM response", async () => {
    const { validator, controllers } = await start();
    const evidence = { ...version2({ ...ALICE, user: "ALICE", domain: "Example.com" }), workstation: "PC 7" };
    const lmResponse = Buffer.alloc(24, 7);
    const verdict = await validator.ntlm?.verify({ ...evidence, lmResponse }, VISIT);
    assert.ok(verdict?.kind === "accepted");
    assert.deepEqual([verdict.scheme, verdict.sessionBaseKey?.length], ["NTLMv2", 16]);
    const [asked] = controllers[0]!.logons;
    assert.deepEqual([asked?.user, asked?.domain, asked?.workstation], ["ALICE", "Example.com", "PC 7"]);
    assert.deepEqual(asked?.ntResponse, evidence.ntResponse);
    assert.deepEqual(asked?.challenge, Buffer.from(evidence.serverChallenge));
    assert.equal(asked?.lmResponse.length, 0);
    assert.deepEqual([asked?.computer, asked?.parameterControl], ["MAIL", 0]);
  });

  test("a password goes as an NTLMv2 response, each time to another challenge", async () => {
    const { validator, controllers } = await start();
    for (const name of ["alice", "EXAMPLE\\alice", "alice@EXAMPLE"])
      assert.equal(await byPassword(validator, name, "Password1"), "accepted alice");
    const [first, second] = controllers[0]!.logons;
    assert.notDeepEqual(first?.challenge, second?.challenge);
    assert.ok(!JSON.stringify(controllers[0]!.logons).includes("Password1"));
  });

  test("the names for the CHALLENGE are those of our machine account", async () => {
    const { validator } = await start();
    assert.deepEqual(validator.ntlm?.names(VISIT), {
      ...{ netbiosDomain: "EXAMPLE", netbiosComputer: "MAIL", dnsDomain: "example.com" },
      ...{ dnsComputer: "mail.example.com", domainJoined: true },
    });
  });

  test("a second reading of a name is asked about only where nobody has the first", async () => {
    const { validator, asked } = await start();
    const good = version2(ALICE);
    const other = { user: "alicé", domain: "EXAMPLE" };
    assert.equal(await byNtlm(validator, { ...good, names: [other, ...good.names] }), "accepted alice");
    assert.equal(asked(), 2);
    const wrong = version2({ ...ALICE, password: "wrong" });
    assert.equal(await byNtlm(validator, { ...wrong, names: [...wrong.names, other] }), "denied bad-credentials");
    assert.equal(asked(), 3);
  });

  test("a user principal name is looked for as such, then as a name of our domain", async () => {
    const { validator, controllers } = await start();
    assert.equal(await byPassword(validator, "alice@example.com", "Password1"), "accepted alice");
    const asked = controllers[0]!.logons.map(({ user, domain: named }) => [user, named]);
    assert.deepEqual(asked, [["alice@example.com", ""], ["alice", "EXAMPLE"]]); // prettier-ignore
  });
});

describe("what nobody is asked about", () => {
  test("responses weaker than NTLMv2, whatever the listener takes", async () => {
    const { validator, asked } = await start();
    const lmOnly = { ...version2(ALICE), ntResponse: new Uint8Array(0), lmResponse: Buffer.alloc(24, 1) };
    for (const weak of [
      version1({ ...ALICE, minimum: "lm" }),
      ntlm2Session({ ...ALICE, minimum: "lm" }),
      { ...lmOnly, minimum: "lm" as const },
    ])
      assert.equal(await byNtlm(validator, weak), "denied policy");
    assert.equal(asked(), 0);
  });

  test("they go on where both the validator and the listener take them", async () => {
    const { validator, asked } = await start({ options: { allowNtlmV1: true } });
    assert.equal(await byNtlm(validator, version1({ ...ALICE, minimum: "v2" })), "denied policy");
    assert.equal(asked(), 0);
    for (const weak of [version1({ ...ALICE, minimum: "v1" }), ntlm2Session({ ...ALICE, minimum: "v1-ess" })])
      assert.equal(await byNtlm(validator, weak), "accepted alice");
  });

  test("empty and impossible passwords, names and responses", async () => {
    const { validator, asked } = await start();
    for (const text of ["", "\0", "x".repeat(257)])
      assert.equal(await byPassword(validator, "alice", text), "denied bad-credentials");
    for (const name of ["", "\\alice", "a\0", "x".repeat(300), "\\", "EXAMPLE\\"])
      assert.match(await byPassword(validator, name, "x"), /^denied bad-credentials$/, name);
    const good = version2(ALICE);
    for (const bad of [
      { ...good, ntResponse: new Uint8Array(0) },
      { ...good, ntResponse: new Uint8Array(10_000) },
      { ...good, workstation: "w".repeat(5000) },
      { ...good, names: [{ user: "alice\n", domain: "" }] },
      { ...good, names: [{ user: "alice", domain: "x\0" }] },
    ])
      assert.equal(await byNtlm(validator, bad), "denied bad-credentials");
    assert.equal(asked(), 0);
  });

  test("NTLM for blocked domains and listeners; passwords still go", async () => {
    const ntlmBlocked = { domains: ["PARTNER", "partner.example"], listeners: ["submission"] };
    const { validator, asked } = await start({ options: { ntlmBlocked } });
    for (const attempt of [
      { ...ALICE, domain: "partner" },
      { ...ALICE, domain: "", user: "alice@partner.example" },
      { ...ALICE, domain: "", user: "PARTNER\\alice" },
    ]) {
      const verdict = await validator.ntlm!.verify(version2(attempt), VISIT);
      assert.deepEqual([summary(verdict), statusOf(verdict)], ["denied ntlm-blocked", NtStatus.NTLM_BLOCKED]);
    }
    const elsewhere = { ...VISIT, listener: "submission" };
    assert.equal(summary(await validator.ntlm!.verify(version2(ALICE), elsewhere)), "denied ntlm-blocked");
    assert.equal(asked(), 0);
    assert.equal(await byNtlm(validator, version2(ALICE)), "accepted alice");
    assert.equal(await byPassword(validator, "alice", "Password1"), "accepted alice");
  });

  test("a user whom the domain finds in a blocked domain is refused though the client named none", async () => {
    const info = { user: "alice", domain: "PARTNER", dnsDomain: "partner.example" };
    const accounts = { alice: { password: "Password1", info } };
    const options = { ntlmBlocked: { domains: ["partner.example"] }, domains: ["PARTNER"] };
    const { validator } = await start({ accounts, options });
    assert.equal(await byNtlm(validator, version2({ ...ALICE, domain: "" })), "denied ntlm-blocked");
  });
});

describe("what an answer means", () => {
  const cases: readonly (readonly [status: keyof typeof NtStatus, expected: string])[] = [
    ["WRONG_PASSWORD", "denied bad-credentials"],
    ["LOGON_FAILURE", "denied bad-credentials"],
    ["NO_SUCH_USER", "unknown"],
    ["ACCOUNT_DISABLED", "denied disabled"],
    ["ACCOUNT_LOCKED_OUT", "denied locked-out"],
    ["PASSWORD_MUST_CHANGE", "denied must-change-password"],
    ["AUTHENTICATION_FIREWALL_FAILED", "denied not-authorized"],
    ["NTLM_BLOCKED", "denied ntlm-blocked"],
    ["NO_LOGON_SERVERS", "unavailable"],
    ["TRUSTED_RELATIONSHIP_FAILURE", "unavailable"],
    ["INVALID_PARAMETER", "unavailable"],
    ["IO_TIMEOUT", "unavailable"],
    ["NETLOGON_NOT_STARTED", "unavailable"],
  ];
  for (const [name, expected] of cases)
    test(`STATUS_${name} is "${expected}"`, async () => {
      const status = NtStatus[name];
      const small = await start({ behaviours: [{ logonStatus: status }] });
      const verdict = await password(small, "alice");
      assert.equal(summary(verdict), expected);
      if (verdict.kind === "denied") assert.equal(statusOf(verdict), status);
    });

  test("a status that nobody has heard of is no word about the user", async () => {
    const small = await start({ behaviours: [{ logonStatus: 0xc0001234 }] });
    assert.equal(summary(await password(small, "alice")), "unavailable");
  });

  test("nobody of that name is unknown, whether or not another may know it", async () => {
    const accounts = { alice: { password: "Password1", status: NtStatus.NO_SUCH_USER, authoritative: false } };
    const small = await start({ accounts });
    for (const name of ["alice", "info@other.example", "info@example.com", "EXAMPLE\\nobody"]) {
      const verdict = await password(small, name);
      assert.equal(summary(verdict), "unknown");
      if (verdict.kind === "unknown") assert.equal(verdict.status, NtStatus.NO_SUCH_USER);
    }
  });

  const flags: readonly (readonly [number, string, number])[] = [
    [0x1010, "denied smartcard-required", NtStatus.SMARTCARD_LOGON_REQUIRED],
    [0x40, "denied trust-account", NtStatus.NOLOGON_INTERDOMAIN_TRUST_ACCOUNT],
    [0x80, "denied trust-account", NtStatus.NOLOGON_WORKSTATION_TRUST_ACCOUNT],
    [0x100, "denied trust-account", NtStatus.NOLOGON_SERVER_TRUST_ACCOUNT],
  ];
  for (const [userAccountControl, expected, status] of flags)
    test(`an account that the domain lets in is "${expected}" by UserAccountControl 0x${userAccountControl.toString(16)}`, async () => {
      const info = { ...ACCOUNTS["alice"]!.info, userAccountControl };
      const small = await start({ accounts: { alice: { password: "Password1", info } } });
      const verdict = await password(small, "alice");
      assert.deepEqual([summary(verdict), statusOf(verdict)], [expected, status]);
    });

  test("a guest is nobody", async () => {
    const info = { ...ACCOUNTS["alice"]!.info, userFlags: 1 };
    const small = await start({ accounts: { alice: { password: "Password1", info } } });
    assert.equal(summary(await password(small, "alice")), "denied bad-credentials");
  });

  test("the namesake of a trusted domain gets in only where that domain's users count", async () => {
    const accounts = { alice: { password: "Password1", info: { user: "alice", domain: "PARTNER", dnsDomain: "" } } };
    const small = await start({ accounts });
    assert.equal(summary(await password(small, "PARTNER\\alice")), "denied not-authorized");
    await small.close();
    const trusting = await start({ accounts, options: { domains: ["partner"] } });
    const verdict = await password(trusting, "PARTNER\\alice");
    assert.ok(verdict.kind === "accepted");
    assert.equal(verdict.identity.domain, "PARTNER");
  });

  test("a yes that does not fit our own response is none", async () => {
    const small = await start({ accounts: { alice: { info: { user: "alice", domain: "EXAMPLE" } } } });
    assert.equal(summary(await password(small, "alice", "anything")), "unavailable");
  });

  const mailboxes = { user: "alice", upn: "alice.doe@mail.example", address: "alice@example.com" };
  for (const [mailbox, expected] of Object.entries(mailboxes) as ["user" | "upn" | "address", string][])
    test(`the mailbox can be the ${mailbox}`, async () => {
      const small = await start({ options: { mailbox } });
      const verdict = await password(small, "ALICE");
      assert.ok(verdict.kind === "accepted");
      const { user, domain: named, mailbox: opened, groups, token, attributes } = verdict.identity;
      assert.deepEqual([user, named, opened, groups], ["alice", "EXAMPLE", expected, []]);
      assert.match(token?.sids[token.userIndex ?? -1] ?? "", /^S-1-5-21-.*-1000$/);
      assert.deepEqual([attributes["upn"], attributes["fullName"]], ["alice.doe@mail.example", "Alice"]);
    });

  test("without a user principal name the mailbox is the one that follows from the domain", async () => {
    const small = await start({ options: { mailbox: "upn" } });
    const verdict = await password(small, "bob", "Bob's own");
    assert.ok(verdict.kind === "accepted" && verdict.identity.mailbox === "bob@example.com");
  });

  test("a closed validator is unavailable", async () => {
    const small = await start();
    await small.validator.close?.();
    assert.equal(summary(await password(small, "alice")), "unavailable");
    assert.equal(await byNtlm(small.validator, version2(ALICE)), "unavailable");
    assert.equal(small.asked(), 0);
  });
});

function statusOf(verdict: Verdict): number | undefined {
  return verdict.kind === "denied" ? verdict.status : undefined;
}

/** Validator `netlogon` with a real domain controller: every account's NTSTATUS, conformance, and the machine password. */
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { NtStatus, ntStatusName } from "../../../src/core/nt-status.ts";
import { Secret } from "../../../src/core/secret.ts";
import type { Validator } from "../../../src/core/validator.ts";
import type { Verdict } from "../../../src/core/verdict.ts";
import { readState } from "../../../src/validators/netlogon/machine-state.ts";
import { rotateMachinePassword } from "../../../src/validators/netlogon/rotation.ts";
import {
  DOMAIN,
  MACHINES,
  startDomainController,
  USERS,
  withoutDomainController,
  type DomainController,
} from "../../peers/samba-dc/domain-controller.ts";
import { byNtlm, byPassword, conformance, NAMES, summary, VISIT } from "../conformance.ts";
import { version1, version2 } from "../ntlm-client.ts";
import { memberOf, type Member } from "./real-domain.ts";

let dc: DomainController;
let member: Member;

describe("with a domain controller", { skip: withoutDomainController() }, () => {
  before(async () => {
    // Only what listeners allow on purpose goes on in NTLMv1, and then the domain must take it.
    dc = await startDomainController({ settings: ["ntlm auth = yes"] });
    member = memberOf(dc);
  });
  after(async () => {
    member?.remove();
    await dc?.close();
  });

  everyAccount();
  conformance("netlogon", () => Promise.resolve(member.validator({ allowNtlmV1: true })), { domain: true });
  names();
  machinePassword();
});

function everyAccount(): void {
  describe("every account gets its NTSTATUS:", () => {
    let validator: Validator;
    before(() => void (validator = member.validator()));
    after(() => validator.close?.());
    for (const { name, password, expect } of [...USERS, ...MACHINES])
      test(`${name}: ${expect}`, async () => {
        const evidence = version2({ user: name, domain: DOMAIN.netbios, password });
        const verdicts = [
          await validator.ntlm!.verify(evidence, VISIT),
          await validator.password!({ username: name, password: new Secret(password) }, VISIT),
        ];
        assert.deepEqual(verdicts.map(statusOf), [expect, expect]);
        for (const verdict of verdicts) if (verdict.kind === "accepted") assert.ok(isHimself(verdict, name));
      });
  });
}

function statusOf(verdict: Verdict): string {
  if (verdict.kind === "accepted") return "STATUS_SUCCESS";
  return verdict.kind === "denied" ? ntStatusName(verdict.status ?? NaN) : verdict.kind;
}

function isHimself({ identity }: Verdict & { kind: "accepted" }, name: string): boolean {
  const { user, token } = identity;
  return user === name && token?.sids[token.userIndex ?? -1] === `${DOMAIN.sid}-${dc.rids[name]}`;
}

function names(): void {
  test("the token has nested groups of all kinds, and 800 of them", async () => {
    const validator = member.validator();
    const tokenOf = async (username: string, password: string) => {
      const verdict = await validator.password!({ username, password: new Secret(password) }, VISIT);
      assert.ok(verdict.kind === "accepted");
      return verdict.identity.token;
    };
    const alice = await tokenOf("alice", "Password1");
    const groups = ["Domain Users", "Sales", "EMEA", "MailUsers", "MailLocal"].map((each) => dc.rids[each]);
    for (const rid of groups) assert.ok(alice?.sids.includes(`${DOMAIN.sid}-${rid}`));
    assert.equal(alice?.sids[alice.primaryGroup ?? -1], `${DOMAIN.sid}-513`);
    assert.equal((await tokenOf("manygroups", "Str0ng-Pass-manygroups!"))?.sids.length, 802);
    await validator.close?.();
  });

  test("the domain refuses good responses for another computer's name", async () => {
    const validator = member.validator();
    assert.deepEqual(validator.ntlm?.names(VISIT), NAMES);
    const question = version2({ user: "alice", domain: "EXAMPLE", password: "Password1", computer: "OTHER" });
    assert.equal(await byNtlm(validator, question), "denied bad-credentials");
    const right = version2({ user: "alice", domain: "EXAMPLE", password: "Password1", computer: "MAIL" });
    assert.equal(await byNtlm(validator, right), "accepted alice");
    await validator.close?.();
  });

  test("no account is locked by NTLMv1 responses, of which the domain never hears", async () => {
    const validator = member.validator();
    for (let round = 0; round < 8; round++)
      assert.equal(
        await byNtlm(validator, version1({ user: "guessed", password: "wrong", minimum: "v1" })),
        "denied policy",
      );
    assert.equal(await byPassword(validator, "guessed", "Str0ng-Pass-guessed!"), "accepted guessed");
    for (let round = 0; round < 6; round++) await byPassword(validator, "guessed", "wrong");
    assert.equal(await byPassword(validator, "guessed", "Str0ng-Pass-guessed!"), "denied locked-out");
    await validator.close?.();
  });
}

function machinePassword(): void {
  test("the machine password is changed while users log on, and the old one is worth nothing then", async () => {
    const second = memberOf(dc, "GATEWAY2");
    const { state } = second;
    const validator = second.validator();
    const old = readState(state).password.reveal();
    const logons = async (): Promise<void> => {
      for (let index = 0; index < 20; index++)
        assert.equal(await byPassword(validator, `user${index}`, `password-${index}`), `accepted user${index}`);
    };
    await logons();
    const machine = { path: state, domain: DOMAIN.netbios, computer: "GATEWAY2" };
    const changing = rotateMachinePassword(machine, { host: dc.address, port: undefined }, 10_000);
    await Promise.all([logons(), changing]);
    await logons();
    assert.equal(readState(state).previous?.reveal(), old);
    assert.notEqual(readState(state).password.reveal(), old);
    await validator.close?.();
    const fresh = second.validator();
    assert.equal(await byPassword(fresh, "alice", "Password1"), "accepted alice");
    await fresh.close?.();
    const stale = memberOf(dc, "GATEWAY2").validator();
    assert.equal(await byPassword(stale, "alice", "Password1"), "unavailable");
    await stale.close?.();
    second.remove();
  });

  test("a disabled machine account lets nobody in, and nobody's password is called wrong", async () => {
    const off = memberOf(dc, "GWOFF");
    const log: string[] = [];
    const validator = off.validator({
      log: (_level, message, fields) => log.push(`${message} ${String(fields["error"])}`),
    });
    const verdict = await validator.password!({ username: "alice", password: new Secret("Password1") }, VISIT);
    assert.equal(summary(verdict), "unavailable");
    assert.match(log.join(), new RegExp(ntStatusName(NtStatus.NO_TRUST_SAM_ACCOUNT)));
    await validator.close?.();
    off.remove();
  });
}

/** The validator over the real ntlm_auth of a host that has joined a Samba domain. */
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { ntStatusName } from "../../../src/core/nt-status.ts";
import { Secret } from "../../../src/core/secret.ts";
import type { Validator } from "../../../src/core/validator.ts";
import { winbindValidator, type WinbindOptions } from "../../../src/validators/winbind/winbind.ts";
import {
  accountOf,
  DOMAIN,
  MACHINES,
  startDomainController,
  USERS,
  withoutDomainController,
  type DomainController,
} from "../../peers/samba-dc/domain-controller.ts";
import { MEMBER_NAME, startMember, type Member } from "../../peers/samba-member/member.ts";
import { eventually, without } from "../../peers/programs.ts";
import { byNtlm, byPassword, conformance, NAMES, summary, VISIT } from "../conformance.ts";
import { ntlm2Session, version2 } from "../ntlm-client.ts";

const skip = withoutDomainController() || without("ntlm_auth", "net");

/** What winbindd does otherwise than MS-APDS says: it cannot see smart cards, and lets computers in. */
const OTHERWISE: Readonly<Record<string, string>> = { STATUS_SMARTCARD_LOGON_REQUIRED: "accepted" };

describe("over a domain member's winbindd", { skip }, () => {
  let dc: DomainController;
  let member: Member;
  let validator: Validator;
  before(async () => {
    dc = await startDomainController({ settings: ["ntlm auth = yes"] });
    member = await startMember(dc);
    validator = open({ groups: true });
    await eventually("the machine's names", () => (validator.ntlm?.names(VISIT) === NOWHERE ? undefined : true));
  });
  after(async () => {
    await validator?.close?.();
    await member?.close();
    await dc?.close();
  });

  function open(options: Partial<WinbindOptions> = {}): Validator {
    const [command = "", ...inside] = member.inside();
    return winbindValidator({
      name: "samba",
      log: () => undefined,
      command,
      arguments: [...inside, "ntlm_auth", `--configfile=${member.configuration}`],
      lookup: command,
      lookupArguments: [...inside, "wbinfo"],
      names: NOWHERE,
      ...options,
    });
  }

  const machine = { domain: DOMAIN.netbios, computer: MEMBER_NAME, dnsDomain: DOMAIN.dns };
  conformance("winbind", () => Promise.resolve(open({ allowNtlmV1: true, machine })), { domain: true });

  test("the names are the machine account's own", () => {
    assert.deepEqual(validator.ntlm?.names(VISIT), { ...NAMES, netbiosComputer: MEMBER_NAME });
  });

  test("every account has the state that MS-APDS gives it, by NTLM and by password", async () => {
    for (const { name, password, expect } of [...USERS, ...MACHINES]) {
      // Joining has changed the password of the member's own account.
      if (/^user\d|^guessed$/.test(name) || name === `${MEMBER_NAME}$`) continue;
      const evidence = version2({ user: name, domain: DOMAIN.netbios, password });
      const verdicts = [
        await validator.ntlm?.verify(evidence, VISIT),
        await validator.password?.({ username: `${DOMAIN.netbios}\\${name}`, password: new Secret(password) }, VISIT),
      ];
      for (const verdict of verdicts) {
        const status = verdict?.kind === "denied" ? ntStatusName(verdict.status ?? 0) : verdict?.kind;
        assert.equal(status, OTHERWISE[expect] ?? (expect === "STATUS_SUCCESS" ? "accepted" : expect), name);
      }
      if (expect === "STATUS_SUCCESS") assert.ok(verdicts[0]?.kind === "accepted" && verdicts[0].sessionBaseKey, name);
    }
  });

  test("names in many forms are the account, and wrong passwords, domains and names are not", async () => {
    for (const name of ["alice", "ALICE", "EXAMPLE\\alice", "alice@EXAMPLE", "alice@example.com"])
      assert.equal(await byPassword(validator, name, "Password1"), "accepted alice", name);
    assert.equal(await byPassword(validator, "carol@example.org", "carol's"), "accepted carol");
    assert.equal(await byPassword(validator, "ZOË", "pässwörd☃"), "accepted zoë");
    for (const [user, domain] of [
      ["alice", ""],
      ["ALICE", "example"],
      ["alice", "example.com"],
      ["alice@example.com", ""],
    ] as const)
      assert.equal(await byNtlm(validator, version2({ user, domain, password: "Password1" })), "accepted alice", user);
    assert.equal(await byPassword(validator, "alice", "password1"), "denied bad-credentials");
    assert.equal(await byPassword(validator, "dave", "wrong"), "denied bad-credentials");
    for (const name of ["nobody", "OTHER\\alice", "alice@other.example", "*", "alice*", "a\\b\\c", "__proto__"])
      assert.match(await byPassword(validator, name, "Password1"), /^(unknown|denied bad)/, name);
  });

  test("groups come by name and by SID, nested ones too", async () => {
    const verdict = await validator.password?.({ username: "alice", password: new Secret("Password1") }, VISIT);
    assert.ok(verdict?.kind === "accepted");
    const { groups, token } = verdict.identity;
    for (const name of ["staff", "mail", "Domain Users"]) assert.ok(groups.includes(name), groups.join());
    assert.equal(token?.sids[token.userIndex ?? -1], `${DOMAIN.sid}-${dc.rids["alice"]}`);
    assert.ok(token.sids.includes(`${DOMAIN.sid}-513`));
  });

  test("NTLM2 session is passed on where it is allowed", async () => {
    const lenient = open({ allowNtlmV1: true });
    await eventually("the machine's names", () => (lenient.ntlm?.names(VISIT) === NOWHERE ? undefined : true));
    const attempt = { user: "bob", domain: "EXAMPLE", minimum: "v1-ess" } as const;
    assert.equal(await byNtlm(lenient, ntlm2Session({ ...attempt, password: "Bob's own" })), "accepted bob");
    assert.equal(await byNtlm(lenient, ntlm2Session({ ...attempt, password: "x" })), "denied bad-credentials");
    assert.equal(await byNtlm(validator, ntlm2Session({ ...attempt, password: "Bob's own" })), "denied policy");
    await lenient.close?.();
  });

  test("of many at once, right and wrong, each gets its own verdict", async () => {
    const attempts = Array.from({ length: 60 }, (_, index) => ({
      user: `user${index % 20}`,
      isRight: index % 3 !== 0,
      index,
    }));
    const verdicts = await Promise.all(
      attempts.map(({ user, isRight, index }) => {
        const password = isRight ? accountOf(user).password : "wrong";
        return index % 2 ? byPassword(validator, user, password) : byNtlm(validator, version2({ user, password }));
      }),
    );
    assert.deepEqual(
      verdicts,
      attempts.map(({ user, isRight }) => (isRight ? `accepted ${user}` : "denied bad-credentials")),
    );
  });

  test("while the domain controller or winbindd is dead logons are unavailable, and afterwards right again", async () => {
    const ask = async () => {
      const evidence = { username: "bob", password: new Secret("Bob's own") };
      return summary((await validator.password?.(evidence, VISIT))!);
    };
    assert.equal(await ask(), "accepted bob");
    await dc.kill();
    assert.equal(await ask(), "unavailable");
    await dc.start();
    await backAgain(ask);
    await member.kill();
    assert.equal(await ask(), "unavailable");
  });
});

/** Nothing but "unavailable" in between: never a wrong password. */
async function backAgain(ask: () => Promise<string>): Promise<void> {
  for (let round = 0; round < 100; round++) {
    const verdict = await ask();
    if (verdict === "accepted bob") return;
    assert.equal(verdict, "unavailable");
    await sleep(200);
  }
  assert.fail("still unavailable after the domain controller came back");
}

/** A CHALLENGE's names before the machine's are known. */
const NOWHERE = { netbiosDomain: "NOWHERE", netbiosComputer: "NOTHING", domainJoined: false };

/** The validator over the LDAP of a Samba domain controller. */
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { NtStatus, ntStatusName } from "../../../src/core/nt-status.ts";
import { Secret } from "../../../src/core/secret.ts";
import type { Validator } from "../../../src/core/validator.ts";
import { ldapValidator, type LdapOptions } from "../../../src/validators/ldap/ldap.ts";
import {
  accountOf,
  BASE_DN,
  DOMAIN,
  MACHINES,
  startDomainController,
  USERS,
  withoutDomainController,
  type DomainController,
} from "../../peers/samba-dc/domain-controller.ts";
import { byPassword, NAMES, VISIT } from "../conformance.ts";

/** A bind is no NTLM: who may not use NTLM is refused by the domain all the same. */
describe("over a domain controller's LDAP", { skip: withoutDomainController() }, () => {
  let dc: DomainController;
  const open: Validator[] = [];
  before(async () => {
    dc = await startDomainController();
  });
  after(async () => {
    for (const each of open) await each.close?.();
    await dc?.close();
  });

  function made(options: Partial<LdapOptions> = {}): Validator {
    const validator = ldapValidator({
      name: "domain",
      log: () => undefined,
      names: NAMES,
      servers: [{ host: dc.address, port: 636, security: "ldaps" }],
      ca: dc.ca,
      mode: "search",
      schema: "active-directory",
      account: { user: `svc-ldap@${DOMAIN.dns}`, password: new Secret(accountOf("svc-ldap").password) },
      users: { base: BASE_DN },
      groups: {},
      attributes: { others: { address: "mail" } },
      ...options,
    });
    open.push(validator);
    return validator;
  }

  const direct = { mode: "bind", account: undefined } as const;
  const modes: Readonly<Record<string, Partial<LdapOptions>>> = {
    searching: {},
    "searching with StartTLS": {},
    "binding user@domain": { ...direct, bindName: "{user}@{domain}" },
    "binding DOMAIN\\user": { ...direct, bindName: `${DOMAIN.netbios}\\{user}` },
  };

  for (const [title, options] of Object.entries(modes))
    test(`every account has the state that MS-APDS gives it, ${title}`, async () => {
      const servers = [{ host: dc.address, port: 389, security: "starttls" as const }];
      const validator = made(title.includes("StartTLS") ? { ...options, servers } : options);
      for (const { name, password, expect } of USERS) {
        if (/^user\d\d?$|^guessed$/.test(name)) continue;
        const verdict = await validator.password?.({ username: name, password: new Secret(password) }, VISIT);
        const status = verdict?.kind === "denied" ? ntStatusName(verdict.status ?? 0) : verdict?.kind;
        assert.equal(status, expect === "STATUS_SUCCESS" ? "accepted" : expect, name);
      }
      for (const { name, password } of MACHINES)
        assert.match(
          await byPassword(validator, name, password),
          /^(unknown|denied (trust-account|disabled|not-auth\S+))$/,
          name,
        );
      assert.equal(await byPassword(validator, "dave", "wrong"), "denied bad-credentials");
    });

  test("computers are refused even where the filter finds them", async () => {
    const validator = made({ users: { base: BASE_DN, filter: "(sAMAccountName={user})" } });
    const { password } = accountOf("GATEWAY$");
    const verdict = await validator.password?.({ username: "GATEWAY$", password: new Secret(password) }, VISIT);
    assert.ok(verdict?.kind === "denied");
    assert.equal(verdict.status, NtStatus.NOLOGON_WORKSTATION_TRUST_ACCOUNT);
  });

  test("names in every form are the account; others, wrong and empty passwords are not", async () => {
    for (const validator of [made(), made(modes["binding user@domain"])]) {
      for (const name of ["alice", "ALICE", "EXAMPLE\\alice", "alice@EXAMPLE", "alice@example.com"])
        assert.equal(await byPassword(validator, name, "Password1"), "accepted alice", name);
      for (const name of [
        "nobody",
        "OTHER\\alice",
        "alice@other.example",
        "*",
        "alice*",
        "alice)(cn=*",
        "DC1$",
        "alice@mail.example",
      ])
        assert.match(await byPassword(validator, name, "Password1"), /^(unknown|denied bad-credentials)$/, name);
      for (const password of ["", "password1", "Password1 ", "\0"])
        assert.equal(await byPassword(validator, "alice", password), "denied bad-credentials");
      assert.equal(await byPassword(validator, "zoë", "pässwörd☃"), "accepted zoë");
    }
    assert.equal(await byPassword(made(), "alice.doe@mail.example", "Password1"), "accepted alice");
    assert.equal(await byPassword(made(), "carol@example.org", "carol's"), "accepted carol");
  });

  test("groups come by name, nested ones where asked, and by SID", async () => {
    const asked: readonly (readonly [LdapOptions["groups"], readonly string[]])[] = [
      [{}, ["Sales", "mail", "staff"]],
      [{ base: BASE_DN }, ["Sales", "mail", "staff"]],
      [{ base: BASE_DN, nested: true }, ["EMEA", "MailLocal", "MailUsers", "Sales", "mail", "staff"]],
    ];
    for (const [groups, expected] of asked)
      for (const options of [{}, modes["binding user@domain"]]) {
        const verdict = await made({ ...options, groups }).password?.(
          { username: "alice", password: new Secret("Password1") },
          VISIT,
        );
        assert.ok(verdict?.kind === "accepted");
        assert.deepEqual(verdict.identity.groups.toSorted(), expected);
        assert.deepEqual(
          [verdict.identity.domain, verdict.identity.attributes],
          ["EXAMPLE", { address: "alice@mail.example" }],
        );
        const { token } = verdict.identity;
        assert.equal(token?.sids[token.userIndex ?? -1], `${DOMAIN.sid}-${dc.rids["alice"]}`);
        for (const rid of [513, dc.rids["EMEA"], dc.rids["MailLocal"]])
          assert.ok(token.sids.includes(`${DOMAIN.sid}-${rid}`), String(rid));
      }
    const many = made({ groups: { base: BASE_DN } });
    const { password } = accountOf("manygroups");
    const verdict = await many.password?.({ username: "manygroups", password: new Secret(password) }, VISIT);
    assert.ok(verdict?.kind === "accepted" && verdict.identity.groups.length >= 800);
    assert.ok((verdict.identity.token?.sids.length ?? 0) > 800);
  });

  test("many at once each get their own verdict", async () => {
    const validator = made();
    const attempts = Array.from({ length: 60 }, (_, index) => ({
      user: `user${index % 20}`,
      isRight: index % 3 !== 0,
    }));
    const verdicts = await Promise.all(
      attempts.map(({ user, isRight }) => byPassword(validator, user, isRight ? accountOf(user).password : "wrong")),
    );
    assert.deepEqual(
      verdicts,
      attempts.map(({ user, isRight }) => (isRight ? `accepted ${user}` : "denied bad-credentials")),
    );
  });

  test("without TLS the domain controller refuses, and nobody's password is called wrong", async () => {
    const servers = [{ host: dc.address, port: 389, security: "none" as const }];
    assert.equal(await byPassword(made({ servers }), "alice", "Password1"), "unavailable");
  });

  test("while the domain controller is dead logons are unavailable, and afterwards right again", async () => {
    const validator = made();
    assert.equal(await byPassword(validator, "bob", "Bob's own"), "accepted bob");
    await dc.kill();
    for (let round = 0; round < 5; round++)
      assert.equal(await byPassword(validator, "bob", "Bob's own"), "unavailable");
    await dc.start();
    for (let round = 0; round < 200; round++) {
      const verdict = await byPassword(validator, "bob", "Bob's own");
      if (verdict === "accepted bob") return;
      assert.equal(verdict, "unavailable");
      await sleep(100);
    }
    assert.fail("still unavailable");
  });
});

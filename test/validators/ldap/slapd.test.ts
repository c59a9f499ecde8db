/** The validator over OpenLDAP's slapd: all modes, states of accounts, injections, servers that are dead, slow or false. */
import assert from "node:assert/strict";
import { createServer, type AddressInfo } from "node:net";
import { after, before, describe, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import type { Validator } from "../../../src/core/validator.ts";
import { Secret } from "../../../src/core/secret.ts";
import type { LdapOptions } from "../../../src/validators/ldap/ldap.ts";
import { without } from "../../peers/programs.ts";
import { PEOPLE, SERVICE, startSlapd, type Slapd } from "../../peers/slapd.ts";
import { STRANGER } from "../../support/certificates.ts";
import { byNtlm, byPassword, conformance } from "../conformance.ts";
import { version2 } from "../ntlm-client.ts";
import { overSlapd } from "./ask.ts";
import { ldifOf, ODD, scramValues, STATES } from "./people.ts";

function starttlsAt(...slapds: readonly Slapd[]): LdapOptions["servers"] {
  return slapds.map(({ port }) => ({ host: "127.0.0.1", port, security: "starttls" }));
}

describe("over slapd", { skip: without("slapd", "slapadd") }, () => {
  let slapd: Slapd;
  const open: Validator[] = [];
  before(async () => {
    slapd = await startSlapd(ldifOf(await scramValues()));
  });
  after(async () => {
    for (const each of open) await each.close?.();
    await slapd?.close();
  });

  function made(options: Partial<LdapOptions> = {}): Validator {
    const validator = overSlapd(slapd, options);
    open.push(validator);
    return validator;
  }

  const compare = { mode: "compare", offers: { ntlm: true, scram: ["SCRAM-SHA-256"] } } as const;
  conformance("ldap, comparing", () => Promise.resolve(overSlapd(slapd, compare)), { keys: true });
  conformance("ldap, searching and binding", () => Promise.resolve(overSlapd(slapd)), { ntlm: false });

  test("a DN made by a template is bound, and the entry is read by who it is", async () => {
    const direct = { mode: "bind", bindName: `uid={user},${PEOPLE}`, account: undefined, groups: undefined } as const;
    for (const validator of [
      made(direct),
      made({ ...direct, account: account() }),
      made({ ...direct, users: undefined }),
    ]) {
      for (const name of ["alice", "ALICE", "EXAMPLE\\alice", "alice@example.com"])
        assert.equal(await byPassword(validator, name, "Password1"), "accepted alice", name);
      assert.equal(await byPassword(validator, "alice", "password1"), "denied bad-credentials");
      assert.equal(await byPassword(validator, "alice", ""), "denied bad-credentials");
      assert.match(await byPassword(validator, "nobody", "Password1"), /^(denied bad|unknown)/);
      assert.equal(await byPassword(validator, "OTHER\\alice", "Password1"), "unknown");
      assert.equal(validator.ntlm, undefined);
    }
    assert.equal(await byPassword(made(direct), "dave", "dave's"), "denied disabled");
  });

  function account() {
    return { user: SERVICE.dn, password: new Secret(SERVICE.password) };
  }

  test("every state that an entry can have refuses, whoever judges", async () => {
    const [search, comparing] = [made(), made(compare)];
    for (const { name, password, reason } of STATES) {
      assert.equal(await byPassword(search, name, password), `denied ${reason}`, name);
      assert.equal(await byPassword(search, name, "wrong"), "denied bad-credentials", name);
      assert.equal(await byPassword(comparing, name, password), `denied ${reason}`, name);
      const evidence = version2({ user: name, password });
      assert.equal(await byNtlm(comparing, evidence), `denied ${reason}`, name);
    }
  });

  test("without an NT hash the password is compared with userPassword, as slapd hashes it", async () => {
    const offers = { ntlm: false, scram: [] };
    const comparing = made({ mode: "compare", offers, attributes: { nt: "employeeNumber" } });
    assert.match(await byPassword(comparing, "alice", "Password1"), /^accepted alice/);
    assert.equal(await byPassword(comparing, "alice", "password1"), "denied bad-credentials");
  });

  test("names that filters and DNs give a meaning are only names", async () => {
    const [search, direct] = [made(), made({ mode: "bind", bindName: `uid={user},${PEOPLE}` })];
    for (const { name, password } of ODD) {
      if (!name.includes("\\")) assert.equal(await byPassword(search, name, password), `accepted ${name}`);
      if (!name.includes("\\")) assert.equal(await byPassword(direct, name, password), `accepted ${name}`);
    }
    const attempts = [
      "*",
      "alice*",
      "a*e",
      "*)(uid=*",
      "alice)(|(uid=*",
      "alice\\2a",
      "\\61lice",
      "alice)(objectClass=*))(&(uid=x",
    ];
    for (const name of [
      ...attempts,
      `alice,${PEOPLE}`,
      `alice+cn=alice`,
      "EXTERNAL",
      "PLAIN",
      "x,cn=postern",
      "alice ",
      " alice",
    ])
      for (const validator of [search, direct, made(compare)])
        assert.notEqual(
          (await byPassword(validator, name, "Password1")).replace(
            "accepted alice",
            name.trim() === "alice" ? "" : "accepted alice",
          ),
          "accepted alice",
          name,
        );
  });

  test("every protection works, and none of them lets a false server in", async () => {
    const { port, securePort } = slapd;
    const at = (server: Partial<LdapOptions["servers"][number]>, ca = slapd.ca) =>
      made({ servers: [{ host: "localhost", port, security: "starttls", ...server }], ca });
    assert.equal(await byPassword(at({}), "alice", "Password1"), "accepted alice");
    assert.equal(await byPassword(at({ security: "ldaps", port: securePort }), "alice", "Password1"), "accepted alice");
    // This slapd refuses binds in clear, with a result that says nothing about the password.
    assert.equal(await byPassword(at({ security: "none" }), "alice", "Password1"), "unavailable");
    for (const security of ["starttls", "ldaps"] as const) {
      const there = security === "ldaps" ? securePort : port;
      assert.equal(await byPassword(at({ security, port: there }, STRANGER.cert), "alice", "Password1"), "unavailable");
    }
    assert.equal(await byPassword(at({ security: "ldaps" }), "alice", "Password1"), "unavailable");
  });

  test("a service account that is refused is nobody's wrong password", async () => {
    const validator = made({ account: { user: SERVICE.dn, password: new Secret("wrong") } });
    assert.equal(await byPassword(validator, "alice", "Password1"), "unavailable");
  });

  test("a server that is dead is passed over, and one that comes back is used again", async () => {
    const other = await startSlapd(ldifOf(new Map()));
    const servers = starttlsAt(other, slapd);
    try {
      const validator = made({ servers });
      const single = overSlapd(other);
      const ask = (each: Validator) => byPassword(each, "alice", "Password1");
      assert.deepEqual([await ask(validator), await ask(single)], ["accepted alice", "accepted alice"]);
      await other.kill();
      for (let round = 0; round < 5; round++) assert.equal(await ask(validator), "accepted alice");
      assert.equal(await ask(single), "unavailable");
      await other.start();
      await untilAccepted(single);
      await single.close?.();
    } finally {
      await other.close();
    }
  });

  test("a server that hangs makes its logons unavailable in time, and not the next server's", async () => {
    const other = await startSlapd(ldifOf(new Map()));
    const servers = starttlsAt(other, slapd);
    try {
      const [validator, single] = [made({ servers, timeout: 300 }), overSlapd(other, { timeout: 300 })];
      const ask = (each: Validator) => byPassword(each, "alice", "Password1");
      assert.deepEqual([await ask(validator), await ask(single)], ["accepted alice", "accepted alice"]);
      other.freeze();
      const started = performance.now();
      const verdicts = await Promise.all([ask(single), ask(single), ask(validator), ask(validator)]);
      assert.deepEqual(verdicts.slice(0, 2), ["unavailable", "unavailable"]);
      assert.ok(performance.now() - started < 3000);
      for (const verdict of verdicts.slice(2)) assert.match(verdict, /^(accepted alice|unavailable)$/);
      assert.equal(await ask(validator), "accepted alice");
      other.thaw();
      await untilAccepted(single);
      await single.close?.();
    } finally {
      other.thaw();
      await other.close();
    }
  });

  async function untilAccepted(validator: Validator): Promise<void> {
    for (let round = 0; round < 100; round++) {
      const verdict = await byPassword(validator, "alice", "Password1");
      if (verdict === "accepted alice") return;
      assert.equal(verdict, "unavailable");
      await sleep(100);
    }
    assert.fail("still unavailable");
  }

  test("logons while the server is killed and started again are right or unavailable", async () => {
    const other = await startSlapd(ldifOf(new Map()));
    const validators = [overSlapd(other, { timeout: 1000 }), overSlapd(other, { ...compare, timeout: 1000 })];
    try {
      const storm = Array.from({ length: 300 }, async (_, index) => {
        await sleep(index * 5);
        const isRight = index % 3 !== 0;
        const verdict = await byPassword(validators[index % 2]!, "alice", isRight ? "Password1" : "wrong");
        return { verdict, expected: isRight ? "accepted alice" : "denied bad-credentials" };
      });
      await sleep(300);
      await other.kill();
      await sleep(200);
      await other.start();
      const verdicts = await Promise.all(storm);
      for (const { verdict, expected } of verdicts)
        assert.ok(verdict === expected || verdict === "unavailable", verdict);
      assert.ok(verdicts.some(({ verdict }) => verdict === "unavailable"));
      for (const each of validators) await untilAccepted(each);
    } finally {
      for (const each of validators) await each.close?.();
      await other.close();
    }
  });

  test("a server that talks nonsense, too much or before it is asked is unavailable", async () => {
    const START_TLS_OK = Buffer.from("300c02010178070a010004000400", "hex");
    const nonsense: readonly Buffer[] = [
      Buffer.from("+OK POP3 ready\r\n"),
      Buffer.alloc(100_000, 0x30),
      Buffer.from("3084ffffffff", "hex"),
      Buffer.from("300c02010178070a013404000400", "hex"),
      // An answer to the bind that has not been sent yet, in clear behind the answer to StartTLS.
      Buffer.concat([START_TLS_OK, Buffer.from("300c02010261070a010004000401", "hex")]),
      Buffer.alloc(0),
    ];
    for (const [index, bytes] of nonsense.entries()) {
      const server = createServer((socket) => {
        socket.on("error", () => undefined);
        socket.on("data", () => socket.write(bytes));
      });
      await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
      const { port } = server.address() as AddressInfo;
      for (const security of ["starttls", "none"] as const) {
        const validator = overSlapd(
          { port, ca: slapd.ca },
          { timeout: 300, servers: [{ host: "127.0.0.1", port, security }] },
        );
        assert.equal(await byPassword(validator, "alice", "Password1"), "unavailable", `${index} ${security}`);
        await validator.close?.();
      }
      server.close();
    }
  });
});

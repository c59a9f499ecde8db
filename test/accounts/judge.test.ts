/** Any source of accounts, judged: one that answers later, one without a list, one that is down; and what unknown names cost. */
import assert from "node:assert/strict";
import { after, test } from "node:test";
import { accountFrom, type Account } from "../../src/accounts/account.ts";
import { makeStored } from "../../src/accounts/hashes/hashes.ts";
import { judgeAccounts } from "../../src/accounts/judge.ts";
import type { AccountSource, Found, SoughtName } from "../../src/accounts/source.ts";
import { encodeBase64 } from "../../src/core/base64.ts";
import { ntHash } from "../../src/ntlm/hashes.ts";
import { deriveKeys } from "../../src/scram/keys.ts";
import {
  ACCOUNTS,
  byNtlm,
  byPassword,
  byScram,
  conformance,
  NAMES,
  summary,
  VISIT,
} from "../validators/conformance.ts";
import { version2 } from "../validators/ntlm-client.ts";

function made(name: string, words: Readonly<Record<string, string>>, password = ""): Account {
  const account = accountFrom({ name, password, words: new Map(Object.entries(words)) });
  assert.ok(typeof account !== "string", String(account));
  return account;
}

const salt = Buffer.from("one salt for all");
const KEYS = await Promise.all(
  ACCOUNTS.map(({ password }) => deriveKeys("SCRAM-SHA-256", password, { iterations: 4096, salt })),
);

const all = ACCOUNTS.map(({ name, password, domain, mailbox, groups, attributes, disabled }, index) => {
  const { storedKey, serverKey } = KEYS[index]!;
  return made(name, {
    nt: ntHash(password).toString("hex"),
    "scram-sha-256": `4096,${[salt, storedKey, serverKey].map(encodeBase64).join()}`,
    ...(domain === undefined ? {} : { domain }),
    ...(mailbox === undefined ? {} : { mailbox }),
    ...(groups === undefined ? {} : { groups: groups.join() }),
    ...(disabled === true ? { disabled: "yes" } : {}),
    ...attributes,
  });
});

/** As a database is: nothing in memory, an answer after a while, a new record each time. */
function remote(accounts: readonly Account[], asked: SoughtName[] = []): AccountSource {
  return {
    find: async (sought) => {
      asked.push(sought);
      await new Promise(setImmediate);
      const user = sought.user.toLowerCase();
      return accounts.filter(({ identity }) => identity.user.toLowerCase() === user).map((account) => ({ ...account }));
    },
  };
}

const make = () =>
  Promise.resolve(judgeAccounts(remote(all), { name: "remote", names: NAMES, kinds: ["SCRAM-SHA-256"] }));
conformance("A source without a list", make, { keys: true });

test("a source is asked once for each logon, with the name whole and taken apart", async () => {
  const asked: SoughtName[] = [];
  const users = judgeAccounts(remote(all, asked), { name: "remote", names: NAMES, kinds: ["SCRAM-SHA-256"] });
  after(() => users.close?.());
  await byPassword(users, "EXAMPLE\\alice", "Password1");
  await byPassword(users, "nobody@example.com", "Password1");
  await byNtlm(users, version2({ user: "alice", domain: "EXAMPLE", password: "Password1" }));
  await byNtlm(users, version2({ user: "nobody", password: "Password1" }));
  await byScram(users, "bob", "Bob's own");
  assert.deepEqual(asked, [
    { name: "EXAMPLE\\alice", user: "alice", domain: "EXAMPLE" },
    { name: "nobody@example.com", user: "nobody", domain: "example.com" },
    { name: "alice", user: "alice", domain: "EXAMPLE" },
    { name: "nobody", user: "nobody", domain: undefined },
    { name: "bob", user: "bob", domain: undefined },
  ]);
});

test("a source that is down makes every judge unavailable, never a wrong password", async () => {
  const down: Found = { kind: "unavailable", why: "the database does not answer" };
  const options = { name: "remote", names: NAMES, certificates: true };
  const users = judgeAccounts({ find: () => Promise.resolve(down) }, options);
  after(() => users.close?.());
  assert.equal(await byPassword(users, "alice", "Password1"), "unavailable");
  assert.equal(await byNtlm(users, version2({ user: "alice", password: "Password1" })), "unavailable");
  assert.deepEqual(await users.keys?.find("alice", VISIT), down);
  const certificate = { fingerprint: "aa".repeat(32), commonName: undefined, emails: ["alice@example.com"] };
  assert.deepEqual(await users.certificate?.({ authzid: "", certificate }, VISIT), down);
  assert.deepEqual(await users.certificate?.({ authzid: "alice", certificate }, VISIT), down);
});

test("what a source cannot judge is not offered", () => {
  const users = judgeAccounts(remote([]), { name: "remote", names: NAMES, ntlm: false });
  after(() => users.close?.());
  assert.equal(users.ntlm, undefined);
  assert.equal(users.certificate, undefined);
  assert.deepEqual(users.keys?.kinds, []);
});

test("certificates find their account by the name asked for or the address in them, without a list", async () => {
  const nt = "00".repeat(16);
  const accounts = [
    made("alice", { nt, cert: `sha256:${"aa".repeat(32)}` }),
    made("carol@example.org", { nt, cert: "email" }),
    made("bob", { nt }),
  ];
  const users = judgeAccounts(remote(accounts), { name: "remote", names: NAMES, certificates: true });
  after(() => users.close?.());
  const judge = async (authzid: string, fingerprint: string, emails: readonly string[] = []) => {
    const certificate = { fingerprint: fingerprint.repeat(32), commonName: undefined, emails };
    return summary((await users.certificate?.({ authzid, certificate }, VISIT)) ?? { kind: "unknown", why: "" });
  };
  assert.equal(await judge("alice", "aa"), "accepted alice");
  assert.equal(await judge("", "aa"), "unknown", "only a list could tell");
  assert.equal(await judge("", "00", ["Carol@Example.ORG"]), "accepted carol");
  assert.equal(await judge("carol@example.org", "00", ["carol@example.org"]), "accepted carol");
  for (const authzid of ["bob", "nobody"]) assert.equal(await judge(authzid, "aa"), "unknown");
  assert.equal(await judge("alice", "00", ["alice@example.com"]), "unknown");
  assert.equal(await judge("alice", "00", ["carol@example.org"]), "unknown");
});

test("unknown names cost a slow hash where accounts have nothing else, from the first one on", async () => {
  const slow = made("alice", {}, await makeStored("argon2id", "Password1"));
  const users = judgeAccounts(remote([slow]), { name: "remote", names: NAMES, ntlm: false });
  after(() => users.close?.());
  assert.equal(await byPassword(users, "nobody", "x"), "unknown"); // starts the thread
  const started = performance.now();
  assert.equal(await byPassword(users, "nobody", "x"), "unknown");
  assert.ok(performance.now() - started > 10, "before any account was seen");
  assert.equal(await byPassword(users, "alice", "Password1"), "accepted alice");
});

test("decoys of SCRAM look like the accounts that were found", async () => {
  const users = await make();
  after(() => users.close?.());
  const likeness = () => users.keys?.likeness?.("SCRAM-SHA-256", "EXAMPLE\\Nobody");
  assert.deepEqual(likeness(), { iterations: 32_768, saltLength: 16, canonicalName: "nobody" });
  await byScram(users, "alice", "Password1");
  assert.deepEqual(likeness(), { iterations: 4096, saltLength: 16, canonicalName: "nobody" });
});

test("keys of a password in clear are derived once, though each record is new, and anew for a new password", async () => {
  const accounts = [made("alice", {}, "{PLAIN}Password1")];
  const users = judgeAccounts(remote(accounts), { name: "remote", names: NAMES, kinds: ["SCRAM-SHA-256"] });
  after(() => users.close?.());
  const keys = async (name = "alice") => {
    const found = await users.keys?.find(name, VISIT);
    return found?.kind === "keys" ? found.keys : undefined;
  };
  const first = await keys();
  assert.ok(first?.["SCRAM-SHA-256"] !== undefined);
  assert.equal(await keys(), first);
  accounts[0] = made("alice", {}, "{PLAIN}Password2");
  assert.notDeepEqual((await keys())?.["SCRAM-SHA-256"], first["SCRAM-SHA-256"]);
  assert.equal(await byScram(users, "alice", "Password2"), "accepted alice");
});

test("loose fields become an account, or a sentence about what is wrong with them", () => {
  const fields = { name: "alice", password: "{PLAIN}x", words: new Map([["room", "12"], ["groups", "a,b"]]) }; // prettier-ignore
  const account = accountFrom(fields);
  assert.ok(typeof account !== "string");
  assert.deepEqual(account.identity, {
    user: "alice",
    mailbox: "alice",
    groups: ["a", "b"],
    attributes: { room: "12" },
  });
  const listed = accountFrom({ ...fields, groups: ["Smith, John", "b"] });
  assert.deepEqual(typeof listed !== "string" && listed.identity.groups, ["Smith, John", "b"]);
  const wrong = accountFrom({ name: "alice", words: new Map() });
  assert.match(String(wrong), /neither a password nor nt=/);
  assert.match(String(accountFrom({ ...fields, name: "a:b" })), /the name/);
});

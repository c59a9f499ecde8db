/** Validator `file`: conformance, slow hashes, what its verdicts say, and passwords that change while it runs. */
import assert from "node:assert/strict";
import { rmSync, writeFileSync } from "node:fs";
import { after, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { Secret } from "../../../src/core/secret.ts";
import { encodeBase64 } from "../../../src/core/base64.ts";
import { deriveKeys } from "../../../src/scram/keys.ts";
import { ntHash } from "../../../src/ntlm/hashes.ts";
import { fileValidator } from "../../../src/validators/file/file.ts";
import { makeStored } from "../../../src/accounts/hashes/hashes.ts";
import { ACCOUNTS, byNtlm, byPassword, conformance, NAMES, VISIT, type TestAccount } from "../conformance.ts";
import { ntlm2Session, version1, version2 } from "../ntlm-client.ts";
import { accountFile, listLog, newFolder } from "./folder.ts";

const folder = newFolder();
after(() => rmSync(folder, { recursive: true }));

function validatorOf(text: string, name: string, worker = { concurrency: 1, queue: 256 }) {
  const { log, lines } = listLog();
  const path = accountFile(folder, text, name);
  return { validator: fileValidator({ name: "users", path, names: NAMES, log, worker }), path, lines };
}

const salt = Buffer.from("one salt for all");
const KEYS = await Promise.all(
  ACCOUNTS.map(({ password }) => deriveKeys("SCRAM-SHA-256", password, { iterations: 4096, salt })),
);

function lineOf({ name, password, domain, mailbox, groups, attributes, disabled }: TestAccount, index: number): string {
  const { storedKey, serverKey } = KEYS[index]!;
  const extra = [
    `nt=${ntHash(password).toString("hex")}`,
    `scram-sha-256=4096,${[salt, storedKey, serverKey].map(encodeBase64).join()}`,
    ...(domain === undefined ? [] : [`domain=${domain}`]),
    ...(mailbox === undefined ? [] : [`mailbox=${mailbox}`]),
    ...(groups === undefined ? [] : [`groups=${groups.join()}`]),
    ...(disabled === true ? ["disabled=yes"] : []),
    ...Object.entries(attributes ?? {}).map(([key, value]) => `${key}=${value}`),
  ];
  return `${name}:::::::${extra.join(" ")}\n`;
}

let made = 0;
const make = () => Promise.resolve(validatorOf(ACCOUNTS.map(lineOf).join(""), `c${made++}`).validator);
conformance("The file validator", make, { keys: true });

test("a slow hash judges passwords where there is no NT hash, and NTLM says what is missing", async () => {
  const text = `alice:${await makeStored("argon2id", "Password1")}\nbob:${await makeStored("bcrypt", "x")}::::::disabled=yes\n`;
  const { validator } = validatorOf(text, "slow");
  assert.equal(await byPassword(validator, "alice", "Password1"), "accepted alice");
  assert.equal(await byPassword(validator, "alice", "wrong"), "denied bad-credentials");
  assert.equal(await byPassword(validator, "bob", "x"), "denied disabled");
  assert.equal(await byPassword(validator, "bob", "wrong"), "denied bad-credentials");
  const verdict = await validator.ntlm?.verify(version2({ user: "alice", password: "Password1" }), VISIT);
  assert.match(verdict?.kind === "denied" ? verdict.why : "", /no NT hash/);
  const zero = version2({ user: "alice", password: "Password1" });
  assert.equal(await byNtlm(validator, zero), "denied bad-credentials");
  await validator.close?.();
});

test("an unknown name costs a slow check as well", async () => {
  const { validator } = validatorOf(`alice:${await makeStored("argon2id", "x")}\n`, "decoy");
  await byPassword(validator, "alice", "wrong"); // starts the thread
  const started = performance.now();
  assert.equal(await byPassword(validator, "nobody", "wrong"), "unknown");
  assert.ok(performance.now() - started > 10);
  await validator.close?.();
});

test("when too many checks wait, known and unknown names are unavailable alike", async () => {
  const { validator } = validatorOf(`alice:${await makeStored("argon2id", "x")}\n`, "busy", {
    concurrency: 1,
    queue: 1,
  });
  const names = ["alice", "alice", "alice", "nobody"];
  const verdicts = await Promise.all(names.map((name) => byPassword(validator, name, "x")));
  assert.deepEqual(verdicts, ["accepted alice", "accepted alice", "unavailable", "unavailable"]);
  await validator.close?.();
});

test("the reasons in a verdict say what to look for", async () => {
  const { validator } = validatorOf("alice:{PLAIN}Password1::::::domain=EXAMPLE\n", "words");
  const why = async (evidence: ReturnType<typeof version2>) => {
    const verdict = await validator.ntlm?.verify(evidence, VISIT);
    return verdict?.kind === "denied" ? verdict.why : verdict?.kind;
  };
  const alice = { user: "alice", password: "Password1" };
  assert.equal(
    await why(version2({ ...alice, domain: "EXAMPL" })),
    "the NTLMv2 response is right, but for domain EXAMPL",
  );
  assert.equal(
    await why(version2({ ...alice, user: "EXAMPL\\alice" })),
    "the NTLMv2 response is right, but for domain EXAMPL",
  );
  assert.equal(await why(ntlm2Session(alice)), "NTLM2 session is weaker than this listener takes");
  assert.match(
    (await why(version2({ ...alice, password: "x" }))) ?? "",
    /^the NTLMv2 response was computed with another password/,
  );
  const misheard = version2({ ...alice, hashedDomain: "MAIL", domain: "OTHER" });
  assert.match(
    (await why(misheard)) ?? "",
    /^the NTLMv2 response is right, but for domain "MAIL"; sent were user "alice"/,
  );
  for (let index = 0; index < 60; index++) await why(version2({ ...alice, password: "x" }));
  assert.match((await why(version2({ ...alice, password: "x" }))) ?? "", /another password/);
  await validator.close?.();
});

test("a plain password serves LM as well, where the listener takes it", async () => {
  const { validator } = validatorOf("alice:{PLAIN}Password1\n", "plain");
  const { lmHash } = await import("../../../src/ntlm/hashes.ts");
  const { version1Response } = await import("../../../src/ntlm/ntlmv1.ts");
  const evidence = version1({ user: "alice", password: "Password1", minimum: "lm" });
  const lmResponse = version1Response(lmHash("PASSWORD1") ?? new Uint8Array(16), evidence.serverChallenge);
  assert.equal(await byNtlm(validator, { ...evidence, ntResponse: new Uint8Array(0), lmResponse }), "accepted alice");
  assert.equal(await byPassword(validator, "alice", "PASSWORD1"), "denied bad-credentials");
  await validator.close?.();
});

test("a password changed in the file counts from the next look on", async () => {
  const { validator, path } = validatorOf("alice:{PLAIN}old\n", "changing");
  assert.equal(await byPassword(validator, "alice", "old"), "accepted alice");
  writeFileSync(path, "alice:{PLAIN}new\n");
  await sleep(1100);
  assert.equal(await byPassword(validator, "alice", "old"), "denied bad-credentials");
  assert.equal(await byPassword(validator, "alice", "new"), "accepted alice");
  await validator.close?.();
});

test("an empty store knows nobody", async () => {
  const { validator, lines } = validatorOf("", "empty");
  assert.equal(await byPassword(validator, "alice", "x"), "unknown");
  assert.equal(await byNtlm(validator, version2({ user: "alice", password: "x" })), "unknown");
  assert.match(lines.join(), /^warn there are no accounts/);
  await validator.close?.();
});

test("two accounts with one user name are told apart by the domain", async () => {
  const { validator } = validatorOf(
    "alice@one.example:{PLAIN}1::::::domain=ONE\nalice@two.example:{PLAIN}2::::::domain=TWO\n",
    "two",
  );
  const verdict = await validator.password?.({ username: "TWO\\alice", password: new Secret("2") }, VISIT);
  assert.equal(verdict?.kind === "accepted" && verdict.identity.mailbox, "alice@two.example");
  assert.equal(await byPassword(validator, "ONE\\alice", "2"), "denied bad-credentials");
  assert.equal(await byPassword(validator, "alice", "2"), "unknown");
  assert.equal(await byNtlm(validator, version2({ user: "alice", domain: "TWO", password: "2" })), "accepted alice");
  assert.equal(
    await byNtlm(validator, version2({ user: "alice", domain: "ONE", password: "2" })),
    "denied bad-credentials",
  );
  await validator.close?.();
});

/** EXTERNAL over the account file: certificates by fingerprint and by address, and whom they may act as. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { accountsValidator } from "../../../src/validators/file/file.ts";
import { NAMES, summary, VISIT } from "../conformance.ts";

const A = "aa".repeat(32);
const B = "BB:".repeat(31) + "BB";
const C = "cc".repeat(32);
const nt = "nt=64f12cddaa88057e06a81b54e73b949b";
const users = accountsValidator({
  name: "users",
  names: NAMES,
  text: `
alice:::::::${nt} cert=sha256:${A},sha256:${C}
bob:::::::${nt} cert=sha256:${B}
carol@example.org:::::::${nt} cert=email
dora:::::::${nt} cert=email mailbox=Dora@example.net domain=example.com
erik:::::::${nt} mailbox=erik@example.net
fred:::::::${nt} cert=sha256:${C}
dave:::::::${nt} cert=sha256:${"dd".repeat(32)} disabled=yes
bad:::::::${nt} cert=sha256:1234
`,
});

async function judge(fingerprint: string, emails: readonly string[] = [], authzid = ""): Promise<string> {
  const certificate = { fingerprint, commonName: "alice", emails };
  return summary((await users.certificate?.({ authzid, certificate }, VISIT)) ?? { kind: "unknown", why: "" });
}

const NONE = "00".repeat(32);

test("a certificate is its account's, and may ask for that one only", async () => {
  assert.equal(await judge(A), "accepted alice");
  assert.equal(await judge(A, [], "ALICE"), "accepted alice");
  assert.equal(await judge(A, [], "EXAMPLE\\alice"), "accepted alice");
  assert.equal(await judge("bb".repeat(32)), "accepted bob");
  for (const authzid of ["bob", "nobody", "alice\0", "*"])
    assert.equal(await judge(A, [], authzid), "denied not-authorized");
});

test("an address counts for accounts that say so", async () => {
  assert.equal(await judge(NONE, ["Carol@Example.org"]), "accepted carol");
  assert.equal(await judge(NONE, ["dora@example.net"]), "accepted dora");
  assert.equal(await judge(NONE, ["x@example.net", "dora@example.com"]), "accepted dora");
  for (const email of ["erik@example.net", "alice@example.com", "dora@example.org", "", "dora"])
    assert.equal(await judge(NONE, [email]), "unknown", email);
});

test("a certificate of several accounts needs a name, one of nobody's is unknown", async () => {
  assert.equal(await judge(C), "denied not-authorized");
  assert.equal(await judge(C, [], "fred"), "accepted fred");
  assert.equal(await judge(A, ["dora@example.net"]), "denied not-authorized");
  assert.equal(await judge(NONE), "unknown");
  assert.equal(await judge("1234"), "unknown");
});

test("a disabled account is not let in by its certificate, nor by one after the validator is closed", async () => {
  assert.equal(await judge("dd".repeat(32)), "denied disabled");
  await users.close?.();
  assert.equal(await judge(A), "unavailable");
});

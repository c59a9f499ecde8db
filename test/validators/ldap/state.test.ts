/** What entries of Active Directory and of other directories say about an account, and what servers' refusals mean. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { InvalidCredentialsError, StatusCodeParser } from "ldapts";
import { stateOf as stateInActiveDirectory } from "../../../src/validators/ldap/active-directory.ts";
import { entryFrom } from "../../../src/validators/ldap/entry.ts";
import { DirectoryFailure, failureOf, refusedBind } from "../../../src/validators/ldap/failure.ts";
import { stateOf as stateInPosix } from "../../../src/validators/ldap/posix.ts";
import { sidText } from "../../../src/validators/ldap/sid.ts";

function active(attributes: Readonly<Record<string, string | string[] | Buffer>>) {
  return stateInActiveDirectory(entryFrom({ dn: "CN=x", userAccountControl: "512", ...attributes }), undefined);
}

test("an ordinary account of Active Directory has nothing against it", () => {
  const ordinary = active({
    accountExpires: "9223372036854775807",
    pwdLastSet: "133000000000000000",
    lockoutTime: "0",
  });
  assert.deepEqual(
    Object.entries(ordinary).filter(([, value]) => value !== undefined && value !== false),
    [],
  );
  assert.equal(active({ accountExpires: "0", "msDS-UserPasswordExpiryTimeComputed": "0" }).expires, undefined);
});

test("each bit and time of Active Directory is read", () => {
  assert.ok(active({ userAccountControl: "514" }).disabled);
  assert.ok(active({ userAccountControl: "262656" }).smartcardRequired);
  assert.equal(active({ userAccountControl: "2080" }).trust, "interdomain");
  assert.equal(active({ userAccountControl: "4096" }).trust, "workstation");
  assert.equal(active({ userAccountControl: "532480" }).trust, "server");
  assert.equal(active({ objectClass: ["user", "Computer"] }).trust, "workstation");
  assert.ok(active({ "msDS-User-Account-Control-Computed": "16" }).lockedOut);
  assert.ok(!active({ "msDS-User-Account-Control-Computed": "0", lockoutTime: "133000000000000000" }).lockedOut);
  assert.ok(active({ lockoutTime: "133000000000000000" }).lockedOut);
  assert.deepEqual(active({ accountExpires: "131921568000000000" }).expires, new Date("2019-01-17T00:00:00Z"));
  assert.deepEqual(
    active({ "msDS-UserPasswordExpiryTimeComputed": "131921568000000000" }).passwordExpires,
    new Date("2019-01-17T00:00:00Z"),
  );
  assert.equal(active({ pwdLastSet: "0" }).passwordExpires, "at-next-logon");
  assert.equal(active({ pwdLastSet: "0", userAccountControl: "66048" }).passwordExpires, undefined);
  assert.deepEqual(active({ "msDS-User-Account-Control-Computed": "8388608" }).passwordExpires, new Date(0));
  assert.deepEqual(active({ userWorkstations: "PC1, PC2," }).workstations, ["PC1", "PC2"]);
  assert.equal(active({ logonHours: Buffer.alloc(21) }).logonHours?.length, 21);
});

test("an account whose userAccountControl cannot be read is nobody's wrong password", () => {
  for (const value of [{}, { userAccountControl: "" }, { userAccountControl: "x" }])
    assert.throws(() => stateInActiveDirectory(entryFrom({ dn: "CN=x", ...value }), undefined), DirectoryFailure);
});

test("a lock that ends by itself counts where the server has not just accepted the password", () => {
  const entry = entryFrom({ dn: "uid=x", pwdAccountLockedTime: "20260101000000Z" });
  assert.deepEqual([stateInPosix(entry, true).lockedOut, stateInPosix(entry, false).lockedOut], [false, true]);
  assert.deepEqual(
    stateInPosix(entryFrom({ dn: "uid=x", shadowExpire: "-1", sambaKickoffTime: "0" }), true).expires,
    undefined,
  );
  assert.ok(stateInPosix(entryFrom({ dn: "uid=x", nsAccountLock: "TRUE" }), true).disabled);
});

test("what a domain says beside code 49 is a reason", () => {
  const said: Readonly<Record<string, string>> = {
    "52e": "denied bad-credentials", "533": "denied disabled", "701": "denied expired", "775": "denied locked-out",
    "773": "denied must-change-password", "532": "denied password-expired", "530": "denied logon-hours",
    "531": "denied workstation", "52f": "denied restricted", "70f": "denied trust-account", "525": "unknown",
    "51f": "unavailable", "0": "denied bad-credentials", "ffffffff": "denied bad-credentials",
  }; // prettier-ignore
  for (const [data, expected] of Object.entries(said)) {
    const text = `80090308: LdapErr: DSID-0C0903A9, comment: AcceptSecurityContext error, data ${data}, v1db1`;
    const verdict = refusedBind(new InvalidCredentialsError(text), "alice");
    assert.equal(verdict?.kind === "denied" ? `denied ${verdict.reason}` : verdict?.kind, expected, data);
  }
});

test("result codes about the server, the way or us say nothing about the user", () => {
  const response = (status: number, errorMessage = "") =>
    StatusCodeParser.parse({ status, errorMessage } as Parameters<typeof StatusCodeParser.parse>[0]);
  for (const code of [1, 2, 3, 4, 7, 8, 10, 11, 12, 13, 14, 16, 21, 50, 51, 52, 53, 54, 71, 80, 112, 4096])
    assert.equal(refusedBind(response(code), "alice"), undefined, String(code));
  for (const code of [32, 34, 48, 49]) assert.equal(refusedBind(response(code), "alice")?.kind, "denied", String(code));
  assert.equal(refusedBind(new Error("read ECONNRESET"), "alice"), undefined);
  assert.equal(
    refusedBind(response(53, "Account inactivated. Contact system administrator."), "alice")?.kind,
    "denied",
  );
  assert.deepEqual([failureOf(response(51), "x").isPassing, failureOf(response(50), "x").isPassing], [true, false]);
});

test("SIDs are read to the letter, or not at all", () => {
  const domain = Buffer.from("010500000000000515000000c7353a428e6b748455a1aec6" + "01020000", "hex");
  assert.equal(sidText(domain), "S-1-5-21-1111111111-2222222222-3333333333-513");
  assert.equal(sidText(Buffer.from("01010000000000" + "05" + "12000000", "hex")), "S-1-5-18");
  assert.equal(sidText(Buffer.from("0100" + "ffffffffffff", "hex")), "S-1-0xffffffffffff");
  for (const wrong of [
    domain.subarray(1),
    domain.subarray(0, -1),
    Buffer.alloc(0),
    Buffer.from("0201000000000005" + "12000000", "hex"),
  ])
    assert.equal(sidText(wrong), undefined);
});

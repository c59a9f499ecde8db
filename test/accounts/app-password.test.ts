/** App passwords: their text, where they are good, that they work like the password itself, and that they say which it was. */
import assert from "node:assert/strict";
import { test } from "node:test";
import {
  APP_PASSWORD_LIMIT,
  formatAppPassword,
  isAppPasswordName,
  parseAppPassword,
  parseAppPasswords,
} from "../../src/accounts/app-password.ts";
import { parseNetworks } from "../../src/accounts/networks.ts";
import type { Verdict } from "../../src/core/verdict.ts";
import { ntHash } from "../../src/ntlm/hashes.ts";
import { accountsValidator } from "../../src/validators/file/file.ts";
import { makeStored } from "../../src/accounts/hashes/hashes.ts";
import { Secret } from "../../src/core/secret.ts";
import { NAMES, VISIT } from "../validators/conformance.ts";
import { version1, version2 } from "../validators/ntlm-client.ts";

const hex = (password: string) => ntHash(password).toString("hex");
const NT = hex("abcd");

test("an app password's text is read and written", () => {
  const text = `${NT};listeners=imaps,pop3s;networks=10.0.0.0/8,2001:db8::/32;created=2026-10-01;expires=2027-01-01T12:00Z`;
  const app = parseAppPassword("phone", text);
  assert.ok(typeof app !== "string");
  assert.deepEqual(
    [app.name, app.listeners, app.networks?.list],
    ["phone", ["imaps", "pop3s"], ["10.0.0.0/8", "2001:db8::/32"]],
  );
  assert.equal(formatAppPassword(app), text);
  const bare = parseAppPassword("x", NT.toUpperCase());
  assert.equal(typeof bare === "string" ? bare : formatAppPassword(bare), NT);
});

test("a text that is none is described without its secret", () => {
  const wrong: readonly (readonly [string, RegExp])[] = [
    ["", /NT hash/],
    ["hunter2", /NT hash/],
    [`${NT}00`, /NT hash/],
    [`${NT};`, /more than/],
    [`${NT};listeners=`, /more than/],
    [`${NT};listeners=a,`, /empty name/],
    [`${NT};networks=hunter2`, /no list of networks/],
    [`${NT};networks=10.0.0.0/33`, /no list of networks/],
    [`${NT};expires=hunter2`, /neither a day/],
    [`${NT};created=2026-02-30`, /neither a day/],
    [`${NT};__proto__=x`, /more than/],
    [`${NT};constructor=x`, /more than/],
    [`${NT};expires=2026-01-01;expires=2027-01-01`, /once/],
  ];
  for (const [text, message] of wrong) {
    const app = parseAppPassword("phone", text);
    assert.ok(typeof app === "string" && message.test(app), `${text}: ${JSON.stringify(app)}`);
    assert.ok(!app.includes("hunter2") && !app.includes(NT));
  }
  assert.match(String(parseAppPassword("a b", NT)), /name is not/);
});

test("an account's words hold them one by one, or in one list; no name twice, and not too many", () => {
  const names = (words: readonly (readonly [string, string])[]) => {
    const found = parseAppPasswords(new Map(words));
    return typeof found === "string" ? found : found.map(({ name }) => name);
  };
  assert.deepEqual(
    names([
      ["room", "1"],
      ["app-phone", NT],
      ["app-a.b-c", NT],
    ]),
    ["phone", "a.b-c"],
  );
  assert.deepEqual(
    names([
      ["app-passwords", `phone=${NT};listeners=a  pad=${NT}\n`],
      ["app-x", NT],
    ]),
    ["phone", "pad", "x"],
  );
  assert.deepEqual(names([["app-passwords", ""]]), []);
  assert.equal(
    names([
      ["app-Phone", NT],
      ["app-phone", NT],
    ]),
    "the app password phone is there twice",
  );
  assert.match(String(names([["app-passwords", NT]])), /^an app password's name is not/);
  const many = (count: number) => Array.from({ length: count }, (_, index) => [`app-n${index}`, NT] as const);
  assert.equal(names(many(APP_PASSWORD_LIMIT)).length, APP_PASSWORD_LIMIT);
  assert.match(String(names(many(APP_PASSWORD_LIMIT + 1))), /more than/);
  assert.deepEqual(["phone", "_x", "a b", "", "-x", "x".repeat(33), "passwords"].map(isAppPasswordName), [true, true, ...Array<boolean>(5).fill(false)]); // prettier-ignore
});

test("networks hold addresses of both kinds, and nothing that is none", () => {
  const networks = parseNetworks("10.0.0.0/8,192.0.2.7,2001:db8::/32,::1");
  const held = ["10.1.2.3", "192.0.2.7", "2001:db8:1::1", "::1"];
  const others = ["11.0.0.1", "192.0.2.8", "2001:db9::1", "::2", "", "x", "0.0.0.0"];
  assert.deepEqual(
    held.map((address) => networks?.holds(address)),
    Array(4).fill(true),
  );
  assert.deepEqual(
    others.map((address) => networks?.holds(address)),
    Array(7).fill(false),
  );
  for (const text of [
    "",
    "10.0.0.0/8,",
    "10.0.0.0/",
    "10.0.0/8",
    "10.0.0.0/33",
    "::/129",
    "a.example",
    "10.0.0.0/-1",
    "10.0.0.0/8/8",
  ])
    assert.equal(parseNetworks(text), undefined, text);
});

const users = accountsValidator({
  name: "users",
  names: NAMES,
  now: () => new Date("2026-10-01T12:00:00Z"),
  text: [
    `alice:::::::nt=${hex("main")} password-expires=2030-01-01 app-phone=${hex("phone-secret")} app-imap=${hex("imap-secret")};listeners=imap app-pop=${hex("pop-secret")};listeners=pop3 app-home=${hex("home-secret")};networks=192.0.2.0/24 app-office=${hex("office-secret")};networks=10.0.0.0/8 app-old=${hex("old-secret")};expires=2026-10-01`,
    `bob:${await makeStored("sha512-crypt", "main")}::::::app-phone=${hex("phone-secret")}`,
    `carol:::::::app-phone=${hex("phone-secret")}`,
    `dave:::::::nt=${hex("main")} disabled=yes app-phone=${hex("phone-secret")}`,
    `erik:::::::nt=${hex("main")} must-change=yes protected=yes app-phone=${hex("phone-secret")}`,
  ].join("\n"),
});

const inWords = (verdict: Verdict | undefined) => {
  if (verdict?.kind === "accepted") return `accepted ${verdict.appPassword ?? "main"}`;
  return verdict?.kind === "denied" ? `denied ${verdict.reason} ${verdict.status?.toString(16)}` : verdict?.kind;
};
const byPassword = async (username: string, password: string) =>
  inWords(await users.password?.({ username, password: new Secret(password) }, VISIT));
const byNtlm = async (user: string, password: string) =>
  inWords(await users.ntlm?.verify(version2({ user, password }), VISIT));

test("each secret of an account is right in clear and by NTLM, and the verdict says which it was", async () => {
  for (const by of [byPassword, byNtlm]) {
    assert.equal(await by("alice", "main"), "accepted main");
    assert.equal(await by("alice", "phone-secret"), "accepted phone");
    assert.equal(await by("alice", "imap-secret"), "accepted imap");
    assert.equal(await by("alice", "home-secret"), "accepted home");
    assert.equal(await by("carol", "phone-secret"), "accepted phone");
    assert.equal(await by("bob", "phone-secret"), "accepted phone");
    assert.equal(await by("alice", "phone-secre"), "denied bad-credentials c000006a");
    assert.equal(await by("carol", "main"), "denied bad-credentials c000006a");
  }
  assert.equal(await byPassword("bob", "main"), "accepted main");
  assert.equal(await byPassword("bob", "wrong"), "denied bad-credentials c000006a");
});

test("an app password elsewhere or too late is refused, which only its owner learns", async () => {
  for (const by of [byPassword, byNtlm]) {
    assert.equal(await by("alice", "pop-secret"), "denied not-authorized c000015b");
    assert.equal(await by("alice", "office-secret"), "denied not-authorized c000015b");
    assert.equal(await by("alice", "old-secret"), "denied password-expired c0000071");
  }
});

test("the account's state holds for app passwords as well, but the password's age does not", async () => {
  assert.equal(await byPassword("dave", "phone-secret"), "denied disabled c0000072");
  assert.equal(await byPassword("erik", "main"), "denied must-change-password c0000224");
  assert.equal(await byPassword("erik", "phone-secret"), "accepted phone");
  assert.equal(await byNtlm("erik", "phone-secret"), "denied restricted c000006e");
});

test("NTLM's session key follows from the app password that was right, NTLMv1 works too, and keys know none", async () => {
  const key = async (password: string) => {
    const verdict = await users.ntlm?.verify(version2({ user: "alice", password }), VISIT);
    return verdict?.kind === "accepted" ? verdict.sessionBaseKey : undefined;
  };
  const [main, phone] = [await key("main"), await key("phone-secret")];
  assert.deepEqual([main?.length, phone?.length], [16, 16]);
  assert.notDeepEqual(main, phone);
  const older = version1({ user: "alice", password: "phone-secret", minimum: "v1" });
  assert.equal(inWords(await users.ntlm?.verify(older, VISIT)), "accepted phone");
  assert.equal((await users.keys?.find("alice", VISIT))?.kind, "unknown");
});

test("a disabled or expired account is refused with its NTSTATUS, whatever the proof", async () => {
  const verdict = await users.ntlm?.verify(version2({ user: "dave", password: "main" }), VISIT);
  assert.equal(inWords(verdict), "denied disabled c0000072");
  assert.equal(await byPassword("dave", "wrong"), "denied bad-credentials c000006a");
});

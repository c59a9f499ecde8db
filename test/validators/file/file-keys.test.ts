/** The file validator's keys: from lines as Dovecot has them, from passwords in clear, and how names that nobody has look. */
import assert from "node:assert/strict";
import { execFileSync, spawnSync } from "node:child_process";
import { test } from "node:test";
import { Secret } from "../../../src/core/secret.ts";
import type { StoredKeys } from "../../../src/core/evidence.ts";
import type { KeyJudge, Validator } from "../../../src/core/validator.ts";
import { cramMd5Client } from "../../../src/sasl/client/cram-md5.ts";
import { scramClient } from "../../../src/sasl/client/scram.ts";
import { cramMd5 } from "../../../src/sasl/cram-md5.ts";
import { scram } from "../../../src/sasl/scram.ts";
import { accountsValidator } from "../../../src/validators/file/file.ts";
import { makeScramKeys, parseScramKeys } from "../../../src/accounts/hashes/scram.ts";
import { offerOf, SETTINGS, talk } from "../../sasl/keys-judge.ts";
import { byNtlm, byPassword, byScram, NAMES, summary, VISIT } from "../conformance.ts";
import { version2 } from "../ntlm-client.ts";

const secret = Buffer.alloc(32, 5);
const over = (text: string, more: { kinds?: readonly (keyof StoredKeys)[] } = {}) =>
  accountsValidator({ name: "users", text, names: NAMES, secret, ...more });

/** RFC 7677 section 3 and RFC 5802 section 5: user `user`, password `pencil`. */
const SHA256 =
  "4096,W22ZaJ0SNY7soEsUEjb6gQ==,WG5d8oPm3OtcPnkdi4Uo7BkeZkBFzpcXkuLmtbsT4qY=,wfPLwcE6nTWhTAmQ7tl2KeoiWGPlZqQxSrmfPwDl2dU=";
const SHA1 = "4096,QSXCR+Q6sek8bf92,6dlGYMOdZcOPutkcNY8U2g7vK9Y=,D+CSWLOshSulAsxiupA+qs2/fTE=";

test("keys in Dovecot's place or in fields of their own serve SCRAM and passwords", async () => {
  const users = over(
    `user:{SCRAM-SHA-256}${SHA256}\nother:::::::scram-sha-256=${SHA256} scram-sha-1=${SHA1} room=1\nold:{SCRAM-SHA-1}${SHA1}\n`,
  );
  for (const name of ["user", "other"]) {
    assert.equal(await byScram(users, name, "pencil"), `accepted ${name}`);
    assert.equal(await byScram(users, name, "Pencil"), "denied bad-credentials");
  }
  for (const name of ["user", "other", "old"]) {
    assert.equal(await byPassword(users, name, "pencil"), `accepted ${name}`);
    assert.equal(await byPassword(users, name, "Pencil"), "denied bad-credentials");
    assert.equal(await byNtlm(users, version2({ user: name, password: "pencil" })), "denied bad-credentials");
  }
  const found = await users.keys?.find("other", VISIT);
  assert.ok(found?.kind === "keys" && found.verdict.kind === "accepted");
  assert.deepEqual(Object.keys(found.keys).sort(), ["SCRAM-SHA-1", "SCRAM-SHA-256"]);
  assert.deepEqual(found.verdict.identity.attributes, { room: "1" });
  await users.close?.();
});

test("keys that are none make the line a bad one", async () => {
  const bad = [
    SHA256.replace("4096", "4095"), SHA256.replace("4096", "99999999"), SHA256.replace("4096", "4096.5"), SHA256 + ",AAAA",
    SHA256.replace("W22ZaJ0SNY7soEsUEjb6gQ==", ""), SHA1, "", "4096", SHA256.replace("==", "*="),
  ]; // prettier-ignore
  for (const text of bad) {
    assert.equal(parseScramKeys("SCRAM-SHA-256", text), undefined, text);
    const users = over(`a:::::::scram-sha-256=${text}\nb:{SCRAM-SHA-256}${text}\n`);
    for (const name of ["a", "b"]) assert.equal(await byPassword(users, name, "pencil"), "unknown");
  }
});

test("a password in clear serves every mechanism, with a salt that stays", async () => {
  const users = over("alice:{PLAIN}Password1\nbob:{PLAIN.b64}Ym9iOidzIMOk\n");
  assert.deepEqual(users.keys?.kinds, ["SCRAM-SHA-256", "SCRAM-SHA-1", "password"]);
  assert.equal(await byScram(users, "alice", "Password1"), "accepted alice");
  assert.equal(await byScram(users, "bob", "bob:'s ä"), "accepted bob");
  assert.equal(await byPassword(users, "bob", "bob:'s ä"), "accepted bob");
  assert.equal(await byNtlm(users, version2({ user: "bob", password: "bob:'s ä" })), "accepted bob");
  const offer = offerOf(cramMd5({ nonce: SETTINGS.nonce, host: "mail.example.com" }), users);
  for (const [password, outcome] of [
    ["Password1", "accepted alice"],
    ["x", "denied bad-credentials"],
  ] as const) {
    const { conclusion } = await talk(offer, cramMd5Client({ username: "alice", password }), VISIT);
    assert.equal(summary(conclusion.verdict), outcome);
  }
  const saltOf = async (validator: Validator) => {
    const found = await validator.keys?.find("alice", VISIT);
    return found?.kind === "keys" ? Buffer.from(found.keys["SCRAM-SHA-256"]?.salt ?? []).toString("hex") : "";
  };
  assert.match(await saltOf(users), /^[0-9a-f]{32}$/);
  assert.equal(await saltOf(over("alice:{PLAIN}other\nbob:{PLAIN}x\n")), await saltOf(users));
});

test("only what every account can use is offered, or what was asked for", () => {
  const nt = "nt=64f12cddaa88057e06a81b54e73b949b";
  const kinds = (text: string) => over(text).keys?.kinds;
  assert.deepEqual(kinds(`a:::::::scram-sha-256=${SHA256}\nb:{PLAIN}x\n`), ["SCRAM-SHA-256"]);
  assert.deepEqual(kinds(`a:::::::scram-sha-256=${SHA256}\nb:::::::${nt}\n`), []);
  assert.deepEqual(kinds(`a:::::::scram-sha-256=${SHA256}\nb:::::::${nt} disabled=yes\n`), ["SCRAM-SHA-256"]);
  assert.deepEqual(over(`b:::::::${nt}\n`, { kinds: ["SCRAM-SHA-256"] }).keys?.kinds, ["SCRAM-SHA-256"]);
});

test("an account without keys is like nobody's, to its client; the log says what to do", async () => {
  const users = over(`a:::::::scram-sha-256=${SHA256}\nb:::::::nt=64f12cddaa88057e06a81b54e73b949b\n`);
  assert.equal(await byScram(users, "b", "Password1"), "unknown");
  const found = await users.keys?.find("b", VISIT);
  assert.match(found?.kind === "unknown" ? found.why : "", /postern user passwd/);
});

test("decoys look like accounts, whatever form of the name is asked for", async () => {
  const cheap = await makeScramKeys("SCRAM-SHA-256", "x");
  const lines = Array.from({ length: 40 }, (_, index) => `u${index}:{SCRAM-SHA-256}${index < 10 ? cheap : SHA256}\n`);
  const judge = (count: number) => over(lines.slice(0, count).join("")).keys as KeyJudge;
  const seen = (count: number) =>
    Array.from({ length: 200 }, (_, index) => judge(count).likeness?.("SCRAM-SHA-256", `x${index}`)?.iterations);
  const all = seen(40);
  const dear = all.filter((iterations) => iterations === 32_768).length;
  assert.ok(dear > 20 && dear < 90, `${dear} of 200, where 50 are expected`);
  const changed = seen(39).filter((iterations, index) => iterations !== all[index]).length;
  assert.ok(changed <= 10, `${changed} of 200 change when one account of forty goes`);
  const names = ["nobody", "NOBODY", "EXAMPLE\\nobody", "nobody@example.com"].map(
    (name) => judge(40).likeness?.("SCRAM-SHA-256", name)?.canonicalName,
  );
  assert.deepEqual(names, ["nobody", "nobody", "nobody", "nobody"]);
  assert.equal(judge(40).likeness?.("SCRAM-SHA-256", "nobody@else.example")?.canonicalName, "nobody@else.example");
});

test("spellings that SASLprep makes one are one to passwords too", async () => {
  const users = over("zoë:{PLAIN}pässwörd\n");
  assert.equal(await byPassword(users, "zoe\u0308", "pa\u0308sswo\u0308rd"), "accepted zoë");
  assert.equal(await byPassword(users, "zoë", "passwörd"), "denied bad-credentials");
  const odd = over("bell:{PLAIN}a\u200ebc\n");
  assert.equal(await byPassword(odd, "bell", "a\u200ebc"), "accepted bell", "prohibited, but chosen");
  assert.deepEqual(odd.keys?.kinds, ["password"]);
});

const hasGsasl = spawnSync("gsasl", ["--version"]).status === 0;

test("keys that gsasl makes are understood", { skip: !hasGsasl && "gsasl is not installed" }, async () => {
  for (const mechanism of ["SCRAM-SHA-256", "SCRAM-SHA-1"] as const) {
    const line = execFileSync("gsasl", ["--mkpasswd", "-m", mechanism, "--password", "pencil"], {
      encoding: "utf8",
    }).trim();
    const users = over(`user:${line}\n`);
    assert.deepEqual(users.keys?.kinds, [mechanism]);
    const hash = mechanism === "SCRAM-SHA-256" ? "SHA-256" : "SHA-1";
    const client = scramClient({ hash, username: "user", password: "pencil" });
    const { conclusion } = await talk(offerOf(scram(mechanism, SETTINGS), users), client, VISIT);
    assert.equal(summary(conclusion.verdict), "accepted user");
    assert.ok(await users.password?.({ username: "user", password: new Secret("pencil") }, VISIT));
    await users.close?.();
  }
});

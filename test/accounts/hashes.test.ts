/** Stored hashes: vectors of other programs, our own there and back, and what is refused. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { makeStored, MAKEABLE, parseStored, verifySlow } from "../../src/accounts/hashes/hashes.ts";

const VECTORS = fileURLToPath(new URL("../../../test/accounts/hashes.tsv", import.meta.url));

async function check(stored: string, password: string): Promise<boolean> {
  const parsed = parseStored(stored);
  assert.ok(parsed.kind === "slow", `${stored}: ${JSON.stringify(parsed)}`);
  return verifySlow(parsed.scheme, parsed.text, password);
}

test("hashes that other programs made are right for their passwords and no others", async () => {
  const lines = readFileSync(VECTORS, "utf8")
    .split("\n")
    .filter((line) => line.includes("\t"));
  assert.ok(lines.length >= 25);
  for (const line of lines) {
    const [password = "", stored = ""] = line.split("\t");
    assert.equal(await check(stored, password), true, line);
    if (!/rounds=\d{5}|m=/.test(stored)) assert.equal(await check(stored, `y${password}`), false, line);
  }
});

test("bcrypt looks at 72 bytes, as crypt(3) does", async () => {
  const stored = await makeStored("bcrypt", "x".repeat(80));
  assert.equal(await check(stored, "x".repeat(72)), true);
  assert.equal(await check(stored, "x".repeat(71)), false);
});

test("hashes we make are right for their password, and in a form that names its scheme", async () => {
  for (const scheme of Object.keys(MAKEABLE) as (keyof typeof MAKEABLE)[]) {
    const stored = await makeStored(scheme, "pässword☃");
    assert.match(stored, /^\{[A-Z0-9-]+\}\$[^:\s]+$/);
    assert.equal(await check(stored, "pässword☃"), true, scheme);
  }
  assert.notEqual(await makeStored("argon2id", "x"), await makeStored("argon2id", "x"), "salted");
});

test("other names for a scheme, and crypt(3) without a name, are understood", () => {
  const bcrypt = `$2b$10$${"a".repeat(53)}`;
  for (const stored of [bcrypt, `{CRYPT}${bcrypt}`, `{bcrypt}${bcrypt}`, `{BLF-CRYPT}${bcrypt}`])
    assert.deepEqual(parseStored(stored), { kind: "slow", scheme: "BLF-CRYPT", text: bcrypt });
  assert.deepEqual(parseStored("{plain}a:b"), { kind: "plain", text: "a:b" });
  assert.deepEqual(parseStored(`{NT}${"0F".repeat(16)}`), { kind: "nt", hash: Buffer.alloc(16, 15) });
});

test("hashes that would cost too much, or are none, are refused in words without the hash", () => {
  const bad = [
    ["$argon2id$v=19$m=262145,t=1,p=1$c2FsdHNhbHRzYWx0$" + "a".repeat(43), /257 MiB/],
    ["$argon2id$v=19$m=65536,t=99,p=1$c2FsdHNhbHRzYWx0$" + "a".repeat(43), / 17 s/],
    ["{SSHA}I7dElEdfX4dJgLdnbVEeI9iG2mQ=", /not of \{SSHA\}'s form/],
    ["{SHA}PzMaZx80Gd8mpQ8u91t/IB0pE1EpfmVH", /not of \{SHA\}'s form/],
    [`{SSHA}${"A".repeat(120)}`, /not of \{SSHA\}'s form/],
    ["I7dElEdfX4dJgLdnbVEeI9iG2mQ=", /no known kind/],
    ["$argon2id$v=19$m=0,t=1,p=1$c2FsdHNhbHRzYWx0$" + "a".repeat(43), /no known kind/],
    ["$argon2id$v=16$m=1024,t=1,p=1$c2FsdHNhbHRzYWx0$" + "a".repeat(43), /no known kind/],
    [`$2b$16$${"a".repeat(53)}`, / 7 s/],
    [`$2b$99$${"a".repeat(53)}`, /no known kind/],
    [`$6$rounds=999999999$a$${"a".repeat(86)}`, /too much/],
    [`$scrypt$ln=31,r=8,p=1$aaaa$${"a".repeat(43)}`, /too much/],
    [`$scrypt$ln=0,r=8,p=1$aaaa$${"a".repeat(43)}`, /no known kind/],
    [`$7$!6..../....salt$${"a".repeat(43)}`, /no known kind/],
    ["$1$salt$hash", /no known kind/],
    ["$y$j9T$salt$hash", /no known kind/],
    ["plain words", /no known kind/],
    ["", /no known kind/],
    ["{MD5}x", /not known/],
    ["{ARGON2ID}$2b$10$x", /not of \{ARGON2ID\}'s form/],
    ["{NT}12", /32 hexadecimal/],
    ["{PLAIN}", /empty/],
    ["{constructor}x", /not known/],
  ] as const;
  for (const [stored, words] of bad) {
    const parsed = parseStored(stored);
    assert.ok(parsed.kind === "bad", stored);
    assert.match(parsed.why, words);
    assert.ok(!parsed.why.includes("aaaa"));
  }
});

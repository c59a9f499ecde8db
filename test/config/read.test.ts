/** readConfig on whole files: the example, hostile documents, secrets, certificates by date, and the committed schema. */
import assert from "node:assert/strict";
import { chmodSync, cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { fileURLToPath } from "node:url";
import { jsonSchema, jsonSchemaText } from "../../src/config/json-schema.ts";
import { formatProblem, readConfig } from "../../src/config/read.ts";

const ROOT = fileURLToPath(new URL("../../../", import.meta.url));
const folder = mkdtempSync(join(tmpdir(), "postern-config-"));
after(() => rmSync(folder, { recursive: true }));

const VALID = `
listeners: [{ name: imap, protocol: imap, bind: 1143 }]
validators: { users: { type: file, path: ${ROOT}test/config/fixtures/users } }
backends: { old: { imap: { host: 127.0.0.1, port: 143 }, logon: { method: master, user: gw, password: hunter2 } } }
`;

function read(yaml: string, now?: Date) {
  const file = join(folder, "config.yaml");
  writeFileSync(file, yaml, { mode: 0o600 });
  return readConfig(file, {}, now);
}

test("the example configuration is right in everything but the files that it names", () => {
  const { problems } = readConfig(join(ROOT, "config.yaml"), { CREDENTIALS_DIRECTORY: "/nonexistent" });
  const others = problems.filter(({ message }) => !message.endsWith("cannot be read (ENOENT)"));
  assert.deepEqual(others, []);
  assert.equal(readFileSync(join(ROOT, "config.yaml"), "utf8").split("\n")[0]?.includes("$schema=./config.schema.json"), true);
});

test("the example configuration serves once its files are there", () => {
  const fixtures = join(ROOT, "test/config/fixtures");
  const text = readFileSync(join(ROOT, "config.yaml"), "utf8")
    .replace("/etc/postern/tls/fullchain.pem", join(fixtures, "cert.pem"))
    .replace("/etc/postern/tls/privkey.pem", join(fixtures, "key.pem"))
    .replace(/path: \/etc\/postern\/users/, `path: ${join(fixtures, "users")}`)
    .replace("${cred:backend}", "x");
  const { config, problems } = read(text);
  assert.deepEqual(problems.filter(({ severity }) => severity === "error"), []);
  assert.deepEqual(config?.listeners.map(({ bind }) => bind.port), [143, 993, 110, 995, 587, 465]);
});

test("what the example shows as defaults are the defaults", () => {
  const defaults = read(VALID).config;
  const example = readFileSync(join(ROOT, "config.yaml"), "utf8");
  const limits = example.slice(example.indexOf("# limits:"), example.indexOf("logging:")).replaceAll(/^# ?/gm, "");
  assert.deepEqual(read(`${VALID}${limits}`).config?.limits, defaults?.limits);
  assert.ok(defaults !== undefined);
});

test("the committed JSON Schema is the current one", () => {
  assert.equal(readFileSync(join(ROOT, "config.schema.json"), "utf8"), jsonSchemaText());
  assert.equal(jsonSchema()["$schema"], "https://json-schema.org/draft/2020-12/schema");
});

test("a file that cannot be read is one problem", () => {
  const { problems } = readConfig("no/such/config.yaml", {});
  const words = "no/such/config.yaml:1:1: cannot be read (ENOENT); give the path of a configuration file";
  assert.deepEqual(problems.map(formatProblem), [words]);
  assert.equal(readConfig(folder, {}).problems[0]?.message, "cannot be read (EISDIR)");
});

test("documents made to exhaust the reader end in problems within two seconds of processor time", () => {
  const hostile = [
    "a: &a [*a, *a]",
    "a: &a { b: *a, c: *a }",
    "[".repeat(200_000),
    `a: ${"[".repeat(3000)}${"]".repeat(3000)}`,
    "- ".repeat(100_000),
    "{".repeat(100_000),
    "a:\n".repeat(10_000),
    `a: "${"${".repeat(100_000)}"`,
    `a: ${"x".repeat(1024 * 1024)}`,
    "",
    "\u0000",
    "? [a]\n: 1",
    "a: !!js/function x",
    "one: 1\n---\ntwo: 2",
  ];
  for (const yaml of hostile) {
    const before = process.cpuUsage();
    const { config, problems } = read(yaml);
    assert.equal(config, undefined);
    assert.ok(problems.length > 0 && problems.length < 30, `${yaml.slice(0, 20)}: ${problems.length} problems`);
    const { user, system } = process.cpuUsage(before);
    assert.ok(user + system < 2_000_000, yaml.slice(0, 20));
  }
});

test("keys that mean something to JavaScript are only unknown keys", () => {
  const { problems } = read(`${VALID}\n__proto__: { polluted: 1 }\nconstructor: 1\n`);
  assert.deepEqual(problems.map(({ path, message }) => `${path}: ${message}`).sort(), ["__proto__: unknown key", "constructor: unknown key"]);
  assert.equal("polluted" in {}, false);
});

test("no problem shows a secret", () => {
  const yaml = VALID.replace("hunter2", "[hunter2]").replace("user: gw", "user: [hunter2]");
  const withSecret = VALID.replace("password: hunter2", 'password: "hunter2\\n"');
  for (const text of [yaml, withSecret]) {
    const { problems } = read(text);
    assert.ok(problems.length > 0);
    assert.ok(!JSON.stringify(problems).includes("hunter2"), JSON.stringify(problems));
  }
  assert.ok(!JSON.stringify(read(VALID).config).includes("hunter2"));
});

test("a password in a file that others can read is warned about, a reference is not", () => {
  const file = join(folder, "public.yaml");
  writeFileSync(file, VALID);
  chmodSync(file, 0o644);
  const { config, problems } = readConfig(file, {});
  assert.deepEqual(problems.map(({ path, severity }) => `${path} ${severity}`), ["backends.old.logon.password warning"]);
  assert.ok(config !== undefined, "a warning does not stop Postern");
  writeFileSync(file, VALID.replace("hunter2", '"${env:GATEWAY}"'));
  assert.deepEqual(readConfig(file, { GATEWAY: "hunter2" }).problems, []);
});

test("a certificate is warned about three weeks before it ends and refused after", () => {
  const fixtures = join(folder, "fixtures");
  cpSync(join(ROOT, "test/config/fixtures"), fixtures, { recursive: true });
  chmodSync(join(fixtures, "key.pem"), 0o600);
  const yaml = `${VALID}tls: [{ cert: ${fixtures}/cert.pem, key: ${fixtures}/key.pem }]\n`;
  const on = (date: string) => read(yaml, new Date(date)).problems.map(({ severity, message }) => `${severity}: ${message}`);
  assert.deepEqual(on("2126-10-01"), []);
  assert.deepEqual(on("2126-10-20"), ["warning: the certificate expires in 8 days"]);
  assert.deepEqual(on("2126-11-01"), ["error: the certificate expired on Oct 28 20:54:41 2126 GMT"]);
  assert.deepEqual(on("2025-01-01"), ["error: the certificate is not valid before Nov 21 20:54:41 2026 GMT"]);
});

import assert from "node:assert/strict";
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { formatProblem, readConfig } from "../../src/config/read.ts";
import { selfSigned } from "../../src/sandbox/certificate.ts";

/** Every configuration printed in the documentation is one that `postern check` accepts. */
const folder = mkdtempSync(join(tmpdir(), "postern-docs-"));
after(() => rmSync(folder, { recursive: true }));

const { cert, key } = selfSigned(["mail.example.com"], ["127.0.0.1"]);
const files: Readonly<Record<string, string>> = { "cert.pem": cert, "key.pem": key, secret: "secret\n", users: "" };
for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text, { mode: 0o600 });

/** Paths in examples lead to where an administrator keeps such files; here they lead to ours. */
function localise(yaml: string): string {
  return yaml
    .replace(/\/[\w/.-]+\.pem/g, join(folder, "cert.pem"))
    .replace(/\/[\w/.-]+\.key/g, join(folder, "key.pem"))
    .replace(/\$\{file:[^}]+\}/g, `\${file:${join(folder, "secret")}}`)
    .replace(/path: \/[\w/.-]+/g, `path: ${join(folder, "users")}`);
}

const pages = [
  "README.md",
  ...readdirSync("docs", { recursive: true, encoding: "utf8" })
    .filter((name) => name.endsWith(".md"))
    .map((name) => `docs/${name}`),
];
interface Example {
  readonly title: string;
  readonly yaml: string;
  readonly isWhole: boolean;
}

const examples: readonly Example[] = pages.flatMap((page) =>
  [...readFileSync(page, "utf8").matchAll(/```yaml\n([^]*?)```/g)].map(([, yaml = ""], index) => ({
    title: `${page}, configuration ${index + 1}, is right`,
    yaml,
    isWhole: yaml.startsWith("# config.yaml\n"),
  })),
);

/** What a page leaves out that shows a part of a configuration only: everything that its names could lead to. */
function whole({ yaml, isWhole }: Example): string {
  if (isWhole) return yaml;
  const judge = /^validators:\n {2}(\w+):/m.exec(yaml)?.[1] ?? "users";
  const logon = 'logon: { method: master, user: gateway, password: "${cred:backend}" }';
  const rest: Readonly<Record<string, string>> = {
    tls: "[{ cert: /etc/postern/mail.pem, key: /etc/postern/mail.key }]",
    listeners: `
  - { name: imap, protocol: imap, bind: 1143, validator: ${judge} }
  - { name: submission, protocol: smtp, bind: 1587, validator: ${judge} }
  - { name: partners, protocol: imap, bind: 1144, validator: ${judge} }`,
    validators: "{ users: { type: file, path: users }, ad: { type: winbind }, partner: { type: file, path: users } }",
    backends: `
  old: { imap: { host: 127.0.0.1, port: 143 }, smtp: { host: 127.0.0.1, port: 25 }, ${logon} }
  new: { imap: { host: 127.0.0.1, port: 144 }, smtp: { host: 127.0.0.1, port: 26 }, ${logon} }`,
    routes: "[{ backend: old }]",
  };
  const missing = Object.entries(rest).filter(([key]) => !new RegExp(`^${key}:`, "m").test(yaml));
  return [yaml, ...missing.map(([key, value]) => `${key}: ${value}\n`)].join("");
}

test("every kind of validator has a page with a configuration", () => {
  for (const page of pages.filter((name) => name.startsWith("docs/validators/")))
    assert.ok(
      examples.some(({ title, isWhole }) => isWhole && title.startsWith(page)),
      `${page} has no block that begins with "# config.yaml"`,
    );
});

test("the documentation has configurations", () => assert.ok(examples.length > 0));

for (const example of examples) {
  test(example.title, () => {
    const path = join(folder, "config.yaml");
    const yaml = whole(example);
    for (const [, name = ""] of yaml.matchAll(/\$\{cred:([^}]+)\}/g)) writeFileSync(join(folder, name), "secret\n");
    writeFileSync(path, localise(yaml), { mode: 0o600 });
    const { config, problems } = readConfig(path, { CREDENTIALS_DIRECTORY: folder });
    assert.deepEqual(problems.map(formatProblem), []);
    assert.ok(config && config.listeners.length > 0);
  });
}

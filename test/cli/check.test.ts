/** `postern check`: problems with their places, a summary of what would be served, and the schema. */
import assert from "node:assert/strict";
import { chmodSync, cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { fileURLToPath } from "node:url";
import { runCommand, type Outcome } from "./command.ts";

const ROOT = fileURLToPath(new URL("../../../", import.meta.url));
const folder = mkdtempSync(join(tmpdir(), "postern-check-"));
after(() => rmSync(folder, { recursive: true }));
cpSync(join(ROOT, "test/config/fixtures"), folder, { recursive: true });
for (const file of ["key.pem", "users"]) chmodSync(join(folder, file), 0o600);

function check(...args: string[]): Promise<Outcome> {
  return runCommand("check.js", "registerCheck", folder, ["check", ...args]);
}

function write(name: string, text: string): void {
  writeFileSync(join(folder, name), text, { mode: 0o600 });
}

const RIGHT = `
server: { name: mail.example.com }
tls: [{ cert: cert.pem, key: key.pem }]
listeners:
  - { name: imap, protocol: imap, bind: 143 }
  - { name: pop3s, protocol: pop3, bind: "[::1]:995", tls: implicit, mechanisms: [PLAIN] }
  - { name: old, protocol: pop3, bind: "127.0.0.1:110", tls: off, plaintext: allowed, ntlm: { minimum: v1, mic: off } }
validators: { users: { type: file, path: users } }
backends:
  store:
    imap: { host: 127.0.0.1, port: 1143 }
    pop3: { host: 10.0.0.1, port: 995, tls: implicit, verify: false }
    logon: { method: master, user: gw, password: x }
`;

test("a right configuration is summed up: who is offered what, under which policy, and where it goes", async () => {
  write("right.yaml", RIGHT);
  write("users", "alice:{NT}8846f7eaee8fb117ad06bdd830b7586c\n");
  const { code, stdout, stderr } = await check("right.yaml");
  assert.deepEqual([code, stderr], [0, ""]);
  assert.deepEqual(stdout.split("\n"), [
    "right.yaml is right.",
    "server    mail.example.com, NTLM clients see EXAMPLE\\MAIL, TLS intermediate",
    "tls       mail.example.com *.mail.example.com",
    "listener  imap: imap on *:143; NTLM before STARTTLS; NTLM PLAIN LOGIN under TLS; NTLM from v2, MIC verify-if-present, channel binding verify-if-present; users -> store",
    "listener  pop3s: pop3 on [::1]:995; PLAIN under TLS; users -> store",
    "listener  old: pop3 on 127.0.0.1:110; NTLM PLAIN LOGIN without TLS; NTLM from v1, MIC off, channel binding verify-if-present; users -> store",
    `validator users: 1 account in ${join(folder, "users")}, 1 of them for NTLM`,
    "guard     on, in memory",
    "backend   store: pop3 10.0.0.1:995 implicit, certificate not verified; imap 127.0.0.1:1143 without TLS; logon by master",
    "",
  ]);
});

test("every kind of validator is summed up, and which of them the guard keeps below their lockout", async () => {
  const golden = readFileSync(join(ROOT, "test/config/every-kind-of-validator.txt"), "utf8").split(/^-{10,}$/m)[0]!;
  write(
    "every.yaml",
    golden.replace("validator: first }", "validator: first, mechanisms: [NTLM, SCRAM-SHA-1, PLAIN] }"),
  );
  write("users", "");
  write("secret", "");
  const { code, stdout, stderr } = await check("every.yaml");
  assert.deepEqual([code, stderr], [0, ""]);
  assert.match(stdout, /; NTLM SCRAM-SHA-1 without TLS; /);
  const lines = stdout.split("\n").filter((line) => /^(validator|guard)/.test(line));
  assert.deepEqual(lines, [
    `validator users: 0 accounts in ${join(folder, "users")}, 0 of them for NTLM`,
    "validator first: chain, users, then ad",
    "validator second: chain, users, then table",
    "validator third: chain, second, then first",
    "validator ad: netlogon, domain EXAMPLE as MAILGW, controllers 192.0.2.1",
    "validator samba: winbind, /usr/bin/ntlm_auth",
    "validator directory: ldap, mode bind, 10.0.0.5:389 starttls",
    "validator hashes: ldap, mode compare, 10.0.0.5:1636 ldaps",
    "validator posix: ldap, mode search, ldap.example.com:636 ldaps",
    `validator table: sql, sqlite ${join(folder, "users")}`,
    "validator service: http, https://auth.example.com/judge",
    "guard     on, in memory; below the lockout of first, third, ad, samba, directory",
  ]);
});

test("problems are printed with file, line and column, and the exit code is 1", async () => {
  write("config.yaml", RIGHT.replace("tls: implicit,", "tsl: implicit,").replace("path: users", "paht: users"));
  const { code, stdout, stderr } = await check();
  assert.deepEqual([code, stdout], [1, ""]);
  assert.deepEqual(stderr.split("\n"), [
    'config.yaml:6:55: listeners.1.tsl: unknown key; did you mean "tls"?',
    'config.yaml:8:15: validators.users.path: missing; add "path:" here',
    'config.yaml:8:36: validators.users.paht: unknown key; did you mean "path"?',
    "",
  ]);
});

test("bad account lines are warnings, an account file that cannot serve is an error", async () => {
  write("right.yaml", RIGHT);
  write("users", "alice:{PLAIN}hunter2\nbob:nonsense\n");
  const warned = await check("right.yaml");
  assert.equal(warned.code, 0);
  assert.match(warned.stderr, /users:1:1: warning: the password of alice is stored in clear/);
  assert.match(warned.stderr, /users:2:1: warning: account ignored: the hash is of no known kind/);
  write("users", "alice:{PLAIN}hunter2\nAlice:{PLAIN}hunter2\n");
  const refused = await check("right.yaml");
  assert.deepEqual([refused.code, refused.stdout], [1, ""]);
  assert.match(refused.stderr, /users:2:1: Alice is on line 1 already/);
  assert.ok(!(warned.stderr + warned.stdout + refused.stderr).includes("hunter2"));
});

test("--json gives the same as data", async () => {
  write("right.yaml", RIGHT);
  write("users", "alice:{NT}8846f7eaee8fb117ad06bdd830b7586c\n");
  const right = JSON.parse((await check("right.yaml", "--json")).stdout) as {
    ok: boolean;
    problems: unknown[];
    summary: { listeners: unknown[] };
  };
  assert.deepEqual([right.ok, right.problems, right.summary.listeners.length], [true, [], 3]);
  const wrong = await check("no-such-file.yaml", "--json");
  assert.equal(wrong.code, 1);
  const { file, line, message, remedy, severity } =
    (JSON.parse(wrong.stdout) as { problems: Record<string, unknown>[] }).problems[0] ?? {};
  assert.deepEqual([file, line, severity], ["no-such-file.yaml", 1, "error"]);
  assert.deepEqual([message, remedy], ["cannot be read (ENOENT)", "give the path of a configuration file"]);
});

test("--schema prints the schema that is in the repository; other words are a usage error", async () => {
  const { code, stdout } = await check("--schema");
  assert.deepEqual([code, stdout], [0, readFileSync(join(ROOT, "config.schema.json"), "utf8")]);
  assert.equal((await check("--schemata")).code, 2);
});

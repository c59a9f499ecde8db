/** `postern policy`: what it prints, in words and as JSON, and when its exit code complains. */
import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { Command } from "commander";
import { exitCodeOf, formatPolicy, jsonOf, registerPolicy, reportOf } from "../../src/cli/policy.ts";
import type { PolicyReport } from "../../src/policy/report.ts";
import type { SitePolicy } from "../../src/policy/words.ts";
import { configOf } from "../support/config.ts";

const NOON = Date.UTC(2026, 5, 15, 12);
const SITE: SitePolicy = {
  rules: [{ name: "outside", networks: ["0.0.0.0/0"], require: { channelBinding: "require" } }],
  exceptions: [
    {
      ...{ name: "printers", owner: "Jane Doe", reason: "firmware 2.1 has no NTLMv2", expires: "2026-06-16" },
      ...{ networks: ["10.20.0.0/16"], users: ["scan*"], allow: { minimum: "v1", mic: "off", clockWindow: Infinity } },
    },
    {
      owner: "Joe",
      reason: "old Outlook",
      expires: "2026-05-31",
      listeners: ["front"],
      allow: { allowedDomains: [""] },
    },
  ],
};

function report({ rules = [], exceptions = [] }: SitePolicy = {}): PolicyReport {
  const config = configOf({
    listeners: [{ ntlm: { mic: "require" } }, { name: "mail", protocol: "smtp", mechanisms: ["PLAIN"] }],
  });
  return reportOf({ ...config, policy: { rules, exceptions } }, NOON);
}

test("each listener is printed with all demands, then the rules and exceptions", () => {
  assert.equal(
    formatPolicy(report(SITE)),
    `Listener front (imap)
  minimum         v2                  LmCompatibilityLevel
  mic             require
  channelBinding  verify-if-present   ApplicationRequiresCBT
  targetName      off                 UnverifiedTargetName
  avEcho          verify-if-present
  require128      false               ServerRequire128bitEncryption
  block           false               ServerBlock
  reveal          names all, version
Listener mail (smtp), NTLM is not offered
  minimum         v2                  LmCompatibilityLevel
  mic             verify-if-present
  channelBinding  verify-if-present   ApplicationRequiresCBT
  targetName      off                 UnverifiedTargetName
  avEcho          verify-if-present
  require128      false               ServerRequire128bitEncryption
  block           false               ServerBlock
  reveal          names all, version

Rules that demand more
  outside
    for       networks 0.0.0.0/0
    requires  channelBinding require

2 exceptions, 1 expired, 2026-06-15
  printers
    allows    minimum v1, mic off, clockWindow off
    for       networks 10.20.0.0/16; users scan*
    owner     Jane Doe
    expires   2026-06-16, 1 day left
    reason    firmware 2.1 has no NTLMv2
  #2  EXPIRED
    allows    allowedDomains ""
    for       listeners front
    owner     Joe
    expires   2026-05-31, 15 days ago
    reason    old Outlook`,
  );
  assert.match(formatPolicy(report()), /\n\nNo exceptions, 2026-06-15$/);
});

test("JSON has the same, the names that a listener answers to among it", () => {
  const read = JSON.parse(jsonOf(report(SITE))) as PolicyReport;
  assert.deepEqual(read.expired, ["#2"]);
  assert.deepEqual(read.listeners[0]?.policy.targets, {
    services: ["imap", "imap4", "host"],
    hosts: ["mail.example.com", "mail"],
  });
  assert.deepEqual(read.exceptions[0]?.allow, { minimum: "v1", mic: "off", clockWindow: null });
  assert.equal(read.exceptions[1]?.daysLeft, -15);
});

test("the exit code is 1 when, and only when, an exception has expired", () => {
  assert.equal(exitCodeOf(report(SITE)), 1);
  assert.equal(exitCodeOf(report({ ...SITE, exceptions: SITE.exceptions!.slice(0, 1) })), 0);
  assert.equal(exitCodeOf(report()), 0);
});

async function run(t: { mock: typeof test.mock }, ...args: string[]): Promise<{ said: string; code: unknown }> {
  const said: string[] = [];
  for (const voice of ["log", "error"] as const) t.mock.method(console, voice, (text: string) => void said.push(text));
  const program = new Command();
  registerPolicy(program);
  const before = process.exitCode;
  process.exitCode = undefined;
  await program.parseAsync(["policy", ...args], { from: "user" });
  const code = process.exitCode;
  process.exitCode = before;
  return { said: said.join("\n"), code };
}

test("the command reads a configuration, and complains of one that cannot be used", async (t) => {
  const folder = mkdtempSync(join(tmpdir(), "policy-"));
  t.after(() => rmSync(folder, { recursive: true }));
  const file = join(folder, "config.yaml");
  const listener = "{ name: front, protocol: imap, bind: 127.0.0.1:0, ntlm: { minimum: v1 } }";
  const logon = "{ method: master, user: gate, password: keeper }";
  const store = `{ imap: { host: localhost, port: 143 }, logon: ${logon} }`;
  const rest = `validators: { users: { type: file, path: users } }\nbackends: { store: ${store} }`;
  const exception = "{ owner: Jane, expires: 2001-02-03, reason: old, users: [scan*], allow: { mic: off } }";
  writeFileSync(join(folder, "users"), "");
  writeFileSync(file, `server: { name: mail.example.com }\nlisteners: [${listener}]\n${rest}\n`);
  const right = await run(t, file);
  assert.deepEqual([right.code, /minimum +v1/.test(right.said)], [0, true], right.said);
  assert.equal((JSON.parse((await run(t, "--json", file)).said) as PolicyReport).listeners[0]?.policy.minimum, "v1");
  writeFileSync(file, `${readFileSync(file, "utf8")}policy: { exceptions: [${exception}] }\n`);
  const expired = await run(t, file);
  assert.deepEqual([expired.code, /^ {2}#1 {2}EXPIRED$/m.test(expired.said)], [1, true], expired.said);
  const missing = await run(t, join(folder, "nowhere.yaml"));
  assert.deepEqual([missing.code, missing.said.includes("nowhere.yaml")], [1, true]);
});

test("its help says what the exit code means", () => {
  const program = new Command();
  registerPolicy(program);
  let help = "";
  const command = program.commands[0]!;
  command.configureOutput({ writeOut: (text) => (help += text) });
  command.outputHelp();
  assert.match(help, /Exit code: 0, or 1 when an exception has expired/);
});

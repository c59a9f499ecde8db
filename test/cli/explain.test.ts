/** `postern explain login`: what it says of each step, where it stops, and what its exit code means. */
import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, describe, test } from "node:test";
import { formatExplanation } from "../../src/cli/explain.ts";
import { explainLogin } from "../../src/cli/explain/explain.ts";
import type { ExplainedConfig, Explanation, Question } from "../../src/cli/explain/question.ts";
import type { MechanismName } from "../../src/config/config.ts";
import { configOf } from "../support/config.ts";
import { runCommand } from "./command.ts";

const folder = mkdtempSync(join(tmpdir(), "explain-"));
after(() => rmSync(folder, { recursive: true }));
const users = join(folder, "users");
/** uid to shell, which no mail client needs. */
const BETWEEN = "::::::";
const ACCOUNTS = [
  `alice:{PLAIN}Password1${BETWEEN}domain=EXAMPLE groups=staff,pilots box=7`,
  `bob:{PLAIN}secret${BETWEEN}disabled=yes`,
  "carol@example.org:{SHA512-CRYPT}$6$saltsalt$qFmFH.bQmmtXzyBY0s9v7Oicd2z4XSIecDzlB5KiA2/jctKu9YterLp8wwnSq.qc.eoxqOmSuNp2xS0ktL3nh/",
];
writeFileSync(users, `${ACCOUNTS.join("\n")}\n`, { mode: 0o600 });

const LOGON = { method: "master", user: "gate", password: "keeper" };

function config(more: Partial<ExplainedConfig> = {}): ExplainedConfig {
  const made = configOf({
    listeners: [
      { name: "imap", mechanisms: ["PLAIN", "NTLM", "EXTERNAL"] },
      { name: "strict", protocol: "smtp", mechanisms: ["NTLM"], ntlm: { blockedDomains: ["PARTNER"], mic: "require" } },
    ],
    backends: {
      new: { imap: { host: "127.0.0.1", port: 144 }, smtp: { host: "127.0.0.1", port: 26 }, logon: LOGON },
      old: { imap: { host: "127.0.0.1", port: 143 }, smtp: { host: "127.0.0.1", port: 25 }, logon: LOGON },
    },
    routes: [{ when: { groups: ["pilots"] }, backend: "new" }, { backend: "old" }],
  });
  const [file] = made.validators;
  assert.ok(file?.type === "file");
  const web = { ...file, name: "ad", type: "winbind" } as unknown as typeof file;
  return { ...made, validators: [{ ...file, path: users }, web], ...more };
}

const DOMAINS: ExplainedConfig["identity"] = {
  domains: [
    { netbios: "EXAMPLE", dns: ["example.com"], ask: "as-sent", mailbox: "{user}@{dnsDomain}" },
    { netbios: "PARTNER", dns: ["partner.example"], ask: "user@dns", validator: "ad" },
  ],
  aliases: [{ name: "info", means: "EXAMPLE\\alice" }],
  defaultDomain: "EXAMPLE",
  listeners: {},
};
const ACCESS: ExplainedConfig["access"] = [
  { name: "suspended", deny: { users: ["mallory"] } },
  { name: "staff", protocols: ["imap"], allow: { groups: ["staff"] } },
  { name: "office", listeners: ["strict"], networks: ["192.0.2.0/24"], allow: { users: ["*"] } },
];

interface Asked extends Partial<Omit<Question, "listener">> {
  readonly listener?: string;
}

function explained(
  name: string,
  { listener: where = "imap", ...more }: Asked = {},
  whole = config(),
): Promise<Explanation> {
  const listener = whole.listeners.find((each) => each.name === where)!;
  const mechanism: MechanismName = listener.mechanisms[0]!;
  const rest = { domain: "", address: undefined, groups: [], sids: [], now: new Date("2026-06-15T12:00:00Z") };
  return explainLogin(whole, { name, listener, mechanism, ...rest, ...more });
}

async function text(...asked: Parameters<typeof explained>): Promise<string> {
  return formatExplanation(await explained(...asked)).replaceAll(folder, "DIR");
}

/** The last finding of a refused logon; "in". */
async function end(...asked: Parameters<typeof explained>): Promise<string> {
  const { outcome, findings } = await explained(...asked);
  return outcome === "in" ? "in" : findings.at(-1)!.words.replaceAll(folder, "DIR");
}

const RULED = config({ identity: DOMAINS, access: ACCESS });

describe("a golden explanation:", () => {
  test("without rules, an account in a file", async () => {
    assert.equal(
      await text("alice"),
      `alice at imap (imap) by PLAIN

name       "alice" names no domain
validator  users, the listener's own
account    in DIR/users: user alice, domain EXAMPLE, mailbox alice, groups staff, pilots
access     no rules: everybody may
route      route 0 (groups pilots) leads to new
backend    imap 127.0.0.1:144: logs on as alice*gate (master)

Would be let in if the secret is right.`,
    );
  });

  test("an alias, a template and access rules", async () => {
    assert.equal(
      await text("info", { address: "192.0.2.1" }, RULED),
      `info at imap (imap) from 192.0.2.1 by PLAIN

name       "info" names no domain
alias      an alias: "EXAMPLE\\alice" is meant
name       "EXAMPLE\\alice" is user "alice" of domain "EXAMPLE"
domain     EXAMPLE (example.com)
validator  users, the listener's own
account    in DIR/users: user alice, domain EXAMPLE, mailbox alice, groups staff, pilots
mailbox    alice@example.com, by the template {user}@{dnsDomain}
access     rule suspended does not deny the user
           rule staff allows group staff
route      route 0 (groups pilots) leads to new
backend    imap 127.0.0.1:144: logs on as alice@example.com*gate (master)

Would be let in if the secret is right.`,
    );
  });

  test("a validator that tells nothing, and groups that decide", async () => {
    assert.equal(
      await text("PARTNER\\dora", {}, RULED),
      `PARTNER\\dora at imap (imap) by PLAIN

name       "PARTNER\\dora" is user "dora" of domain "PARTNER"
domain     PARTNER (partner.example)
validator  ad, by the domain's rule
ask        asked as "dora@partner.example" (user@dns)
account    ad (winbind) tells nothing without the secret; supposed: user dora, domain PARTNER, mailbox dora, no groups
access     rule suspended does not deny the user
           rule staff does not allow the user
           the groups are unknown, and rule staff asks for them: suppose some with --groups or --sid
           rules for networks are left out: give a client's address with --address
           NO: access rule staff does not allow the user

Would be refused: access rule staff does not allow the user.`,
    );
  });

  test("NTLM under a policy that blocks the domain", async () => {
    assert.equal(
      await text("dora", { listener: "strict", domain: "PARTNER" }, RULED),
      `dora at strict (smtp) by NTLM

name       "dora" came with the domain "PARTNER" beside it
domain     PARTNER (partner.example)
validator  ad, by the domain's rule
ask        asked with NTLM's names as they were sent, for NTLMv2 hashes them
ntlm       the listener's policy: minimum v2, mic require, channelBinding verify-if-present, blockedDomains PARTNER
           NO: domain PARTNER is blocked (blockedDomains)

Would be refused: domain PARTNER is blocked (blockedDomains).`,
    );
  });
});

test("groups and SIDs can be supposed, and decide about rules and routes", async () => {
  const supposed = await explained("PARTNER\\dora", { groups: ["staff", "pilots"] }, RULED);
  assert.equal(supposed.outcome, "in");
  assert.match(formatExplanation(supposed), /route 0 \(groups pilots\) leads to new/);
  const sid = "S-1-5-21-1-2-3-525";
  const access = [{ name: "protected", deny: { sids: [sid] } }];
  const denied = await text("alice", { sids: [sid] }, config({ access }));
  assert.match(denied, /SIDs S-1-5-21-1-2-3-525 \(Protected Users\)/);
  assert.match(denied, /NO: access rule protected denies SID S-1-5-21-1-2-3-525/);
  assert.equal(await end("alice", {}, config({ access })), "in");
});

test("rules for networks apply to the address that is given", async () => {
  const access = [{ name: "office", networks: ["192.0.2.0/24"], deny: { users: ["alice"] } }];
  assert.equal(
    await end("alice", { address: "192.0.2.9" }, config({ access })),
    "access rule office denies user alice",
  );
  assert.equal(await end("alice", { address: "198.51.100.9" }, config({ access })), "in");
});

test("each refusal is found where a logon would meet it", async () => {
  assert.equal(await end("alice", { mechanism: "LOGIN" }), "imap does not offer LOGIN, but PLAIN, NTLM, EXTERNAL");
  assert.equal(await end("a\0b"), "the name is empty, too long or has control characters");
  assert.equal(await end("nobody"), "no account of this name and domain in DIR/users; add it with `postern user add`");
  assert.equal(await end("bob"), "the account is disabled");
  assert.match(await end("carol@example.org", { mechanism: "NTLM" }), /^the account has no NT hash/);
  assert.equal(await end("carol@example.org"), "in");
  assert.equal(
    await end("alice", {}, config({ routes: [] })),
    'no route is for alice at imap; add one under "routes:"',
  );
  const template = { ...DOMAINS, domains: [{ ...DOMAINS.domains[0]!, mailbox: "{attr.size}" }] };
  assert.equal(
    await end("alice", {}, config({ identity: template })),
    "the mailbox is {attr.size}, and the account has no {attr.size}",
  );
  const refusing = { ...DOMAINS, unknownDomains: "refuse" as const };
  assert.match(await end("x@elsewhere.example", {}, config({ identity: refusing })), /^no rule knows the domain/);
});

test("a backend that wants the client's password cannot be entered by NTLM", async () => {
  const whole = config();
  const backends = whole.backends.map((each) => ({ ...each, logon: { method: "password" as const } }));
  assert.equal(await end("alice", {}, { ...whole, backends }), "in");
  assert.match(
    await end("alice", { mechanism: "NTLM" }, { ...whole, backends }),
    /^imap 127\.0\.0\.1:144: this backend wants/,
  );
});

test("what only attributes decide is said to be unknown, not to be missing", async () => {
  const whole = config({ identity: { ...DOMAINS, mailbox: "{attr.box}" } });
  const logon = { method: "account" as const, user: "{attr.box}", passwordAttribute: "key" };
  const backends = whole.backends.map((each) => ({ ...each, logon }));
  const said = await text("PARTNER\\dora", {}, { ...whole, backends });
  assert.match(said, /^mailbox {4}\{attr\.box\} has parts that only the validator knows; dora is supposed$/m);
  assert.match(said, /logs on with an account from attributes, which only the validator knows\n\nWould be let in/);
});

test("an exception that has expired is named as the reason", async () => {
  const exception = { name: "scanners", owner: "Jane", reason: "old", expires: "2026-01-31", users: ["alice"] };
  const policy = { rules: [], exceptions: [{ ...exception, allow: { block: false } }] };
  const whole = config({ policy });
  const listeners = whole.listeners.map((each) => ({ ...each, ntlm: { ...each.ntlm, block: true } }));
  const said = await text("alice", { mechanism: "NTLM" }, { ...whole, listeners });
  assert.match(said, /exception scanners: minimum v2.*\(it expired on 2026-01-31 \(owner: Jane\)\)/);
  assert.match(said, /Would be refused: NTLM is not accepted here \(block\)\.$/);
});

test("nothing unseen in a name reaches the terminal", async () => {
  assert.match(await text("al\u202eice\u001b[2J"), /^al\\u\{202e\}ice\\u\{1b\}\[2J at imap/);
});

describe("the command", () => {
  const file = join(folder, "config.yaml");
  const store = "{ imap: { host: localhost, port: 143 }, logon: { method: master, user: gate, password: keeper } }";
  const listener = (name: string) => `{ name: ${name}, protocol: imap, bind: 127.0.0.1:0, mechanisms: [NTLM, PLAIN] }`;
  const yaml = (...names: string[]) =>
    `server: { name: mail.example.com }\nlisteners: [${names.map(listener).join(", ")}]\n` +
    `validators: { users: { type: file, path: users } }\nbackends: { store: ${store} }\n`;
  const run = (...args: string[]) => runCommand("explain.js", "registerExplain", folder, ["explain", "login", ...args]);

  test("exits with 0 for who would be let in, and with 1 for who would be refused", async () => {
    writeFileSync(file, yaml("imap"), { mode: 0o600 });
    const alice = await run("EXAMPLE\\alice", "--listener", "imap", "--mechanism", "plain");
    assert.deepEqual([alice.code, alice.stderr], [0, ""]);
    assert.match(
      alice.stdout,
      /^EXAMPLE\\alice at imap \(imap\) by PLAIN\n[^]*\nWould be let in if the secret is right\.\n$/,
    );
    const nobody = await run("nobody", "--json", "--domain", "EXAMPLE", "--address", "192.0.2.1", "--groups", "a,b");
    const { outcome, mechanism, address } = JSON.parse(nobody.stdout) as Explanation;
    assert.deepEqual([nobody.code, outcome, mechanism, address], [1, "refused", "NTLM", "192.0.2.1"]);
  });

  test("exits with 2 and says what to do when it is used wrongly or the configuration is wrong", async () => {
    writeFileSync(file, yaml("imap", "more"), { mode: 0o600 });
    const wrong: readonly (readonly [said: RegExp, args: readonly string[]])[] = [
      [/which listener\? say --listener with one of imap, more/, ["alice"]],
      [/there is no listener imaps; there are: imap, more/, ["alice", "--listener", "imaps"]],
      [/Known are: NTLM, PLAIN/, ["alice", "--listener", "imap", "--mechanism", "KERBEROS"]],
      [/--domain is NTLM's/, ["alice", "--listener", "imap", "--mechanism", "PLAIN", "--domain", "X"]],
      [/An address such as/, ["alice", "--listener", "imap", "--address", "here"]],
      [/A SID such as/, ["alice", "--listener", "imap", "--sid", "staff"]],
      [/nowhere\.yaml.*\n.*cannot be used/, ["alice", "--config", "nowhere.yaml"]],
      [/missing required argument/, []],
    ];
    const outcomes = await Promise.all(wrong.map(([, args]) => run(...args)));
    for (const [index, { code, stderr, stdout }] of outcomes.entries()) {
      assert.match(stderr, wrong[index]![0]);
      assert.deepEqual([code, stdout], [2, ""], stderr);
    }
  });
});

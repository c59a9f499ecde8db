/** `postern netlogon`: joining a domain, trying the way to it, changing the machine password; with exit codes 0, 1 and 2. */
import assert from "node:assert/strict";
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import {
  accountOf,
  BASE_DN,
  DOMAIN,
  startDomainController,
  withoutDomainController,
  type DomainController,
} from "../peers/samba-dc/domain-controller.ts";
import { runCommand, type Outcome } from "./command.ts";

const folder = mkdtempSync(join(tmpdir(), "postern-netlogon-"));
after(() => rmSync(folder, { recursive: true }));

function netlogon(args: readonly string[], input = ""): Promise<Outcome> {
  return runCommand("netlogon.js", "registerNetlogon", folder, ["netlogon", ...args], input);
}

const DOMAIN_OPTIONS = ["--domain", DOMAIN.netbios, "--dns-domain", DOMAIN.dns];

const stateOf = (name: string) =>
  JSON.parse(readFileSync(join(folder, name), "utf8")) as Readonly<Record<string, string>>;

describe("without a domain", () => {
  test("what is not said is asked for", async () => {
    const cases: readonly (readonly [args: string[], message: RegExp])[] = [
      [["test"], /give --config with a configuration, or --domain/],
      [["rotate", "--config", "nowhere.yaml"], /nowhere\.yaml/],
      [["join", ...DOMAIN_OPTIONS], /give --admin .* or --prepared/],
      [["join", ...DOMAIN_OPTIONS, "--admin", "a", "--prepared"], /give --admin .* or --prepared/],
      [["test", ...DOMAIN_OPTIONS, "--computer", "A-NAME-THAT-IS-LONG", "--state", "s"], /computer: .*15 characters/],
      [["join", "--prepared", ...DOMAIN_OPTIONS, "--computer", "A,B", "--state", "s"], /letters, digits and hyphens/],
    ];
    for (const [args, message] of cases) {
      const { code, stdout, stderr } = await netlogon(args);
      assert.deepEqual([code, stdout], [2, ""], args.join(" "));
      assert.match(stderr, message);
    }
  });

  test("a missing state file and a controller that is not there are told with what to do", async () => {
    const options = [...DOMAIN_OPTIONS, "--computer", "MAIL", "--state", "missing", "--controller", "127.0.0.1:9"];
    const tried = await netlogon(["test", ...options]);
    assert.equal(tried.code, 1);
    assert.match(tried.stdout, /^state file .*FAILED: .*"postern netlogon join" writes it$/m);
    const rotated = await netlogon(["rotate", ...options]);
    assert.deepEqual([rotated.code, /postern netlogon join/.test(rotated.stderr)], [1, true]);
    writeState("refused", "MAIL", "whatever");
    const refused = await netlogon(["test", ...options, "--state", "refused", "--json"]);
    const { ok, steps } = JSON.parse(refused.stdout) as {
      ok: boolean;
      steps: { step: string; ok: boolean; result: string }[];
    };
    assert.deepEqual([refused.code, ok], [1, false]);
    const failed = steps.find((step) => !step.ok);
    assert.deepEqual([failed?.step, failed?.result], ["handshake", "no connection to 127.0.0.1:9: ECONNREFUSED"]);
  });

  function writeState(name: string, computer: string, password: string): void {
    const state = { domain: DOMAIN.netbios, computer, password, changed: "2026-01-01T00:00:00Z" };
    writeFileSync(join(folder, name), JSON.stringify(state), { mode: 0o600 });
  }
});

describe("with a domain controller", { skip: withoutDomainController() }, () => {
  let dc: DomainController;
  let where: readonly string[];

  before(async () => {
    dc = await startDomainController();
    writeFileSync(join(folder, "ca.pem"), dc.ca);
    where = [...DOMAIN_OPTIONS, "--name-server", dc.address];
  });
  after(() => dc?.close());

  const join_ = (computer: string, state: string, ...more: string[]) =>
    netlogon(
      [
        "join",
        ...where,
        "--computer",
        computer,
        "--state",
        state,
        "--ca",
        "ca.pem",
        "--admin",
        "Administrator",
        "--password-stdin",
        ...more,
      ],
      `${DOMAIN.administratorPassword}\n`,
    );
  const tryOut = (computer: string, state: string, user: string[], input = "") =>
    netlogon(
      ["test", ...user, ...where, "--computer", computer, "--state", state, ...(input ? ["--password-stdin"] : [])],
      input,
    );

  test("a new account is made, its password is in a file for its owner alone, and it works", async () => {
    const { code, stdout, stderr } = await join_("newmail", "new.json");
    assert.deepEqual([code, stderr], [0, ""]);
    assert.match(stdout, /^EXAMPLE\\NEWMAIL\$ was created at dc1\.example\.com, which lets us in; .*new\.json\n$/);
    assert.equal(statSync(join(folder, "new.json")).mode & 0o777, 0o600);
    const state = stateOf("new.json");
    assert.deepEqual([state["computer"], state["pending"]], ["NEWMAIL", undefined]);
    assert.ok(!stdout.includes(state["password"]!));
    const tried = await tryOut("NEWMAIL", "new.json", ["alice"], accountOf("alice").password);
    assert.equal(tried.code, 0, tried.stdout + tried.stderr);
    const lines = tried.stdout.trimEnd().split("\n");
    assert.deepEqual(
      lines.map((line) => line.trim().split(/ {2,}/)[0]),
      [...["state file", "DNS", "dc1.example.com", "endpoint mapper", "handshake", "channel", "logon alice"]],
    );
    assert.match(lines.at(-1)!, /ms {2}accepted: EXAMPLE\\alice, mailbox alice, \d+ SIDs$/);
  });

  test("an account that is there is left alone without --reset, and with it gets another password", async () => {
    assert.equal((await join_("twice", "twice.json")).code, 0);
    const first = stateOf("twice.json");
    const refused = await join_("twice", "twice.json");
    assert.deepEqual([refused.code, refused.stdout], [1, ""]);
    assert.match(refused.stderr, /TWICE\$ exists \(CN=TWICE,CN=Computers,DC=example,DC=com\): .*--reset/);
    assert.deepEqual(stateOf("twice.json"), first);
    const { code, stdout } = await join_("twice", "twice.json", "--reset");
    assert.deepEqual([code, /was reset/.test(stdout)], [0, true]);
    const second = stateOf("twice.json");
    assert.notEqual(second["password"], first["password"]);
    assert.equal(second["previous"], first["password"]);
    assert.equal((await tryOut("TWICE", "twice.json", [])).code, 0);
  });

  test("a disabled computer is enabled by --reset; a domain controller and a domain's trust are never touched", async () => {
    assert.equal((await join_("GWOFF", "off.json", "--reset")).code, 0);
    assert.equal((await tryOut("GWOFF", "off.json", [])).code, 0);
    for (const name of ["DC1", "TRUSTED"]) {
      const { code, stderr } = await join_(name, "other.json", "--reset");
      assert.deepEqual([code, /is no ordinary computer account/.test(stderr)], [1, true], stderr);
      assert.ok(!existsSync(join(folder, "other.json")));
    }
  });

  test("what can be wrong is told with its remedy, and leaves no file", async () => {
    const common = ["join", ...where, "--computer", "WRONG", "--state", "wrong.json", "--password-stdin"];
    const admin = ["--admin", "Administrator", "--ca", "ca.pem"];
    const cases: readonly (readonly [args: string[], password: string, message: RegExp])[] = [
      [admin, "wrong", /the domain refuses the name or password of Administrator@example\.com/],
      [
        ["--admin", "EXAMPLE\\bob", "--ca", "ca.pem"],
        accountOf("bob").password,
        /could not be made in CN=Computers,DC=example,DC=com: this administrator may not do that/,
      ],
      [["--admin", "Administrator"], DOMAIN.administratorPassword, /LDAPS to dc1\.example\.com .*give --ca/],
      [
        [...admin, "--container", `OU=Nowhere,${BASE_DN}`],
        DOMAIN.administratorPassword,
        /could not be made in OU=Nowhere/,
      ],
      [["--prepared"], "wrong", /STATUS_NO_TRUST_SAM_ACCOUNT|STATUS_ACCESS_DENIED/],
    ];
    for (const [args, password, message] of cases) {
      const { code, stdout, stderr } = await netlogon([...common, ...args], password);
      assert.deepEqual([code, stdout], [1, ""], stderr);
      assert.match(stderr, message);
      if (password !== "wrong") assert.ok(!stderr.includes(password));
      assert.ok(!existsSync(join(folder, "wrong.json")), stderr);
    }
  });

  test("a prepared account is taken over with another password than the one that was told", async () => {
    const { name, password } = accountOf("GATEWAY2$");
    const options = ["--computer", name.slice(0, -1), "--state", "prepared.json"];
    const joined = await netlogon(["join", "--prepared", "--password-stdin", ...where, ...options], password);
    assert.deepEqual([joined.code, joined.stderr], [0, ""]);
    const state = stateOf("prepared.json");
    assert.deepEqual([state["previous"], state["password"] === password], [password, false]);
    const again = await netlogon(["join", "--prepared", "--password-stdin", ...where, ...options], password);
    assert.deepEqual([again.code, /STATUS_ACCESS_DENIED/.test(again.stderr)], [1, true]);
    assert.deepEqual(stateOf("prepared.json"), state);
  });

  test("rotate changes the password, and test says what is wrong with a user", async () => {
    assert.equal((await join_("turn", "turn.json")).code, 0);
    const before_ = stateOf("turn.json");
    const rotated = await netlogon(["rotate", ...where, "--computer", "TURN", "--state", "turn.json", "--json"]);
    assert.deepEqual(
      [rotated.code, (JSON.parse(rotated.stdout) as { controller: string }).controller],
      [0, "dc1.example.com"],
    );
    assert.notEqual(stateOf("turn.json")["password"], before_["password"]);
    const disabled = await tryOut("TURN", "turn.json", ["disabled"], accountOf("disabled").password);
    assert.deepEqual(
      [disabled.code, /FAILED: denied, disabled \(STATUS_ACCOUNT_DISABLED\)/.test(disabled.stdout)],
      [1, true],
    );
    const wrong = await tryOut("TURN", "turn.json", ["bob"], "wrong");
    assert.deepEqual([wrong.code, /denied, bad-credentials \(STATUS_WRONG_PASSWORD\)/.test(wrong.stdout)], [1, true]);
  });

  test("domain, computer and state are those of the configuration", async () => {
    assert.equal((await join_("conf", "conf.json")).code, 0);
    const config = `
listeners: [{ name: imap, protocol: imap, bind: "127.0.0.1:0", tls: off, validator: staff }]
validators:
  staff:
    { type: netlogon, domain: ${DOMAIN.netbios}, dnsDomain: ${DOMAIN.dns}, computer: conf, state: conf.json, nameServers: [${dc.address}] }
backends:
  old: { imap: { host: 127.0.0.1, port: 143 }, logon: { method: master, user: postern, password: secret } }
`;
    writeFileSync(join(folder, "config.yaml"), config);
    const { code, stdout, stderr } = await netlogon(["test", "--config", "config.yaml"]);
    assert.equal(code, 0, stdout + stderr);
    assert.match(stdout, /EXAMPLE\\CONF, password of/);
    const none = await netlogon(["test", "--config", "config.yaml", "--validator", "other"]);
    assert.deepEqual([none.code, /no validator other of type netlogon/.test(none.stderr)], [2, true]);
  });
});

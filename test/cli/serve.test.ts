/** `postern serve` as a process: what it says, what signals do to it, how it ends, and that it keeps secrets. */
import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, afterEach, test, type TestContext } from "node:test";
import type { TLSSocket } from "node:tls";
import { X509Certificate } from "node:crypto";
import { startMailboxes } from "../../src/sandbox/mailboxes.ts";
import { selfSigned } from "../../src/sandbox/certificate.ts";
import { Gateway, postern } from "../peers/gateway.ts";
import { dial, type Talker } from "../support/talker.ts";

const PASSWORD = "correct-horse-41";
const WRONG = "wrong-battery-86";
const MASTER = "staple-of-all-17";

const mailboxes = await startMailboxes({ users: ["alice"], password: MASTER });
const parent = mkdtempSync(join(tmpdir(), "postern-serve-"));
after(async () => {
  await mailboxes.close();
  rmSync(parent, { recursive: true });
});

const talkers: Talker[] = [];
afterEach(() => talkers.splice(0).forEach((each) => each.destroy()));

async function talk(port: number): Promise<Talker> {
  const talker = await dial(port);
  talkers.push(talker);
  return talker;
}

interface Changes {
  readonly listener?: object;
  readonly more?: readonly object[];
  readonly limits?: object;
}

const POP3 = { name: "pop3", protocol: "pop3", bind: "127.0.0.1:0", tls: "starttls", plaintext: "allowed" };

function configuration({ listener, more = [], limits }: Changes = {}): object {
  return {
    server: { name: "mail.example.com" },
    tls: [{ cert: "cert.pem", key: "key.pem" }],
    listeners: [{ ...POP3, ...listener }, ...more],
    validators: { users: { type: "file", path: "users" } },
    backends: {
      store: {
        pop3: { host: "127.0.0.1", port: mailboxes.pop3 },
        logon: { method: "account", user: "{mailbox}", password: MASTER },
      },
    },
    limits: { failureDelay: "0s", drain: "500ms", ...limits },
    logging: { format: "json", level: "debug" },
  };
}

/** A folder with what the configuration names. */
function furnished(): string {
  const folder = mkdtempSync(join(parent, "serve-"));
  writeFileSync(join(folder, "users"), `alice:{PLAIN}${PASSWORD}\n`, { mode: 0o600 });
  writeCertificate(folder);
  return folder;
}

/** Replaces the certificate; its fingerprint. */
function writeCertificate(folder: string): string {
  const { cert, key } = selfSigned(["mail.example.com"], []);
  writeFileSync(join(folder, "cert.pem"), cert);
  writeFileSync(join(folder, "key.pem"), key, { mode: 0o600 });
  return new X509Certificate(cert).fingerprint256;
}

async function serving(t: TestContext, changes?: Changes): Promise<{ gateway: Gateway; folder: string }> {
  const folder = furnished();
  const gateway = await Gateway.start(folder, configuration(changes));
  t.after(() => gateway.stop());
  return { gateway, folder };
}

async function logOn(port: number, password = PASSWORD): Promise<Talker> {
  const talker = await talk(port);
  await talker.line();
  talker.send(`USER alice\r\n`);
  assert.equal(await talker.line(), "+OK");
  talker.send(`PASS ${password}\r\n`);
  return talker;
}

async function loggedOn(port: number): Promise<Talker> {
  const talker = await logOn(port);
  assert.match(await talker.line(), /^\+OK/);
  await answers(talker);
  return talker;
}

/** The session reaches the mailbox behind, which answers. */
async function answers(talker: Talker): Promise<void> {
  talker.send("STAT\r\n");
  assert.match(await talker.line(), /^\+OK \d+ \d+/);
}

async function fingerprintAt(port: number): Promise<string> {
  const talker = await talk(port);
  await talker.line();
  talker.send("STLS\r\n");
  assert.match(await talker.line(), /^\+OK/);
  await talker.secure();
  return (talker.socket as TLSSocket).getPeerX509Certificate()!.fingerprint256;
}

test("it says where it listens, then that it is ready, and serves", async (t) => {
  const { gateway } = await serving(t);
  const [listening, ready] = gateway.records.filter(({ level }) => level === "info");
  assert.deepEqual([listening?.["message"], listening?.["listener"]], ["listening", "pop3"]);
  assert.deepEqual([ready?.["message"], ready?.["pid"]], ["ready", gateway.pid]);
  await loggedOn(gateway.port("pop3"));
});

test("SIGHUP takes new settings, listeners and certificates, and leaves open sessions alone", async (t) => {
  const { gateway, folder } = await serving(t);
  const port = gateway.port("pop3");
  const session = await loggedOn(port);
  const before = await fingerprintAt(port);
  const fingerprint = writeCertificate(folder);
  assert.equal(await fingerprintAt(port), before, "the certificate changed before it was told to");
  const more = [{ ...POP3, name: "another" }];
  await gateway.reload(configuration({ listener: { greeting: "New words." }, more }));
  assert.equal(gateway.records.at(-1)?.["message"], "configuration read again");
  const newcomer = await talk(port);
  assert.equal(await newcomer.line(), "+OK New words.");
  assert.equal(await fingerprintAt(port), fingerprint);
  await answers(session);
});

test("after a reload the log tells where a new listener is to be found", async (t) => {
  const { gateway } = await serving(t);
  await gateway.reload(configuration({ more: [{ ...POP3, name: "another" }] }));
  await loggedOn(gateway.port("another"));
});

test("SIGHUP with a configuration that has errors changes nothing and says what is wrong where", async (t) => {
  const { gateway } = await serving(t);
  const port = gateway.port("pop3");
  await gateway.reload("listeners: []\nnonsense: 1\n");
  const said = gateway.records.slice(-5).map((record) => `${record["message"]} ${record["problem"] ?? ""}`);
  assert.match(said.join("\n"), /config\.yaml:2:1/);
  assert.match(said.at(-1)!, /the old one stays in force/);
  await loggedOn(port);
});

test("SIGHUP with a port that is taken changes nothing and says which listener wanted it", async (t) => {
  const { gateway } = await serving(t);
  const port = gateway.port("pop3");
  await gateway.reload(configuration({ listener: { greeting: "New words." }, more: [taken("late")] }));
  const { message, why } = gateway.records.at(-1)!;
  assert.match(String(message), /the old configuration stays in force/);
  assert.match(String(why), /late.*EADDRINUSE/);
  assert.equal(await (await talk(port)).line(), "+OK mail.example.com POP3 ready");
});

/** A listener on a port that the mailboxes have. */
function taken(name: string): object {
  return { ...POP3, name, bind: `127.0.0.1:${mailboxes.imap}` };
}

test("SIGHUPs that come thick and fast are all obeyed, one after the other", async (t) => {
  const { gateway, folder } = await serving(t);
  writeFileSync(join(folder, "config.yaml"), JSON.stringify(configuration({ listener: { greeting: "Last." } })));
  for (let each = 0; each < 20; each += 1) gateway.kill("SIGHUP");
  await gateway.logged("a reload", ({ message }) => message === "configuration read again");
  assert.equal(await (await talk(gateway.port("pop3"))).line(), "+OK Last.");
  assert.deepEqual(gateway.records.filter(({ level }) => level === "error"), []); // prettier-ignore
});

test("SIGTERM lets open sessions finish, takes no new ones, and ends with 0", async (t) => {
  const { gateway } = await serving(t, { limits: { drain: "60s" } });
  const port = gateway.port("pop3");
  const session = await loggedOn(port);
  gateway.kill("SIGTERM");
  await gateway.logged("stopping", ({ message }) => message === "stopping");
  await assert.rejects(talk(port), /ECONNREFUSED/);
  await answers(session);
  session.send("QUIT\r\n");
  assert.match(await session.line(), /^\+OK/);
  assert.equal(await session.end(), "");
  session.destroy();
  assert.equal(await gateway.exited, 0);
});

test("SIGTERM waits for sessions no longer than limits.drain", async (t) => {
  const { gateway } = await serving(t, { limits: { drain: "300ms" } });
  const session = await loggedOn(gateway.port("pop3"));
  const started = Date.now();
  gateway.kill("SIGTERM");
  assert.equal(await gateway.exited, 0);
  assert.ok(Date.now() - started < 3000, `it took ${Date.now() - started} ms`);
  assert.equal(await session.end(), "");
  const record = gateway.records.find(({ message }) => message === "session");
  assert.deepEqual([record?.["user"], record?.["end"]], ["alice", "stopped"]);
});

for (const [first, second] of [
  ["SIGTERM", "SIGTERM"],
  ["SIGINT", "SIGINT"],
  ["SIGTERM", "SIGINT"],
] as const)
  // prettier-ignore
  test(`${second} after ${first} ends at once, with 1`, async (t) => {
    const { gateway } = await serving(t, { limits: { drain: "60s" } });
    await loggedOn(gateway.port("pop3"));
    gateway.kill(first);
    await gateway.logged("stopping", ({ message }) => message === "stopping");
    const started = Date.now();
    gateway.kill(second);
    assert.equal(await gateway.exited, 1);
    assert.ok(Date.now() - started < 3000, `it took ${Date.now() - started} ms`);
  });

test("a configuration that is not there ends it with 1 and the file's name", async () => {
  const { code, said } = await postern(["serve", join(parent, "nowhere.yaml")]);
  assert.equal(code, 1);
  assert.match(said, /nowhere\.yaml/);
});

test("a configuration with errors ends it with 1, and file, line and column", async () => {
  const folder = furnished();
  writeFileSync(join(folder, "config.yaml"), `${JSON.stringify(configuration())}\nnonsense`);
  const { code, said } = await postern(["serve", join(folder, "config.yaml")]);
  assert.equal(code, 1);
  assert.match(said, /config\.yaml:2:\d+/);
});

test("a port that is taken ends it with 1 and the listener's name", async () => {
  const folder = furnished();
  writeFileSync(join(folder, "config.yaml"), JSON.stringify(configuration({ more: [taken("late")] })));
  const started = Date.now();
  const { code, said } = await postern(["serve", join(folder, "config.yaml")]);
  assert.equal(code, 1);
  assert.match(said, /late.*EADDRINUSE/);
  assert.ok(Date.now() - started < 10_000, "it hung about");
});

test("a word too many on the command line ends it with 2", async () => {
  const { code, said } = await postern(["serve", "a.yaml", "b.yaml"]);
  assert.equal(code, 2);
  assert.match(said, /too many arguments/);
});

test("nobody who reads the log learns a password", async (t) => {
  const { gateway } = await serving(t);
  const port = gateway.port("pop3");
  await loggedOn(port);
  assert.match(await (await logOn(port, WRONG)).line(), /^-ERR/);
  for (const [mechanism, ...lines] of [
    ["PLAIN", plain(PASSWORD)],
    ["PLAIN", plain(WRONG)],
    ["LOGIN", base64("alice"), base64(WRONG)],
    ["LOGIN", base64(WRONG), base64(PASSWORD)],
    ["PLAIN", base64(`not plain: ${PASSWORD}`)],
  ] as const) {
    const talker = await talk(port);
    await talker.line();
    talker.send(`AUTH ${mechanism}\r\n`);
    for (const line of lines) {
      await talker.line();
      talker.send(`${line}\r\n`);
    }
    assert.match(await talker.line(), /^(\+OK|-ERR)/);
    // Typed where a command belongs.
    talker.send(`${PASSWORD}\r\n`);
    await talker.line();
    talker.destroy();
  }
  await gateway.reload(JSON.stringify(configuration()).replace('"method"', '"methd"'));
  await gateway.reload(`${JSON.stringify(configuration())}x`);
  await gateway.stop();
  for (const secret of [PASSWORD, WRONG, MASTER]) {
    // A user name is no secret, even if somebody types a password there: that one attempt is left out.
    const log = gateway.said.replaceAll(`"user":"${WRONG}"`, "");
    for (const form of [secret, base64(secret), plain(secret), Buffer.from(secret).toString("hex")])
      assert.ok(!log.includes(form), `${form} is in the log:\n${log}`);
  }
});

function base64(text: string): string {
  return Buffer.from(text).toString("base64");
}

function plain(password: string): string {
  return base64(`\0alice\0${password}`);
}

test("a backend that takes and says nothing delays the first ready line by no more than seconds", async (t) => {
  const silent = createServer().listen(0, "127.0.0.1");
  t.after(() => silent.close());
  await new Promise((resolve) => silent.once("listening", resolve));
  const { port } = silent.address() as { port: number };
  const folder = furnished();
  const base = configuration({ more: [{ ...POP3, name: "smtp", protocol: "smtp" }] }) as {
    backends: { store: object };
  };
  const store = { ...base.backends.store, smtp: { host: "127.0.0.1", port } };
  const started = Date.now();
  const gateway = await Gateway.start(folder, { ...base, backends: { store } });
  t.after(() => gateway.stop());
  assert.ok(Date.now() - started < 8_000, `it took ${Date.now() - started} ms`);
  await loggedOn(gateway.port("pop3"));
});

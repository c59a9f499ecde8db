/** The unit file before systemd's own judges, and Postern as it would be under systemd: notifications, capabilities, credentials. */
import assert from "node:assert/strict";
import { chmodSync, chownSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test, type TestContext } from "node:test";
import { fileURLToPath } from "node:url";
import { stringify } from "yaml";
import { dial } from "../support/talker.ts";
import { Gateway, MAIN } from "./gateway.ts";
import { eventually, find, freePort, LOOPBACK, run, Running, without } from "./programs.ts";

const UNIT = fileURLToPath(new URL("../../../systemd/postern.service", import.meta.url));
const parent = mkdtempSync(join(tmpdir(), "postern-systemd-"));
chmodSync(parent, 0o711);
after(() => rmSync(parent, { recursive: true }));

const ANALYZE = { skip: without("systemd-analyze") };

test("systemd understands every line of the unit file", ANALYZE, async () => {
  const { code, said } = await run("systemd-analyze", ["verify", "--man=no", UNIT]);
  assert.equal(code, 0, said);
  assert.equal(said, "");
});

/** In tenths: systemd-analyze rates exposure from 0 to 10. */
const THRESHOLD = 20;

test("systemd rates the unit's exposure 2.0 or better", ANALYZE, async () => {
  const { code, said } = await run("systemd-analyze", ["security", "--offline=true", `--threshold=${THRESHOLD}`, UNIT]);
  const exposure = /Overall exposure level.*: ([\d.]+)/.exec(said)?.[1];
  assert.ok(exposure !== undefined && Number(exposure) <= THRESHOLD / 10, said);
  assert.equal(code, 0, said);
});

function configuration(port = 0, password = "x"): object {
  return {
    listeners: [{ name: "pop3", protocol: "pop3", bind: `${LOOPBACK}:${port}`, tls: "off" }],
    validators: { users: { type: "file", path: "users" } },
    backends: {
      store: { pop3: { host: LOOPBACK, port: 1 }, logon: { method: "account", user: "{mailbox}", password } },
    },
    limits: { drain: "1s" },
    logging: { format: "json", level: "info" },
  };
}

/** A folder with an account file. */
function furnished(): string {
  const folder = mkdtempSync(join(parent, "p"));
  writeFileSync(join(folder, "users"), "alice:{PLAIN}secret\n", { mode: 0o600 });
  return folder;
}

/** Prints each datagram as a line; Node has no datagram Unix sockets. */
const LISTENER = String.raw`use Socket; socket(my $s, AF_UNIX, SOCK_DGRAM, 0); bind($s, sockaddr_un($ARGV[0])) or die;
  $| = 1; print "listening\n"; while (defined recv($s, my $m, 4096, 0)) { $m =~ s/\n/ /g; print "$m\n"; }`;

async function listen(t: TestContext, path: string): Promise<() => string[]> {
  const listener = new Running("perl", ["-e", LISTENER, path]);
  t.after(() => listener.stop());
  await eventually("a socket for notifications", () => listener.said.startsWith("listening\n") || undefined);
  // systemd-notify waits with BARRIER=1 until its message has been read.
  return () => listener.said.split("\n").filter((line) => line.includes("=") && !line.startsWith("BARRIER"));
}

const NOTIFY = { skip: without("systemd-notify", "perl") };

test("systemd is told when Postern is ready, reloads and stops, in that order", NOTIFY, async (t) => {
  const folder = furnished();
  const heard = await listen(t, join(folder, "notify"));
  const gateway = await Gateway.start(folder, configuration(), { NOTIFY_SOCKET: join(folder, "notify") });
  t.after(() => gateway.stop());
  await eventually("READY=1", () => heard().length === 1 || undefined);
  for (const greeting of ["One.", "Two."])
    await gateway.reload({ ...configuration(), server: { name: greeting.slice(0, -1) } });
  await eventually("two reloads", () => heard().length === 5 || undefined);
  gateway.kill("SIGTERM");
  assert.equal(await gateway.exited, 0);
  const lines = await eventually("STOPPING=1", () => (heard().length === 6 ? heard() : undefined));
  assert.deepEqual(
    lines.map((line) => /READY=1|RELOADING=1 MONOTONIC_USEC=\d{6,}|STOPPING=1/.exec(line)?.[0].replace(/ .*/, "")),
    ["READY=1", "RELOADING=1", "READY=1", "RELOADING=1", "READY=1", "STOPPING=1"],
  );
  assert.ok(
    lines.every((line) => line.includes(`MAINPID=${gateway.pid}`)),
    lines.join("\n"),
  );
});

test("a configuration with errors ends a reload too", NOTIFY, async (t) => {
  const folder = furnished();
  const heard = await listen(t, join(folder, "notify"));
  const gateway = await Gateway.start(folder, configuration(), { NOTIFY_SOCKET: join(folder, "notify") });
  t.after(() => gateway.stop());
  await gateway.reload("nonsense");
  await eventually("READY=1 again", () => /RELOADING=1.*\n.*READY=1/.exec(heard().join("\n")) ?? undefined);
});

test("where systemd-notify is missing the log says why systemd waits", async (t) => {
  const folder = furnished();
  const empty = join(folder, "bin");
  mkdirSync(empty);
  const gateway = await Gateway.start(folder, configuration(), { NOTIFY_SOCKET: join(folder, "notify"), PATH: empty });
  t.after(() => gateway.stop());
  const { level, why } = await gateway.logged("a warning", ({ message }) => /systemd/.test(String(message)));
  assert.equal(level, "warn");
  assert.match(String(why), /systemd-notify.*ENOENT/);
});

test("a password that LoadCredential= provides is used", async (t) => {
  const folder = furnished();
  const credentials = join(folder, "credentials");
  mkdirSync(credentials);
  writeFileSync(join(credentials, "backend"), "the-secret-77\n");
  const gateway = await Gateway.start(folder, configuration(0, "${cred:backend}"), {
    CREDENTIALS_DIRECTORY: credentials,
  });
  t.after(() => gateway.stop());
  assert.ok(!gateway.said.includes("the-secret-77"));
  await gateway.stop();
  await assert.rejects(Gateway.start(furnished(), configuration(0, "${cred:backend}")), /LoadCredential=backend/);
});

/** nobody, on every Linux. */
const NOBODY = 65534;
const AS_NOBODY = [
  ...["--reuid", String(NOBODY), "--regid", String(NOBODY), "--clear-groups", "--no-new-privs"],
  ...["--inh-caps", "-all,+net_bind_service", "--ambient-caps", "-all,+net_bind_service"],
  ...["--bounding-set", "-all,+net_bind_service"],
];

async function withoutPrivileges(): Promise<string | false> {
  const missing = without("setpriv");
  if (missing) return missing;
  if (process.getuid?.() !== 0) return "only root can become nobody";
  for (const path of [MAIN, process.execPath]) {
    const { code } = await run("setpriv", [...AS_NOBODY, "test", "-r", path]);
    if (code !== 0) return `nobody cannot read ${path}`;
  }
  return false;
}

test(
  "nobody, with CAP_NET_BIND_SERVICE alone, serves a port below 1024",
  { skip: await withoutPrivileges() },
  async (t) => {
    const folder = furnished();
    chmodSync(folder, 0o711);
    const port = 400 + ((await freePort()) % 500);
    const config = join(folder, "config.yaml");
    writeFileSync(config, stringify(configuration(port)));
    chownSync(join(folder, "users"), NOBODY, NOBODY);
    const serving = new Running(find("setpriv")!, [...AS_NOBODY, process.execPath, MAIN, "serve", config]);
    t.after(() => serving.stop());
    await eventually("ready", () => {
      assert.ok(serving.isAlive, serving.said);
      return /"ready"/.exec(serving.said) ?? undefined;
    });
    const client = await dial(port);
    assert.match(await client.line(), /^\+OK/);
    client.destroy();
  },
);

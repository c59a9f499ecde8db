/** All backends behind one door: who is sent where, how a logon there ends, and what SMTP clients are promised. */
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { RoutedBackends } from "../../src/backends/backends.ts";
import type { Backend } from "../../src/backends/backend.ts";
import type { Guest, Route } from "../../src/core/backend.ts";
import type { ProtocolName, Visit } from "../../src/core/visit.ts";
import { Secret } from "../../src/core/secret.ts";
import { StagedBackend } from "../support/backend.ts";
import { clientTls } from "../support/certificates.ts";
import { openEchoBackend } from "../support/echo-backend.ts";
import { VISIT } from "../support/visit.ts";

const PROTOCOLS: readonly ProtocolName[] = ["pop3", "imap", "smtp"];
const echo = {} as Record<ProtocolName, StagedBackend>;
before(async () => {
  for (const protocol of PROTOCOLS) echo[protocol] = await openEchoBackend(protocol);
});
after(() => {
  for (const protocol of PROTOCOLS) echo[protocol].close();
});

const GUEST: Guest = {
  identity: { user: "alice", mailbox: "alice", groups: [], attributes: {} },
  password: new Secret("secret"),
  helo: undefined,
};

function backend(name: string, ports: Partial<Record<ProtocolName, number>>): Backend {
  const server = (port: number) =>
    ({ host: "127.0.0.1", port, tls: "off", clientTls: clientTls(), xclient: false }) as const;
  const servers = Object.fromEntries(Object.entries(ports).map(([protocol, port]) => [protocol, server(port)]));
  return {
    name,
    servers,
    logon: { method: "password" },
    times: { connect: 500, logon: 500 },
    serverName: "gw.example.com",
  };
}

function everywhere(name: string): Route {
  return { user: undefined, domain: undefined, listeners: undefined, backend: name };
}

function visit(protocol: ProtocolName): Visit {
  return { ...VISIT, protocol };
}

async function freePort(): Promise<number> {
  const closed = await StagedBackend.open();
  closed.close();
  return closed.port;
}

for (const protocol of PROTOCOLS) {
  test(`a guest is let in, and the connection is handed over with nothing read beyond the answer (${protocol})`, async () => {
    const backends = new RoutedBackends([backend("store", { [protocol]: echo[protocol].port })], [everywhere("store")]);
    const entry = await backends.enter(GUEST, visit(protocol));
    assert.equal(entry.kind, "entered");
    assert.ok(entry.kind === "entered" && entry.backend === "store" && !entry.wire.hasUnread);
    entry.wire.write("hello\r\n");
    assert.equal(await entry.wire.readLine(), "hello");
    entry.wire.close();
  });

  test(`a server that is down, or says nothing, is unavailable and the reason names it (${protocol})`, async () => {
    const port = await freePort();
    const down = await new RoutedBackends([backend("store", { [protocol]: port })], [everywhere("store")]).enter(
      GUEST,
      visit(protocol),
    );
    assert.equal(down.kind, "unavailable");
    assert.match(
      down.kind === "unavailable" ? down.why : "",
      new RegExp(`backend store \\(127\\.0\\.0\\.1:${port}\\): .*ECONNREFUSED`),
    );
    const silent = await StagedBackend.open();
    const started = Date.now();
    const entry = await new RoutedBackends(
      [backend("store", { [protocol]: silent.port })],
      [everywhere("store")],
    ).enter(GUEST, visit(protocol));
    assert.match(entry.kind === "unavailable" ? entry.why : "", /no answer/);
    assert.ok(Date.now() - started < 2_000);
    silent.close();
  });
}

test("a refusal of our own logon is told apart from a server that cannot now, and shows no password", async () => {
  const store = await StagedBackend.open();
  const backends = new RoutedBackends([backend("store", { imap: store.port })], [everywhere("store")]);
  const kinds: string[] = [];
  for (const answer of ["L1 NO [AUTHENTICATIONFAILED] no", "L1 NO [UNAVAILABLE] no", "L1 BAD no", "\u001b[2J\u0007"]) {
    const entering = backends.enter(GUEST, visit("imap"));
    const server = await store.next();
    server.send("* OK\r\n");
    await server.line();
    server.send(`${answer}\r\n`);
    const entry = await entering;
    kinds.push(entry.kind);
    assert.doesNotMatch("why" in entry ? entry.why : "", /secret|[\u0000-\u001f]/);
    assert.equal(await server.end(), "", "the connection is closed");
    server.destroy();
  }
  assert.deepEqual(kinds, ["refused", "unavailable", "unavailable", "unavailable"]);
  store.close();
});

test("nobody is let in without a route, or where the backend has no server of the protocol", async () => {
  const none = new RoutedBackends([backend("store", {})], []);
  assert.equal((await none.enter(GUEST, visit("imap"))).kind, "unavailable");
  const other = new RoutedBackends([backend("store", { pop3: 1 })], [everywhere("store")]);
  assert.equal((await other.enter(GUEST, visit("imap"))).kind, "unavailable");
});

test("a guest without a password cannot enter where it is wanted, and no connection is made", async () => {
  const store = await StagedBackend.open();
  const backends = new RoutedBackends([backend("store", { imap: store.port })], [everywhere("store")]);
  assert.equal((await backends.enter({ ...GUEST, password: undefined }, visit("imap"))).kind, "refused");
  assert.equal(store.taken, 0);
  store.close();
});

/** A server whose EHLO says these lines. */
async function smtpServer(lines: () => readonly string[]): Promise<StagedBackend> {
  const server = await StagedBackend.open();
  server.autoplay = (talker) => {
    void (async () => {
      talker.send("220 store\r\n");
      await talker.line();
      talker.send(
        [...lines().map((line) => `250-${line}\r\n`), "250 AUTH PLAIN\r\n"].join("").replace(/^/, "250-store\r\n"),
      );
      await talker.line();
      talker.send("235 ok\r\n");
    })().catch(() => talker.destroy());
    return true;
  };
  return server;
}

test("an SMTP client is promised what all servers of its listener have, with the smallest size", async () => {
  const first = await smtpServer(() => ["PIPELINING", "SIZE 1000", "DSN", "8BITMIME"]);
  const second = await smtpServer(() => ["size 500", "Pipelining", "CHUNKING"]);
  const third = await smtpServer(() => ["SIZE 0", "PIPELINING", "DSN"]);
  const backends = new RoutedBackends(
    [backend("a", { smtp: first.port }), backend("b", { smtp: second.port }), backend("c", { smtp: third.port })],
    [
      { ...everywhere("a"), listeners: ["both", "ac", "a"] },
      { ...everywhere("b"), listeners: ["both"] },
      { ...everywhere("c"), listeners: ["ac"] },
    ],
  );
  assert.equal(backends.extensionsFor("both").size, 0, "nothing is known yet");
  await backends.learn(new Set(["smtp"]), (why) => assert.fail(why));
  assert.deepEqual([...backends.extensionsFor("both").keys()].sort(), ["AUTH", "PIPELINING", "SIZE"]);
  assert.equal(backends.extensionsFor("both").get("SIZE"), "500");
  assert.equal(backends.extensionsFor("ac").get("SIZE"), "1000", "0 is no limit");
  assert.equal(backends.extensionsFor("a").has("DSN"), true);
  assert.equal(backends.extensionsFor("nowhere").size, 0);
  for (const each of [first, second, third]) each.close();
});

test("each logon renews what is known of a server", async () => {
  let lines = ["SIZE 1000", "DSN"];
  const server = await smtpServer(() => lines);
  const backends = new RoutedBackends([backend("a", { smtp: server.port })], [everywhere("a")]);
  await backends.learn(new Set(["smtp"]), (why) => assert.fail(why));
  assert.equal(backends.extensionsFor("front").has("DSN"), true);
  lines = ["SIZE 2000"];
  const entry = await backends.enter(GUEST, visit("smtp"));
  assert.equal(entry.kind, "entered");
  assert.equal(backends.extensionsFor("front").has("DSN"), false);
  assert.equal(backends.extensionsFor("front").get("SIZE"), "2000");
  server.close();
});

test("a server that cannot be asked is reported and promises nothing", async () => {
  const port = await freePort();
  const backends = new RoutedBackends([backend("a", { smtp: port })], [everywhere("a")]);
  const reported: string[] = [];
  await backends.learn(new Set(["smtp"]), (why) => reported.push(why));
  assert.equal(reported.length, 1);
  assert.match(reported[0]!, /backend a \(127\.0\.0\.1:/);
  assert.equal(backends.extensionsFor("front").size, 0);
});

/** The gateway as a whole: opening, reading the configuration again, draining, and TLS at the door. */
import assert from "node:assert/strict";
import { networkInterfaces } from "node:os";
import { createServer, type AddressInfo, type Socket } from "node:net";
import { after, before, test } from "node:test";
import type { TLSSocket } from "node:tls";
import type { ProtocolName } from "../src/core/visit.ts";
import type { Validator } from "../src/core/validator.ts";
import { Gateway } from "../src/gateway.ts";
import { tlsServerEndPoint, channelBindingHash } from "../src/ntlm/channel-binding.ts";
import { authenticateMessage, negotiateMessage } from "../src/ntlm/initiator.ts";
import { selfSigned } from "../src/sandbox/certificate.ts";
import { accountsValidator } from "../src/validators/file/file.ts";
import type { StagedBackend } from "./support/backend.ts";
import { CERTIFICATE, STRANGER } from "./support/certificates.ts";
import { configOf, type Pieces } from "./support/config.ts";
import { openEchoBackend } from "./support/echo-backend.ts";
import { eventually, listLog, startGateway } from "./support/gateway.ts";
import { LOGGED_ON, logOn } from "./support/logon.ts";
import { dial, dialTls, type Talker } from "./support/talker.ts";

const PROTOCOLS: readonly ProtocolName[] = ["pop3", "imap", "smtp"];
const backends = {} as Record<ProtocolName, StagedBackend>;

before(async () => {
  for (const protocol of PROTOCOLS) backends[protocol] = await openEchoBackend(protocol);
});
after(() => {
  for (const protocol of PROTOCOLS) backends[protocol].close();
});

function store(): Record<string, object> {
  const servers = PROTOCOLS.map((protocol) => [protocol, { host: "127.0.0.1", port: backends[protocol].port }]);
  return { store: Object.fromEntries(servers) as object };
}

function pieces(...listeners: object[]): Pieces {
  return {
    listeners: listeners.map((each) => ({ plaintext: "allowed", tls: "off", ...each })),
    tls: [{ cert: CERTIFICATE.cert, key: CERTIFICATE.key }],
    backends: store(),
  };
}

async function echoes(talker: Talker, text = "hello\r\n"): Promise<void> {
  talker.send(text);
  assert.equal((await talker.bytes(text.length)).toString(), text);
}

/** A validator that counts how often it is closed. */
function closable(): { validator: Validator; closed: () => number } {
  let closed = 0;
  const validator: Validator = {
    name: "users",
    password: ({ username }) =>
      Promise.resolve({
        kind: "accepted",
        identity: { user: username, mailbox: username, groups: [], attributes: {} },
      }),
    close: () => Promise.resolve(void (closed += 1)),
  };
  return { validator, closed: () => closed };
}

test("several listeners of all protocols serve side by side, and the log has one line a session", async () => {
  const running = await startGateway(pieces(...PROTOCOLS.map((protocol) => ({ name: `my-${protocol}`, protocol }))));
  for (const protocol of PROTOCOLS) {
    const client = await running.dial(`my-${protocol}`);
    assert.match(await logOn(client, protocol), LOGGED_ON[protocol]);
    await echoes(client);
    client.socket.end();
    assert.equal(await client.end(), "");
  }
  await eventually(() => running.gateway.connections === 0, "all are gone");
  const sessions = running.lines.filter(({ message }) => message === "session");
  assert.deepEqual(
    sessions.map(({ level, listener, user, backend, result, client, tls, end }) => ({
      level,
      listener,
      user,
      backend,
      result,
      client,
      tls,
      end,
    })),
    PROTOCOLS.map((protocol) => ({
      level: "info",
      listener: `my-${protocol}`,
      user: "alice",
      backend: "store",
      result: "entered",
      client: "127.0.0.1",
      tls: false,
      end: "closed",
    })),
  );
  assert.doesNotMatch(JSON.stringify(running.lines), /secret/);
  await running.stop();
});

test("the bytes in the log are those that were relayed", async () => {
  const running = await startGateway(pieces({ protocol: "imap" }));
  const client = await running.dial();
  await logOn(client, "imap");
  await echoes(client, "x".repeat(5000));
  client.socket.end();
  await client.end();
  await eventually(() => running.lines.length > 0, "the line");
  assert.deepEqual([running.lines[0]?.["up"], running.lines[0]?.["down"]], [5000, 5000]);
  await running.stop();
});

const hasIpv6 = Object.values(networkInterfaces()).some((each) => each?.some(({ address }) => address === "::1"));

test("a listener on all addresses serves IPv4 and IPv6, and calls each client by its own address", async (context) => {
  const running = await startGateway(pieces({ bind: 0 }));
  for (const host of hasIpv6 ? ["127.0.0.1", "::1"] : ["127.0.0.1"]) {
    const client = await dial(running.port(), host);
    await client.line();
    client.destroy();
    await eventually(() => running.lines.at(-1)?.["client"] === host, host);
  }
  if (!hasIpv6) context.diagnostic("this machine has no ::1: only IPv4 was tried");
  await running.stop();
});

test("a port in use is an error that names the listener, and no other port stays open", async () => {
  const busy = createServer();
  await new Promise<void>((resolve) => busy.listen(0, "127.0.0.1", resolve));
  const { port } = busy.address() as AddressInfo;
  const free = createServer();
  await new Promise<void>((resolve) => free.listen(0, "127.0.0.1", resolve));
  const first = (free.address() as AddressInfo).port;
  await new Promise((resolve) => free.close(resolve));
  const { validator, closed } = closable();
  const starting = startGateway(
    pieces({ name: "good", bind: `127.0.0.1:${first}` }, { name: "taken", bind: `127.0.0.1:${port}` }),
    { validator },
  );
  await assert.rejects(starting, /listener taken: .*(in use|EADDRINUSE)/);
  await assert.rejects(dial(first), /ECONNREFUSED/);
  assert.equal(closed(), 1, "the validator that was made for nothing");
  busy.close();
});

test("a new configuration meets new connections, and leaves sessions alone", async () => {
  const running = await startGateway(pieces({ name: "a", protocol: "pop3", greeting: "old" }, { name: "b" }));
  const port = running.port("a");
  const waiting = await running.dial("a");
  assert.equal(await waiting.line(), "+OK old");
  const session = await running.dial("b");
  await logOn(session, "imap");
  const gone = running.port("b");
  const next = pieces({ name: "a", protocol: "pop3", greeting: "new" }, { name: "c", protocol: "smtp" });
  await running.gateway.reload(configOf(next));
  assert.equal(running.port("a"), port, "a port that stays is not opened again");
  const fresh = await running.dial("a");
  assert.equal(await fresh.line(), "+OK new");
  assert.match(await (await running.dial("c")).line(), /^220 /);
  await assert.rejects(dial(gone), /ECONNREFUSED/);
  await echoes(session);
  waiting.send("NOOP\r\n");
  assert.equal(await waiting.line(), "+OK");
  await running.stop();
});

test("a new configuration that cannot be opened changes nothing", async () => {
  const busy = createServer();
  await new Promise<void>((resolve) => busy.listen(0, "127.0.0.1", resolve));
  const { port } = busy.address() as AddressInfo;
  const made: ReturnType<typeof closable>[] = [];
  const { log } = listLog();
  const validators = () => {
    made.push(closable());
    return Promise.resolve(new Map([["users", made.at(-1)!.validator]]));
  };
  const gateway = await Gateway.start(configOf(pieces({ name: "a", protocol: "pop3", greeting: "old" })), {
    log,
    validators,
  });
  const bad = pieces({ name: "a", protocol: "pop3", greeting: "new" }, { name: "b", bind: `127.0.0.1:${port}` });
  await assert.rejects(gateway.reload(configOf(bad)), /listener b: /);
  const client = await dial(gateway.ports.get("a")!);
  assert.match(await logOn(client, "pop3"), /^\+OK/);
  assert.deepEqual([...gateway.ports.keys()], ["a"]);
  await gateway.stop();
  assert.deepEqual(
    made.map(({ closed }) => closed()),
    [1, 1],
    "each validator is closed, once",
  );
  busy.close();
});

test("validators of before a reload are closed at the latest when the gateway stops", async () => {
  const made: ReturnType<typeof closable>[] = [];
  const validators = () => {
    made.push(closable());
    return Promise.resolve(new Map([["users", made.at(-1)!.validator]]));
  };
  const gateway = await Gateway.start(configOf(pieces({})), { log: listLog().log, validators });
  await gateway.reload(configOf(pieces({})));
  await gateway.stop();
  assert.deepEqual(
    made.map(({ closed }) => closed()),
    [1, 1],
  );
});

test("draining takes no new connections, lets sessions finish, and ends them when the time is over", async () => {
  const running = await startGateway(pieces({}));
  const [short, long] = [await running.dial(), await running.dial()];
  for (const each of [short, long]) await logOn(each, "imap");
  const port = running.port();
  const draining = running.gateway.drain(600);
  await assert.rejects(dial(port), /ECONNREFUSED/);
  await echoes(short);
  short.socket.end();
  assert.equal(await short.end(), "");
  await echoes(long);
  const started = Date.now();
  await draining;
  assert.ok(Date.now() - started < 2_000);
  await long.end();
  assert.equal(running.gateway.connections, 0);
  assert.deepEqual(
    running.lines.map(({ end }) => end),
    ["closed", "stopped"],
  );
});

test("draining is over at once when nobody is there", async () => {
  const running = await startGateway(pieces({}));
  const started = Date.now();
  await running.gateway.drain(10_000);
  assert.ok(Date.now() - started < 500);
});

const OTHER = selfSigned(["other.example.com", "*.wild.example.com"], []);

function withCertificates(...listeners: object[]): Pieces {
  return {
    ...pieces(...listeners.map((each) => ({ tls: "implicit", ...each }))),
    tls: [
      { cert: CERTIFICATE.cert, key: CERTIFICATE.key },
      { cert: OTHER.cert, key: OTHER.key },
      { cert: STRANGER.cert, key: STRANGER.key, names: ["other.example.org"] },
    ],
  };
}

function subjectOf(talker: Talker): string {
  return (talker.socket as TLSSocket).getPeerCertificate().subject.CN as string;
}

test("the name that the client asks for picks the certificate, and the first is for everyone else", async () => {
  const running = await startGateway(withCertificates({}));
  const SHOWN: readonly [string | undefined, string][] = [
    [undefined, "localhost"],
    ["localhost", "localhost"],
    ["other.example.com", "other.example.com"],
    ["OTHER.example.com", "other.example.com"],
    ["a.wild.example.com", "other.example.com"],
    ["a.b.wild.example.com", "localhost"],
    ["wild.example.com", "localhost"],
    ["other.example.org", "other.example.org"],
    ["nobody.example.net", "localhost"],
  ];
  for (const [servername, shown] of SHOWN) {
    const client = await dialTls(running.port(), servername === undefined ? {} : { servername });
    assert.equal(subjectOf(client), shown, servername ?? "no name");
    client.destroy();
  }
  await running.stop();
});

test("a certificate that was renewed is shown after reading the configuration again", async () => {
  const running = await startGateway(pieces({ name: "a", tls: "implicit" }));
  const before = await dialTls(running.port());
  assert.equal(subjectOf(before), "localhost");
  const renewed = { ...pieces({ name: "a", tls: "implicit" }), tls: [{ cert: OTHER.cert, key: OTHER.key }] };
  await running.gateway.reload(configOf(renewed));
  const after = await dialTls(running.port());
  assert.equal(subjectOf(after), "other.example.com");
  await before.line();
  before.send("a1 NOOP\r\n");
  assert.match(await before.line(), /^a1 OK/);
  await running.stop();
});

test("STARTTLS knows the same names", async () => {
  const running = await startGateway(withCertificates({ tls: "starttls" }));
  const client = await running.dial();
  await client.line();
  client.send("a1 STARTTLS\r\n");
  await client.line();
  await client.secure({ servername: "other.example.com" });
  assert.equal(subjectOf(client), "other.example.com");
  await running.stop();
});

test("a client that asks for another protocol by ALPN is refused, one that asks for ours or none is not", async () => {
  for (const protocol of PROTOCOLS) {
    const running = await startGateway(withCertificates({ protocol }));
    for (const foreign of [["http/1.1"], ["h2", "http/1.1"], [protocol === "imap" ? "pop3" : "imap"]]) {
      await assert.rejects(dialTls(running.port(), { ALPNProtocols: foreign }), String(foreign));
    }
    const client = await dialTls(running.port(), { ALPNProtocols: ["http/1.1", protocol] });
    assert.equal((client.socket as TLSSocket).alpnProtocol, protocol);
    client.destroy();
    await running.stop();
  }
});

const OLD = { ciphers: "DEFAULT:@SECLEVEL=0", minVersion: "TLSv1" } as const;

async function versionOf(tlsPolicy: string, options: object): Promise<string> {
  const running = await startGateway({ ...withCertificates({}), tlsPolicy });
  try {
    const client = await dialTls(running.port(), options);
    const version = (client.socket as TLSSocket).getProtocol();
    assert.match(await client.line(), /^\* OK/);
    client.destroy();
    return version ?? "none";
  } catch {
    return "refused";
  } finally {
    await running.stop();
  }
}

test("each TLS policy takes the versions that it says", async () => {
  assert.equal(await versionOf("modern", {}), "TLSv1.3");
  assert.equal(await versionOf("modern", { maxVersion: "TLSv1.2" }), "refused");
  assert.equal(await versionOf("intermediate", { maxVersion: "TLSv1.2" }), "TLSv1.2");
  assert.equal(await versionOf("intermediate", { ...OLD, maxVersion: "TLSv1.1" }), "refused");
  assert.equal(await versionOf("legacy", { ...OLD, maxVersion: "TLSv1" }), "TLSv1");
  assert.equal(await versionOf("legacy", {}), "TLSv1.3");
});

test("a client may not begin TLS again in the middle of a connection", async () => {
  const running = await startGateway(withCertificates({}));
  const client = await dialTls(running.port(), { maxVersion: "TLSv1.2" });
  await client.line();
  const socket = client.socket as TLSSocket;
  const ending = await new Promise<string>((resolve) => {
    socket.renegotiate({}, () => resolve("done again"));
    socket.once("error", (error) => resolve(error.message));
    setTimeout(() => resolve("ignored"), 300);
  });
  assert.match(ending, /no.renegotiation|ignored/i);
  await running.stop();
});

test("NTLM is bound to the certificate that this very connection shows", async () => {
  const running = await startGateway({
    ...withCertificates({ protocol: "pop3", dialect: "rfc", ntlm: { channelBinding: "require" } }),
    backends: { store: { ...store()["store"], logon: { method: "master", user: "gw", password: "x" } } },
  });
  const attempt = async (servername: string, boundTo: string | undefined): Promise<string> => {
    const client = await dialTls(running.port(), { servername });
    await client.line();
    client.send(`AUTH NTLM ${negotiateMessage().toString("base64")}\r\n`);
    const challenge = Buffer.from((await client.line()).slice(2), "base64");
    const der = Buffer.from((boundTo ?? "").replace(/-----[^-]+-----|\s/g, ""), "base64");
    const { message } = authenticateMessage({
      user: "alice",
      domain: "EXAMPLE",
      password: "secret",
      negotiate: negotiateMessage(),
      challenge,
      ...(boundTo !== undefined && { channelBinding: channelBindingHash(tlsServerEndPoint(der)!) }),
      clientChallenge: Buffer.alloc(8, 1),
      time: 0n,
      exportedSessionKey: Buffer.alloc(16, 2),
    });
    client.send(`${message.toString("base64")}\r\n`);
    const answer = await client.line();
    client.destroy();
    return answer.slice(0, 3);
  };
  assert.equal(await attempt("localhost", CERTIFICATE.cert), "+OK");
  assert.equal(await attempt("other.example.com", OTHER.cert), "+OK");
  assert.equal(await attempt("other.example.com", CERTIFICATE.cert), "-ER");
  assert.equal(await attempt("localhost", undefined), "-ER");
  await running.stop();
});

test("an SMTP server behind that does not answer delays the start only a little", async () => {
  const asked: Socket[] = [];
  const silent = createServer((socket) => asked.push(socket));
  await new Promise<void>((resolve) => silent.listen(0, "127.0.0.1", resolve));
  const started = Date.now();
  const running = await startGateway({
    ...pieces({ protocol: "smtp" }),
    backends: { store: { smtp: { host: "127.0.0.1", port: (silent.address() as AddressInfo).port } } },
    limits: { failureDelay: "0ms", backend: { connect: "60s", logon: "60s" } },
  });
  assert.ok(Date.now() - started < 4_000);
  assert.match(await (await running.dial()).line(), /^220 /);
  await running.stop();
  silent.close();
  for (const each of asked) each.destroy();
});

test("several backends: an SMTP client is promised what all of them have", async () => {
  const rich = await openEchoBackend("smtp");
  const running = await startGateway({
    ...pieces({ protocol: "smtp" }),
    backends: { a: { smtp: { host: "127.0.0.1", port: rich.port } }, b: { smtp: { host: "127.0.0.1", port: 9 } } },
    routes: [{ when: { user: "alice" }, backend: "a" }, { backend: "b" }],
  });
  const warned = running.lines.filter(({ level }) => level === "warn");
  assert.equal(warned.length, 1, "the one that is down is told");
  const client = await running.dial();
  assert.match(await logOn(client, "smtp"), /^235/);
  await running.stop();
  rich.close();
});

test("only what the validator can judge is offered, and only what policy allows", async () => {
  const offered = async (listener: object, validator?: Validator): Promise<string> => {
    const running = await startGateway(pieces({ protocol: "imap", ...listener }), validator ? { validator } : {});
    const client = await running.dial();
    const greeting = await client.line();
    await running.stop();
    return (greeting.match(/LOGINDISABLED|AUTH=[A-Z]+/g) ?? []).join(" ");
  };
  assert.equal(await offered({}), "AUTH=NTLM AUTH=PLAIN AUTH=LOGIN");
  assert.equal(await offered({ mechanisms: ["LOGIN", "NTLM"] }), "AUTH=LOGIN AUTH=NTLM");
  assert.equal(
    await offered({}, closable().validator),
    "AUTH=PLAIN AUTH=LOGIN",
    "no NTLM from one that judges passwords",
  );
  const names = configOf(pieces({})).server.target;
  const { ntlm } = accountsValidator({ name: "x", text: "alice:{PLAIN}x\n", names });
  assert.equal(await offered({}, { name: "x", ntlm: ntlm! }), "LOGINDISABLED AUTH=NTLM");
  assert.equal(await offered({ plaintext: "tls-only" }), "LOGINDISABLED AUTH=NTLM");
});

/** talkTo: dialling a server behind, its deadlines, and TLS that is verified unless the operator says otherwise. */
import assert from "node:assert/strict";
import { createServer, type AddressInfo } from "node:net";
import { networkInterfaces } from "node:os";
import { after, before, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { secureClient } from "../../src/wire/tls-client.ts";
import { talkTo, type Target } from "../../src/wire/connect.ts";
import type { Wire } from "../../src/wire/wire.ts";
import { secureAsServer, StagedBackend } from "../support/backend.ts";
import { eventually } from "../support/gateway.ts";
import { CERTIFICATE, clientTls, STRANGER } from "../support/certificates.ts";

const TIMES = { connect: 2_000, logon: 2_000 };
const SHORT = { connect: 300, logon: 300 };

const hasIpv6 = Object.values(networkInterfaces()).some((each) => each?.some(({ address }) => address === "::1"));

let backend: StagedBackend;
const stray: unknown[] = [];
process.on("uncaughtException", (error) => stray.push(error));

before(async () => {
  backend = await StagedBackend.open();
});
after(() => {
  backend.close();
  assert.deepEqual(stray, [], "an error that nobody caught");
});

function target(extra: Partial<Target> = {}): Target {
  return { host: "127.0.0.1", port: backend.port, tls: "off", clientTls: clientTls(), ...extra };
}

/** The first line that the server says, if it comes to that. */
function firstLine(wire: Wire): Promise<string | undefined> {
  return wire.readLine();
}

async function freePort(): Promise<number> {
  const closed = await StagedBackend.open();
  closed.close();
  return closed.port;
}

test("a server in the clear is heard, and stays open when the talk is done", async () => {
  const talk = talkTo(target(), TIMES, firstLine);
  const server = await backend.next();
  server.send("+OK store\r\n");
  const { wire, said } = await talk;
  assert.equal(said, "+OK store");
  wire.write("QUIT\r\n");
  assert.equal(await server.line(), "QUIT");
  wire.close();
  assert.equal(await server.end(), "");
  server.destroy();
});

for (const tls of ["off", "implicit"] as const) {
  test(`a port that is closed rejects at once (TLS ${tls})`, async () => {
    const port = await freePort();
    await assert.rejects(talkTo(target({ port, tls }), TIMES, firstLine), /ECONNREFUSED|closed/);
  });

  test(`a host that does not exist rejects (TLS ${tls})`, async () => {
    await assert.rejects(
      talkTo(target({ host: "nowhere.invalid", tls }), TIMES, firstLine),
      /ENOTFOUND|EAI_AGAIN|in time/,
    );
  });

  test(`a server that says nothing is left when its time is over (TLS ${tls})`, async () => {
    const started = Date.now();
    const talk = talkTo(target({ tls }), SHORT, firstLine);
    const server = await backend.next();
    await assert.rejects(talk, /no answer in time/);
    assert.ok(Date.now() - started < 2_000);
    await server.end();
    server.destroy();
  });

  test(`a name with several addresses is tried until one answers (TLS ${tls})`, async () => {
    const talk = talkTo(target({ host: "localhost", tls }), TIMES, firstLine);
    const server = await backend.next();
    if (tls === "implicit") await secureAsServer(server, CERTIFICATE);
    server.send("+OK\r\n");
    assert.equal((await talk).said, "+OK");
    server.destroy();
  });
}

test("an IPv6 address is dialled as one", { skip: hasIpv6 ? false : "this machine has no ::1" }, async () => {
  const server = createServer((socket) => socket.end("* OK six\r\n"));
  await new Promise<void>((resolve) => server.listen(0, "::1", resolve));
  const { port } = server.address() as AddressInfo;
  const { wire, said } = await talkTo(target({ host: "::1", port }), TIMES, firstLine);
  assert.equal(said, "* OK six");
  wire.close();
  server.close();
});

test("a talk that fails closes the connection", async () => {
  const talk = talkTo(target(), TIMES, async (wire) => {
    await wire.readLine();
    throw new Error("not this server");
  });
  const refusal = assert.rejects(talk, /not this server/);
  const server = await backend.next();
  server.send("+OK\r\n");
  await refusal;
  await server.end();
  server.destroy();
});

test("a certificate of our own authority, for the configured name, is accepted", async () => {
  const talk = talkTo(target({ tls: "implicit" }), TIMES, firstLine);
  const server = await backend.next();
  await secureAsServer(server, CERTIFICATE);
  server.send("+OK over TLS\r\n");
  assert.equal((await talk).said, "+OK over TLS");
  server.destroy();
});

test("an address in the certificate counts where the configured name is an address", async () => {
  const talk = talkTo(target({ tls: "implicit", clientTls: clientTls({ serverName: "127.0.0.1" }) }), TIMES, firstLine);
  const server = await backend.next();
  await secureAsServer(server, CERTIFICATE);
  server.send("+OK\r\n");
  assert.equal((await talk).said, "+OK");
  server.destroy();
});

const REFUSED: readonly [string, Partial<Target>, typeof CERTIFICATE, RegExp][] = [
  ["another name", { clientTls: clientTls({ serverName: "imap.example.net" }) }, CERTIFICATE, /altnames/],
  ["another address", { clientTls: clientTls({ serverName: "127.0.0.2" }) }, CERTIFICATE, /altnames|IP/],
  ["an unknown authority", { clientTls: clientTls({ serverName: "other.example.org" }) }, STRANGER, /self.signed/],
  ["the system's authorities only", { clientTls: clientTls({ ca: "system" }) }, CERTIFICATE, /self.signed/],
];

for (const [what, extra, certificate, message] of REFUSED) {
  test(`a certificate is refused before a word is said: ${what}`, async () => {
    let talked = false;
    const talk = talkTo(target({ tls: "implicit", ...extra }), TIMES, async (wire) => {
      talked = true;
      return firstLine(wire);
    });
    const refusal = assert.rejects(talk, message);
    const server = await backend.next();
    await secureAsServer(server, certificate).catch(() => undefined);
    await refusal;
    assert.equal(talked, false);
    server.destroy();
  });
}

test("verify: false takes any certificate", async () => {
  const loose = clientTls({ serverName: "imap.example.net", ca: "system", verify: false });
  const talk = talkTo(target({ tls: "implicit", clientTls: loose }), TIMES, firstLine);
  const server = await backend.next();
  await secureAsServer(server, STRANGER);
  server.send("+OK\r\n");
  assert.equal((await talk).said, "+OK");
  server.destroy();
});

test("a server that breaks off in the handshake, or speaks no TLS, rejects", async () => {
  for (const breakOff of ["reset", "end", "nonsense"] as const) {
    const talk = talkTo(target({ tls: "implicit" }), TIMES, firstLine);
    const refusal = assert.rejects(talk);
    const server = await backend.next();
    if (breakOff === "reset") server.socket.resetAndDestroy();
    else if (breakOff === "end") server.socket.end();
    else server.send("* OK this is plain IMAP\r\n");
    await refusal;
    server.destroy();
  }
});

test("bytes behind the go-ahead for STARTTLS end the connection before the handshake", async () => {
  const talk = talkTo(target({ tls: "starttls" }), TIMES, async (wire) => {
    await wire.readLine();
    await secureClient(wire, clientTls());
  });
  const refusal = assert.rejects(talk, /before TLS began/);
  const server = await backend.next();
  server.send("+OK begin\r\n+OK logged in\r\n");
  await refusal;
  assert.equal(await server.end(), "", "no ClientHello");
  server.destroy();
});

test("a server that breaks off behind its go-ahead for STARTTLS rejects at once", async () => {
  const talk = talkTo(target({ tls: "starttls" }), TIMES, async (wire) => {
    await wire.readLine();
    await eventually(() => wire.isClosed, "the reset");
    await secureClient(wire, clientTls());
  });
  const refusal = assert.rejects(talk, /ECONNRESET/);
  const server = await backend.next();
  server.send("+OK begin\r\n");
  await sleep(20);
  server.socket.resetAndDestroy();
  await refusal;
});

test("the deadline ends a handshake that STARTTLS began and the server does not finish", async () => {
  const talk = talkTo(target({ tls: "starttls" }), SHORT, async (wire) => {
    await wire.readLine();
    await secureClient(wire, clientTls());
  });
  const refusal = assert.rejects(talk);
  const server = await backend.next();
  server.send("+OK begin\r\n");
  await refusal;
  await server.end();
  server.destroy();
  await sleep(20);
});

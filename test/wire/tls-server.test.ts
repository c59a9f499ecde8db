/** TLS towards clients: handshakes that fail, what is said afterwards, and what is known of the connection then. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { connect as connectTls, type ConnectionOptions, type TLSSocket } from "node:tls";
import { selfSigned } from "../../src/sandbox/certificate.ts";
import { Certificates, makeCertificate } from "../../src/wire/certificates.ts";
import { secureServer, type Secured } from "../../src/wire/tls-server.ts";
import { CERTIFICATE } from "../support/certificates.ts";
import { eventually } from "../support/gateway.ts";
import { wirePair, type WirePair } from "../support/wire.ts";

const ALICE = selfSigned(["Alice Example", "alice@example.com", "a.example@example.com"], []);
const STRANGER = selfSigned(["Mallory", "alice@example.com"], []);

/** Record type of RFC 8446 section 5.1. */
const HANDSHAKE = 22;

/** For `then`: whether it went well. */
const OUTCOME = [() => true, () => false] as const;

interface Met extends WirePair {
  readonly secured: Secured;
}

function certificatesFor(clientCa?: string): Certificates {
  const limits = { minVersion: "TLSv1.2", alpn: ["imap"], clientCa } as const;
  return new Certificates([makeCertificate([], CERTIFICATE.cert, CERTIFICATE.key, limits)], limits);
}

async function meet(options: ConnectionOptions, clientCa?: string): Promise<Met> {
  const pair = await wirePair();
  const secured = secureServer(pair.wire, certificatesFor(clientCa), false);
  await Promise.all([secured, pair.talker.secure(options)]);
  return { ...pair, secured: await secured };
}

function part({ wire, talker }: WirePair): void {
  wire.fail("the test is over");
  talker.destroy();
}

test("both ends of a TLS 1.3 connection export the same keying material, and another connection's differs", async () => {
  const met = await meet({});
  const other = await meet({});
  const socket = met.talker.socket as TLSSocket;
  const theirs = socket.exportKeyingMaterial(32, "EXPORTER-Channel-Binding", Buffer.alloc(0));
  assert.deepEqual(met.secured.exporter!(), theirs);
  assert.notDeepEqual(other.secured.exporter!(), theirs);
  part(met);
  part(other);
});

test("a connection that is over exports nothing any more, also when OpenSSL's part is freed", async () => {
  const met = await meet({});
  part(met);
  assert.equal(met.secured.exporter!(), undefined);
  await sleep(20);
  assert.equal(met.secured.exporter!(), undefined);
});

test("TLS 1.2 has no exporter that a binding could trust", async () => {
  const met = await meet({ maxVersion: "TLSv1.2" });
  assert.equal(met.secured.exporter, undefined);
  part(met);
});

for (const maxVersion of ["TLSv1.2", "TLSv1.3"] as const) {
  test(`a client certificate from the listener's authority is known by its names and fingerprint (${maxVersion})`, async () => {
    const met = await meet({ ...ALICE, maxVersion }, ALICE.cert);
    const { clientCertificate } = met.secured;
    assert.equal(clientCertificate?.commonName, "Alice Example");
    assert.deepEqual(clientCertificate.emails, ["alice@example.com", "a.example@example.com"]);
    assert.match(clientCertificate.fingerprint, /^[0-9a-f]{64}$/);
    part(met);
  });

  test(`a certificate from anybody else counts as none, and the connection goes on (${maxVersion})`, async () => {
    const met = await meet({ ...STRANGER, maxVersion }, ALICE.cert);
    assert.equal(met.secured.clientCertificate, undefined);
    met.talker.send("hello\r\n");
    assert.equal(await met.wire.readLine(), "hello");
    part(met);
  });
}

test("without authorities no certificate is asked for, and none is believed", async () => {
  const unasked = await meet({ ...ALICE });
  assert.equal(unasked.secured.clientCertificate, undefined);
  const none = await meet({}, ALICE.cert);
  assert.equal(none.secured.clientCertificate, undefined);
  part(unasked);
  part(none);
});

for (const kind of ["accepted", "ordinary"] as const) {
  test(`whoever says something else than TLS is refused, and the reason is OpenSSL's (${kind})`, async () => {
    const { wire, talker } = await wirePair(kind);
    const secured = secureServer(wire, certificatesFor(), false);
    talker.send("a LOGIN alice secret\r\n");
    await assert.rejects(secured, /^WireClosed: TLS: .*(wrong version|packet length)/);
    await talker.end();
    assert.ok(wire.isClosed);
  });

  test(`a client that leaves in the middle of a handshake ends it (${kind})`, async () => {
    const { wire, talker } = await wirePair(kind);
    const secured = secureServer(wire, certificatesFor(), false);
    talker.send(Buffer.of(HANDSHAKE, 3, 1, 2, 0, 1));
    talker.socket.end();
    await assert.rejects(secured, /^WireClosed: TLS: the client left/);
    await talker.end();
  });

  test(`a connection that broke before the handshake is refused one (${kind})`, async () => {
    const { wire, talker } = await wirePair(kind);
    talker.socket.resetAndDestroy();
    await eventually(() => wire.isClosed, "the reset");
    await sleep(20);
    await assert.rejects(secureServer(wire, certificatesFor(), false), /^WireClosed: read ECONNRESET/);
  });

  test(`a connection that is given up in the middle of a handshake says why (${kind})`, async () => {
    const { wire, talker } = await wirePair(kind);
    const secured = secureServer(wire, certificatesFor(), false);
    wire.fail("no room");
    await assert.rejects(secured, /^WireClosed: no room/);
    await talker.end();
  });

  test(`what was heard before belongs to a handshake that comes first, and to none after STARTTLS (${kind})`, async () => {
    for (const isFirst of [true, false]) {
      const { wire, talker } = await wirePair(kind);
      const theirs = talker.secure().then(...OUTCOME);
      await eventually(() => wire.hasUnread, "the client's hello");
      const ours = secureServer(wire, certificatesFor(), isFirst).then(...OUTCOME);
      if (!isFirst) talker.socket.end();
      assert.deepEqual([await theirs, await ours], [isFirst, isFirst]);
      part({ wire, talker });
    }
  });
}

test("what is written piece by piece arrives in order, before the end", async () => {
  const met = await meet({});
  const pieces = Array.from({ length: 50 }, (_, each) => `${each} ${"x".repeat(each * 40)}\r\n`);
  for (const piece of pieces) met.wire.write(piece);
  met.wire.close();
  assert.equal(await met.talker.end(), pieces.join(""));
});

test("what a client says together with its last message of the handshake is heard", async () => {
  const { wire, talker } = await wirePair();
  const secured = secureServer(wire, certificatesFor(), false);
  const socket = connectTls({ socket: talker.letGo(), rejectUnauthorized: false });
  socket.write("early\r\n");
  await secured;
  assert.equal(await wire.readLine(), "early");
  wire.fail("the test is over");
  socket.destroy();
});

test("connections that break at any moment of their life harm nobody", async () => {
  const certificates = certificatesFor();
  const lives = Array.from({ length: 150 }, async (_, each) => {
    const { wire, talker } = await wirePair();
    const ours = secureServer(wire, certificates, false).then(...OUTCOME);
    const theirs = talker.secure().then(...OUTCOME);
    const breaks = sleep(Math.random() * 60).then(() => (each % 2 === 0 ? talker.destroy() : wire.fail("broken off")));
    void ours.then(() => wire.write("x".repeat(each * 1000)));
    await Promise.all([ours, theirs, breaks]);
    part({ wire, talker });
  });
  await Promise.all(lives);
  const met = await meet({});
  met.talker.send("still here\r\n");
  assert.equal(await met.wire.readLine(), "still here");
  part(met);
});

/** TLS towards clients: what is known of the connection afterwards. */
import assert from "node:assert/strict";
import { test } from "node:test";
import type { ConnectionOptions, TLSSocket } from "node:tls";
import { selfSigned } from "../../src/sandbox/certificate.ts";
import { Certificates, makeCertificate, secureServer, type Secured } from "../../src/wire/tls-server.ts";
import { CERTIFICATE } from "../support/certificates.ts";
import { wirePair, type WirePair } from "../support/wire.ts";

const ALICE = selfSigned(["Alice Example", "alice@example.com", "a.example@example.com"], []);
const STRANGER = selfSigned(["Mallory", "alice@example.com"], []);

interface Met extends WirePair {
  readonly secured: Secured;
}

async function meet(options: ConnectionOptions, clientCa?: string): Promise<Met> {
  const limits = { minVersion: "TLSv1.2", alpn: ["imap"], clientCa } as const;
  const certificate = makeCertificate([], CERTIFICATE.cert, CERTIFICATE.key, limits);
  const pair = await wirePair();
  const certificates = new Certificates([certificate], limits);
  const [secured] = await Promise.all([secureServer(pair.wire, certificates, false), pair.talker.secure(options)]);
  return { ...pair, secured };
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
  assert.deepEqual(Buffer.from(met.secured.exporter!()), theirs);
  assert.notDeepEqual(Buffer.from(other.secured.exporter!()), theirs);
  part(met);
  part(other);
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

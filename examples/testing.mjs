// A test against real POP3, IMAP and SMTP servers, which start in the test and forget everything afterwards.
import assert from "node:assert/strict";
import { test } from "node:test";
import nodemailer from "nodemailer";
import { saslAuth } from "postern/nodemailer";
import { startSandbox } from "postern/testing";

test("our mailer logs on with NTLMv2", async () => {
  const sandbox = await startSandbox({ accounts: [{ user: "alice", domain: "EXAMPLE", password: "secret" }] });
  try {
    const transport = nodemailer.createTransport({
      host: sandbox.host,
      port: sandbox.ports.smtp,
      tls: { ca: sandbox.certificate, servername: "localhost" },
      auth: { type: "custom", method: "NTLM", user: "alice", pass: "secret", options: { domain: "EXAMPLE" } },
      customAuth: saslAuth(),
    });
    await transport.verify();
    transport.close();
    const verdict = await sandbox.next("verdict");
    assert.equal(verdict.result, "accepted");
    assert.equal(verdict.scheme, "NTLMv2");
  } finally {
    await sandbox.close();
  }
});

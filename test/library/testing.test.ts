import assert from "node:assert/strict";
import { after, test } from "node:test";
import nodemailer from "nodemailer";
import { startSandbox, type TestSandbox } from "../../src/library/testing.ts";

let sandbox: TestSandbox | undefined;
after(() => sandbox?.close());

const started = async (): Promise<TestSandbox> => (sandbox ??= await startSandbox());

async function logOn(pass: string): Promise<unknown> {
  const { host, ports, certificate } = await started();
  const tls = { ca: certificate, servername: "localhost" };
  const transport = nodemailer.createTransport({ host, port: ports.smtp, tls, auth: { user: "alice", pass } });
  try {
    return await transport.verify();
  } catch (error) {
    return (error as { responseCode?: number }).responseCode;
  } finally {
    transport.close();
  }
}

test("a test hears of each logon, in the order in which they happened", async () => {
  const { next } = await started();
  assert.equal(await logOn("wrong"), 535);
  assert.equal(await logOn("secret"), true);
  const [first, second] = [await next("verdict"), await next("verdict")];
  assert.deepEqual([first.result, first.protocol, first.listener], ["denied", "smtp", "smtp"]);
  assert.deepEqual([second.result, second.mechanism, second.user], ["accepted", "PLAIN", "alice"]);
});

test("events hold what was said, but no password", async () => {
  const { events, next } = await started();
  const line = await next("line", { where: ({ text }) => text.startsWith("AUTH") });
  assert.match(line.text, /^AUTH PLAIN/);
  const all = JSON.stringify(events);
  assert.equal(all.includes("secret"), false);
  assert.equal(all.includes(Buffer.from("\0alice\0secret").toString("base64")), false);
});

test("an event can be waited for before it happens, and is missed in words", async () => {
  const { next } = await started();
  const coming = next("verdict", { where: ({ mechanism }) => mechanism === "PLAIN" });
  await logOn("secret");
  assert.equal((await coming).result, "accepted");
  await assert.rejects(next("verdict", { timeout: 20 }), /no verdict within 20 ms; so far: .*verdict accepted/);
});

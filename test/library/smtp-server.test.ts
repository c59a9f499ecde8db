import assert from "node:assert/strict";
import { createRequire } from "node:module";
import { after, test } from "node:test";
import {
  accountLookup,
  accounts,
  addMechanisms,
  type AddMechanismsOptions,
  type SmtpServerLike,
} from "../../src/library/smtp-server.ts";
import { clientConnection, clientExchange, encodeBase64, decodeBase64 } from "../../src/library/sasl.ts";
import { ALICE, startApp, startTls, talk, type App, type Talk } from "./mail-app.ts";

const apps: App[] = [];
after(() => Promise.all(apps.map((app) => app.close())));

async function started(...args: Parameters<typeof startApp>): Promise<App> {
  const app = await startApp(...args);
  apps.push(app);
  return app;
}

const IN_CLEAR = { allowInsecureAuth: true };
const PLUS: Partial<AddMechanismsOptions> = { mechanisms: ["SCRAM-SHA-256-PLUS", "SCRAM-SHA-256", "NTLM", "LOGIN"] };

const mechanismsOf = (ehlo: string): string | undefined => /^250[ -]AUTH (.*)$/m.exec(ehlo)?.[1];

/** Logs on after EHLO; the server's last word. */
async function logOn(client: Talk, mechanism: string, password = "secret", username = "alice"): Promise<string> {
  const connection = clientConnection(client.socket);
  const exchange = clientExchange(mechanism, { username, password }, { connection, allowPlaintext: true })!;
  let reply = await client.say(`AUTH ${mechanism}${exchange.initial ? ` ${encodeBase64(exchange.initial)}` : ""}`);
  while (reply.startsWith("334 "))
    reply = await client.say(encodeBase64(await exchange.next(decodeBase64(reply.slice(4))!)));
  if (reply.startsWith("235")) exchange.finish();
  return reply;
}

for (const mechanism of ["SCRAM-SHA-256", "NTLM"]) {
  test(`${mechanism} lets alice send as session.user, and nobody with a wrong password`, async () => {
    const { port, senders } = await started(IN_CLEAR, {});
    const client = await talk(port);
    assert.equal(mechanismsOf(await client.say("EHLO me")), "SCRAM-SHA-256 NTLM PLAIN");
    assert.match(await logOn(client, mechanism, "wrong"), /^535 /);
    assert.match(await logOn(client, mechanism, "secret", "bob"), /^535 /);
    assert.match(await client.say("MAIL FROM:<a@example.com>"), /^530 /);
    assert.match(await logOn(client, mechanism), /^235 /);
    assert.match(await logOn(client, mechanism), /^503 /);
    await client.say("MAIL FROM:<a@example.com>");
    await client.say("RCPT TO:<b@example.com>");
    await client.say("DATA");
    assert.match(await client.say("hello\r\n."), /^250 /);
    assert.deepEqual(senders, ["alice"]);
    client.end();
  });
}

test("the server's own mechanisms go on as before", async () => {
  const { port } = await started(IN_CLEAR, {});
  const client = await talk(port);
  await client.say("EHLO me");
  const plain = (password: string) => Buffer.from(`\0carol\0${password}`).toString("base64");
  assert.match(await client.say(`AUTH PLAIN ${plain("secret")}`), /^535 /);
  assert.match(await client.say(`AUTH PLAIN ${plain("own")}`), /^235 /);
  client.end();
});

test("a server that was not asked to has no new mechanism, though another in the process has", async () => {
  await started(IN_CLEAR, {});
  const { port } = await started({ ...IN_CLEAR, authMethods: ["PLAIN", "NTLM"] });
  const client = await talk(port);
  await client.say("EHLO me");
  assert.match(await client.say("AUTH NTLM"), /^504 /);
  client.end();
});

test("-PLUS and passwords in clear are offered under TLS only, and are bound to it", async () => {
  const inClear = await talk((await started({}, PLUS)).port);
  assert.equal(mechanismsOf(await inClear.say("EHLO me")), "SCRAM-SHA-256 NTLM PLAIN");
  assert.match(await inClear.say("AUTH SCRAM-SHA-256"), /^538 /);
  inClear.end();
  const client = await talk((await started({ secure: true }, PLUS)).port, true);
  assert.equal(mechanismsOf(await client.say("EHLO me")), "SCRAM-SHA-256-PLUS SCRAM-SHA-256 NTLM LOGIN PLAIN");
  const binding = clientConnection(client.socket).channelBindings[0];
  assert.equal(binding?.type, "tls-exporter");
  assert.match(await logOn(client, "SCRAM-SHA-256-PLUS"), /^235 /);
  client.end();
});

test("after STARTTLS a connection can be bound too", async () => {
  const inClear = await talk((await started({}, PLUS)).port);
  await inClear.say("EHLO me");
  const client = await startTls(inClear);
  assert.match(await client.say("EHLO me"), /^250[ -]AUTH SCRAM-SHA-256-PLUS /m);
  assert.match(await logOn(client, "SCRAM-SHA-256-PLUS"), /^235 /);
  client.end();
});

test("NTLM under TLS is held to the channel binding of this connection", async () => {
  const require = { ...PLUS, ntlm: { channelBinding: "require" as const } };
  const client = await talk((await started({ secure: true }, require)).port, true);
  await client.say("EHLO me");
  const unbound = clientExchange("NTLM", { username: "alice", password: "secret" })!;
  const challenge = await client.say(`AUTH NTLM ${encodeBase64(unbound.initial!)}`);
  assert.match(await client.say(encodeBase64(await unbound.next(decodeBase64(challenge.slice(4))!))), /^535 /);
  assert.match(await logOn(client, "NTLM"), /^235 /);
  client.end();
});

test("lines are read as strictly as everywhere in this package", async () => {
  const client = await talk((await started(IN_CLEAR, {})).port);
  await client.say("EHLO me");
  assert.match(await client.say("AUTH NTLM not!base64"), /^501 /);
  assert.match(await client.say("AUTH NTLM TlRMTVNTUAA= more"), /^501 /);
  assert.match(await client.say("AUTH NTLM"), /^334 $/);
  assert.match(await client.say("*"), /^501 /);
  await client.say("AUTH NTLM");
  assert.match(await client.say("NOOP"), /^501 /, "a command in an exchange is never run");
  assert.match(await client.say(`AUTH SCRAM-SHA-256 ${"A".repeat(20_000)}`), /closed|^500|^421/);
  client.end();
});

test("a judge that cannot judge is a temporary failure, and the result is heard of", async () => {
  const results: unknown[] = [];
  const failing = accountLookup(() => Promise.reject(new Error("directory down")));
  const down = await talk((await started(IN_CLEAR, { judge: failing })).port);
  await down.say("EHLO me");
  assert.match(await logOn(down, "NTLM"), /^454 /);
  down.end();
  const heard = { onResult: (result: { kind: string }) => results.push(result.kind), userOf: () => undefined };
  const nobody = await talk((await started(IN_CLEAR, heard)).port);
  await nobody.say("EHLO me");
  assert.match(await logOn(nobody, "NTLM"), /^535 /, "whom the application does not want is not let in");
  nobody.end();
  assert.deepEqual(results, ["accepted"]);
});

test("the CommonJS build of smtp-server is served too", async () => {
  const { SMTPServer } = createRequire(import.meta.url)("smtp-server") as {
    SMTPServer: new (
      options: object,
    ) => SmtpServerLike & { emit(name: string): void; options: { authMethods: string[] } };
  };
  const server = new SMTPServer({ logger: false, authMethods: ["PLAIN"], hideSTARTTLS: true });
  addMechanisms(server, { mechanisms: ["NTLM"], judge: accounts([ALICE]) });
  assert.deepEqual(server.options.authMethods, ["NTLM", "PLAIN"]);
  assert.throws(() => addMechanisms(server, { mechanisms: ["NTLM"], judge: accounts([ALICE]) }), TypeError);
  assert.throws(
    () => addMechanisms({ options: {}, connections: new Set() }, { mechanisms: [], judge: accounts([]) }),
    TypeError,
  );
});

import assert from "node:assert/strict";
import { after, test } from "node:test";
import nodemailer from "nodemailer";
import { saslAuth, STRONGEST_FIRST, type SaslMethod } from "../../src/library/nodemailer.ts";
import { accounts, type AddMechanismsOptions } from "../../src/library/smtp-server.ts";
import { CERTIFICATE } from "../support/certificates.ts";
import { ALICE, startApp, type App } from "./mail-app.ts";

const apps: App[] = [];
after(() => Promise.all(apps.map((app) => app.close())));

/** A server with these mechanisms, and which of them were used with what result. */
async function serve(mechanisms: AddMechanismsOptions["mechanisms"]): Promise<{ port: number; used: string[] }> {
  const used: string[] = [];
  const onResult: AddMechanismsOptions["onResult"] = (result) =>
    used.push(result.kind === "accepted" ? result.mechanism : result.reason);
  const app = await startApp({}, { mechanisms, judge: accounts([ALICE]), onResult });
  apps.push(app);
  return { port: app.port, used };
}

interface Login {
  readonly port: number;
  readonly method: SaslMethod;
  readonly pass?: string;
  readonly options?: Record<string, string>;
}

/** Over STARTTLS. Rejects with what nodemailer makes of a failure. */
async function verify({ port, method, pass = "secret", options = {} }: Login, preference?: string[]): Promise<true> {
  const transport = nodemailer.createTransport({
    host: "127.0.0.1",
    port,
    tls: { ca: CERTIFICATE.cert, servername: "localhost" },
    auth: { type: "custom", method, user: "alice", pass, options },
    customAuth: saslAuth(preference && { preference }),
  });
  try {
    return await transport.verify();
  } finally {
    transport.close();
  }
}

for (const method of STRONGEST_FIRST) {
  test(`nodemailer logs on with ${method}, and not with a wrong password`, async () => {
    const { port, used } = await serve([method]);
    assert.equal(await verify({ port, method }), true);
    await assert.rejects(verify({ port, method, pass: "wrong" }), { code: "EAUTH", responseCode: 535 });
    assert.deepEqual(used, [method, "bad-credentials"]);
  });
}

test("the method SASL takes the strongest that is offered, or the one that is preferred", async () => {
  const all = await serve(["CRAM-MD5", "NTLM", "SCRAM-SHA-256", "SCRAM-SHA-256-PLUS"]);
  await verify({ port: all.port, method: "SASL" });
  await verify({ port: all.port, method: "SASL" }, ["NTLM"]);
  assert.deepEqual(all.used, ["SCRAM-SHA-256", "NTLM"]);
  const old = await serve(["CRAM-MD5", "NTLM"]);
  await verify({ port: old.port, method: "SASL" });
  assert.deepEqual(old.used, ["NTLM"]);
});

test("the method SASL never shows the password, whatever the server offers", async () => {
  const { port, used } = await serve(["LOGIN"]);
  await assert.rejects(verify({ port, method: "SASL" }), { name: "SaslError", code: "EAUTH" });
  await assert.rejects(verify({ port, method: "SASL" }, ["PLAIN"]), { name: "SaslError" });
  assert.deepEqual(used, []);
});

test("NTLM's names are taken from the options of auth", async () => {
  const { port, used } = await serve(["NTLM"]);
  await verify({ port, method: "NTLM", options: { domain: "EXAMPLE", workstation: "PC" } });
  await assert.rejects(verify({ port, method: "NTLM", options: { domain: "OTHER" } }), { responseCode: 535 });
  assert.deepEqual(used, ["NTLM", "unknown-user"]);
});

/** A connection that answers from a list. */
function scriptedServer(...replies: string[]) {
  const said: string[] = [];
  const sendCommand = (command: string) => {
    said.push(command);
    const response = replies.shift() ?? "421 gone";
    return Promise.resolve({ status: Number(response.slice(0, 3)), text: response.slice(4), response });
  };
  return { said, context: { auth: { credentials: { user: "alice", pass: "secret" } }, sendCommand } };
}

test("a server that lets SCRAM in without its proof is not believed", async () => {
  const { context } = scriptedServer("235 welcome");
  await assert.rejects(saslAuth()["SCRAM-SHA-256"](context), { name: "SaslError", code: "server-not-proven" });
});

test("a challenge that cannot be answered is cancelled", async () => {
  const { context, said } = scriptedServer("334 words, not base64", "501 cancelled");
  await assert.rejects(saslAuth()["SCRAM-SHA-256"](context), { name: "SaslError", code: "bad-challenge" });
  assert.equal(said.at(-1), "*");
});

test("NTLM waits to be asked, as Exchange does in words", async () => {
  const { context, said } = scriptedServer("334 NTLM supported", "535 no");
  await assert.rejects(saslAuth().NTLM(context), /535 no/);
  assert.deepEqual([said[0], said[1]?.slice(0, 12), said.length], ["AUTH NTLM", "TlRMTVNTUAAB", 2]);
});

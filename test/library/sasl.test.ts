import assert from "node:assert/strict";
import { test } from "node:test";
import { ntHash } from "../../src/library/ntlm.ts";
import {
  accountLookup,
  accounts,
  chooseClient,
  clientConnection,
  clientExchange,
  createSaslServer,
  SaslError,
  scramKeys,
  serverConnection,
  type Account,
  type ChoiceOptions,
  type ClientCredentials,
  type Connection,
  type MechanismName,
  type SaslResult,
  type Validator,
} from "../../src/library/sasl.ts";

const ALICE: Account = { user: "alice", domain: "EXAMPLE", password: "secret" };
const EVERY: readonly MechanismName[] = ["SCRAM-SHA-256", "SCRAM-SHA-1", "NTLM", "CRAM-MD5", "PLAIN", "LOGIN"];
const TLS: Connection = { ...serverConnection(), secure: true };
const SECURE = { connection: { ...clientConnection(), secure: true } };

async function logOn(
  mechanism: string,
  credentials: ClientCredentials,
  judge: Validator,
  options: ChoiceOptions = SECURE,
): Promise<SaslResult> {
  const server = createSaslServer({ mechanisms: EVERY, judge });
  const client = clientExchange(mechanism, credentials, options)!;
  const exchange = server.begin(client.mechanism, TLS)!;
  let step = await exchange.start(client.initial);
  while (step.kind === "challenge") step = await exchange.respond(await client.next(step.challenge));
  if (step.result.kind === "accepted") client.finish();
  return step.result;
}

const judged = (result: SaslResult): string => (result.kind === "accepted" ? result.identity.user : result.reason);

for (const mechanism of EVERY) {
  test(`${mechanism}: both sides talk, the right password is accepted, a wrong one is not`, async () => {
    const judge = accounts([ALICE]);
    assert.equal(judged(await logOn(mechanism, { username: "alice", password: "secret" }, judge)), "alice");
    assert.equal(judged(await logOn(mechanism, { username: "ALICE", password: "Secret" }, judge)), "bad-credentials");
    assert.equal(judged(await logOn(mechanism, { username: "bob", password: "secret" }, judge)), "unknown-user");
  });
}

test("names lead to accounts with their domain, without it, and as addresses", async () => {
  const judge = accounts([ALICE, { user: "bob@example.com", password: "secret" }]);
  const as = async (username: string) => judged(await logOn("PLAIN", { username, password: "secret" }, judge));
  assert.equal(await as("example\\Alice"), "alice");
  assert.equal(await as("OTHER\\alice"), "unknown-user");
  assert.equal(await as("bob@Example.com"), "bob@example.com");
  assert.equal(await as("bob"), "bob@example.com");
  assert.throws(() => accounts([ALICE, { ...ALICE, user: "Alice" }]), RangeError);
});

test("a disabled account is told from a wrong password, to the log", async () => {
  const judge = accounts([{ ...ALICE, disabled: true }]);
  for (const mechanism of EVERY) {
    assert.equal(
      judged(await logOn(mechanism, { username: "alice", password: "secret" }, judge)),
      "disabled",
      mechanism,
    );
  }
});

test("accounts that are looked up need no password in clear", async () => {
  const scram = { "SCRAM-SHA-256": await scramKeys("SCRAM-SHA-256", "secret", { iterations: 4096 }) };
  const account: Account = { user: "alice", ntHash: ntHash("secret"), scram };
  const judge = accountLookup((user) => Promise.resolve(user === "alice" ? account : undefined));
  for (const mechanism of ["SCRAM-SHA-256", "NTLM", "PLAIN"]) {
    assert.equal(judged(await logOn(mechanism, { username: "alice", password: "secret" }, judge)), "alice", mechanism);
    assert.equal(judged(await logOn(mechanism, { username: "alice", password: "other" }, judge)), "bad-credentials");
  }
  const own = accountLookup(() => ({ user: "carol", verifyPassword: (password) => password === "hashed" }));
  assert.equal(judged(await logOn("LOGIN", { username: "carol", password: "hashed" }, own)), "carol");
  assert.equal(judged(await logOn("NTLM", { username: "carol", password: "hashed" }, own)), "bad-credentials");
});

test("an account that nobody has shows the same kind of salt each time, and one that exists too", async () => {
  const server = createSaslServer({ mechanisms: ["SCRAM-SHA-256"], judge: accounts([ALICE]) });
  const saltOf = async (username: string): Promise<string> => {
    const client = clientExchange("SCRAM-SHA-256", { username, password: "x" })!;
    const step = await server.begin("SCRAM-SHA-256", TLS)!.start(client.initial);
    assert.ok(step.kind === "challenge");
    return /s=.*/.exec(Buffer.from(step.challenge).toString())![0];
  };
  for (const [one, same] of [
    ["alice", "EXAMPLE\\Alice"],
    ["nobody", "EXAMPLE\\Nobody"],
  ] as const) {
    assert.equal(await saltOf(one), await saltOf(same), one);
  }
  assert.notEqual(await saltOf("nobody"), await saltOf("noone"));
  assert.equal((await saltOf("nobody")).length, (await saltOf("alice")).length);
});

test("passwords in clear are offered under TLS only, unless that is asked for", () => {
  const judge = accounts([ALICE]);
  const plain = serverConnection();
  assert.deepEqual(createSaslServer({ mechanisms: EVERY, judge }).offered(plain), EVERY.slice(0, 4));
  assert.deepEqual(createSaslServer({ mechanisms: EVERY, judge }).offered(TLS), EVERY);
  assert.equal(createSaslServer({ mechanisms: EVERY, judge }).begin("plain", plain), undefined);
  assert.deepEqual(createSaslServer({ mechanisms: EVERY, judge, allowPlaintext: true }).offered(plain), EVERY);
});

test("what cannot succeed cannot be configured", () => {
  assert.throws(() => createSaslServer({ mechanisms: ["OAUTHBEARER"], judge: accounts([ALICE]) }), /OAUTHBEARER/);
  const passwords: Validator = { name: "own", password: () => Promise.resolve({ kind: "unknown", why: "" }) };
  assert.throws(() => createSaslServer({ mechanisms: ["PLAIN", "SCRAM-SHA-256"], judge: passwords }), RangeError);
});

test("a client takes the strongest that it can, and shows no password without TLS", () => {
  const offered = ["PLAIN", "LOGIN", "cram-md5", "NTLM", "SCRAM-SHA-1", "SCRAM-SHA-256", "SCRAM-SHA-256-PLUS"];
  const credentials = { username: "alice", password: "secret" };
  const choice = (from: readonly string[], options?: ChoiceOptions) =>
    chooseClient(from, credentials, options)?.mechanism;
  assert.equal(choice(offered), "SCRAM-SHA-256");
  assert.equal(choice(offered.slice(0, 4)), "NTLM");
  assert.equal(choice(offered.slice(0, 2)), undefined);
  assert.equal(choice(offered.slice(0, 2), SECURE), "PLAIN");
  const binding = { type: "tls-exporter", data: Buffer.alloc(32) };
  assert.equal(
    choice(offered, { connection: { ...clientConnection(), channelBindings: [binding] } }),
    "SCRAM-SHA-256-PLUS",
  );
  assert.equal(choice(offered, { preference: ["NTLM"] }), "NTLM");
  assert.equal(chooseClient(["XOAUTH2", "PLAIN"], { username: "alice", token: "t" }, SECURE)?.mechanism, "XOAUTH2");
});

test("a server that lets a SCRAM client in without proof is found out", async () => {
  const client = clientExchange("SCRAM-SHA-256", { username: "alice", password: "secret" })!;
  assert.throws(() => client.finish(), { name: "SaslError", code: "server-not-proven" });
  await assert.rejects(client.next(Buffer.from("r=other,s=AAAA,i=4096")), SaslError);
});

test("malformed bytes and a cancelled exchange are results, not errors", async () => {
  const server = createSaslServer({ mechanisms: EVERY, judge: accounts([ALICE]) });
  const malformed = await server.begin("NTLM", TLS)!.start(Buffer.from("junk"));
  assert.equal(malformed.kind === "done" && judged(malformed.result), "malformed");
  const exchange = server.begin("LOGIN", TLS)!;
  assert.equal((await exchange.start()).kind, "challenge");
  assert.equal(judged(await exchange.cancel()), "cancelled");
  await assert.rejects(exchange.respond(Buffer.alloc(0)), /over/);
});

test("a judge that fails is heard of", async () => {
  const judge = accountLookup(() => Promise.reject(new Error("directory down")));
  for (const mechanism of EVERY) {
    await assert.rejects(
      logOn(mechanism, { username: "alice", password: "secret" }, judge),
      /directory down/,
      mechanism,
    );
  }
});

test("lines are strict base64, with = for an empty response and * to cancel", async () => {
  const server = createSaslServer({ mechanisms: EVERY, judge: accounts([ALICE]) });
  const run = async (mechanism: string, initial: string | undefined, ...lines: string[]) => {
    const framing = { challenge: () => undefined, answer: () => Promise.resolve(lines.shift()) };
    return judged(await server.converse(mechanism, initial, framing, TLS));
  };
  const plain = Buffer.from("\0alice\0secret").toString("base64");
  assert.equal(await run("plain", plain), "alice");
  assert.equal(await run("PLAIN", undefined, plain), "alice");
  assert.equal(await run("PLAIN", `${plain}!`), "malformed");
  assert.equal(await run("PLAIN", undefined, "*"), "cancelled");
  assert.equal(await run("GSSAPI", undefined), "not-offered");
});

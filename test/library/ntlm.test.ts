import assert from "node:assert/strict";
import { test } from "node:test";
import {
  channelBindingOf,
  createClient,
  createServer,
  ntHash,
  NtlmError,
  SpnegoAcceptor,
  SpnegoInitiator,
  type NtlmClientOptions,
  type NtlmResult,
  type NtlmServerOptions,
} from "../../src/library/ntlm.ts";
import { CERTIFICATE, STRANGER } from "../support/certificates.ts";
import { X509Certificate } from "node:crypto";

const ALICE = { ntHash: ntHash("secret"), id: 7 };

async function logOn(
  client: Partial<NtlmClientOptions> = {},
  server: Partial<NtlmServerOptions> = {},
  binding?: Uint8Array,
): Promise<NtlmResult<typeof ALICE>> {
  const find = (user: string) => (user.toLowerCase() === "alice" ? ALICE : undefined);
  const exchange = createServer({ ...server, find }).begin({ channelBinding: binding });
  const initiator = createClient({ user: "alice", domain: "EXAMPLE", password: "secret", ...client });
  return exchange.verify(initiator.authenticate(exchange.challenge(initiator.negotiate())));
}

const refusal = (result: NtlmResult): string => (result.kind === "refused" ? result.reason : result.kind);

test("a client with the password is accepted with NTLMv2, and its account is handed back", async () => {
  const result = await logOn();
  assert.ok(result.kind === "accepted");
  assert.deepEqual([result.account.id, result.scheme, result.user, result.domain], [7, "NTLMv2", "alice", "EXAMPLE"]);
});

test("names in one field are looked up by their parts", async () => {
  const seen: unknown[] = [];
  for (const user of ["EXAMPLE\\alice", "alice@example.com", "alice"]) {
    const initiator = createClient({ user, password: "secret" });
    const find = (...name: unknown[]) => (seen.push(name), ALICE);
    const exchange = createServer({ find }).begin();
    const result = await exchange.verify(initiator.authenticate(exchange.challenge(initiator.negotiate())));
    assert.equal(result.kind, "accepted", user);
  }
  assert.deepEqual(seen, [
    ["alice", "EXAMPLE"],
    ["alice", "example.com"],
    ["alice", undefined],
  ]);
});

test("a wrong password, an unknown user and an anonymous logon are refused, each by its reason", async () => {
  assert.equal(refusal(await logOn({ password: "Secret" })), "wrong-password");
  assert.equal(refusal(await logOn({ user: "mallory" })), "unknown-user");
  assert.equal(refusal(await logOn({ user: "", password: "", domain: "" })), "policy");
});

test("NTLMv1 needs a policy that takes it", async () => {
  const refused = await logOn({ scheme: "NTLMv1" });
  assert.ok(refused.kind === "refused");
  assert.equal(refused.rule, "minimum");
  const accepted = await logOn({ scheme: "NTLMv1" }, { policy: { minimum: "v1" } });
  assert.equal(accepted.kind === "accepted" && accepted.scheme, "NTLMv1");
});

test("a logon that is bound to another TLS connection is refused", async () => {
  const der = (pem: string) => new X509Certificate(pem).raw;
  const [ours, other] = [channelBindingOf(der(CERTIFICATE.cert))!, channelBindingOf(der(STRANGER.cert))!];
  assert.equal(ours.length, 16);
  assert.equal((await logOn({ channelBinding: ours }, {}, ours)).kind, "accepted");
  const relayed = await logOn({ channelBinding: other }, {}, ours);
  assert.equal(relayed.kind === "refused" && relayed.rule, "channel-binding");
});

test("what is signed by one side is verified, and what is sealed is read, by the other", () => {
  const find = () => ALICE;
  const client = createClient({ user: "alice", password: "secret", request: { confidentiality: true } });
  const exchange = createServer({ find }).begin();
  const answer = client.authenticate(exchange.challenge(client.negotiate()));
  return exchange.verify(answer).then((result) => {
    assert.ok(result.kind === "accepted");
    const [ours, theirs] = [result.security(), client.security()!];
    const sealed = theirs.wrap(Buffer.from("attack at dawn"));
    assert.equal(sealed.includes("dawn"), false);
    assert.equal(ours.unwrap(sealed)?.toString(), "attack at dawn");
    assert.equal(ours.unwrap(sealed), undefined, "a replay");
  });
});

test("an exchange is good for one logon", async () => {
  const exchange = createServer({ find: () => ALICE }).begin();
  const client = createClient({ user: "alice", password: "secret" });
  await assert.rejects(exchange.verify(Buffer.alloc(80)), NtlmError, "before the challenge");
  const answer = client.authenticate(exchange.challenge(client.negotiate()));
  assert.throws(() => exchange.challenge(client.negotiate()), NtlmError);
  assert.equal((await exchange.verify(answer)).kind, "accepted");
  await assert.rejects(exchange.verify(answer), { name: "NtlmError", code: "wrong-type" });
});

test("no two challenges are the same", () => {
  const server = createServer({ find: () => undefined });
  const negotiate = createClient({ user: "a", password: "b" }).negotiate();
  const nonces = Array.from({ length: 100 }, () => server.begin().challenge(negotiate).toString("hex", 24, 32));
  assert.equal(new Set(nonces).size, 100);
});

test("bytes that are no NTLM are a typed error or result, and what find throws is passed on", async () => {
  const client = createClient({ user: "alice", password: "secret" });
  const server = createServer({ find: () => Promise.reject(new Error("directory down")) });
  assert.throws(() => server.begin().challenge(Buffer.from("EHLO")), NtlmError);
  const junk = server.begin();
  junk.challenge(client.negotiate());
  assert.equal(refusal(await junk.verify(Buffer.from("NTLMSSP\0junk"))), "malformed");
  const exchange = server.begin();
  const answer = client.authenticate(exchange.challenge(client.negotiate()));
  await assert.rejects(exchange.verify(answer), /directory down/);
});

test("an account whose hash is no hash is the application's mistake", async () => {
  const exchange = createServer({ find: () => ({ ntHash: Buffer.from("secret") }) }).begin();
  const client = createClient({ user: "alice", password: "secret" });
  const answer = client.authenticate(exchange.challenge(client.negotiate()));
  await assert.rejects(exchange.verify(answer), TypeError);
});

test("SPNEGO goes around either side", async () => {
  const exchange = createServer({ find: () => ALICE }).begin();
  const acceptor = new SpnegoAcceptor();
  const initiator = new SpnegoInitiator(createClient({ user: "alice", password: "secret" }));
  const first = acceptor.receive(initiator.begin());
  assert.ok(first.kind === "mechanism");
  const second = acceptor.receive(initiator.receive(acceptor.challenge(exchange.challenge(first.message)))!);
  assert.ok(second.kind === "mechanism");
  const result = await exchange.verify(second.message);
  assert.ok(result.kind === "accepted");
  assert.equal(initiator.receive(acceptor.complete(result.security())), undefined);
  assert.equal(initiator.isCompleted, true);
});

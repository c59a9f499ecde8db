/** Validator `http`: conformance in both modes, every way in which a service can fail, and the example service. */
import assert from "node:assert/strict";
import { after, test } from "node:test";
import { fileURLToPath } from "node:url";
import { Secret } from "../../../src/core/secret.ts";
import { encodeBase64 } from "../../../src/core/base64.ts";
import type { Validator } from "../../../src/core/validator.ts";
import type { Verdict } from "../../../src/core/verdict.ts";
import { ntHash } from "../../../src/ntlm/hashes.ts";
import { selfSigned } from "../../../src/sandbox/certificate.ts";
import { deriveKeys } from "../../../src/scram/keys.ts";
import { accountsValidator } from "../../../src/validators/file/file.ts";
import { sign } from "../../../src/validators/http/authentication.ts";
import { httpValidator, type HttpOptions } from "../../../src/validators/http/http.ts";
import { eventually, Running } from "../../peers/programs.ts";
import { ACCOUNTS, byNtlm, byPassword, byScram, conformance, NAMES, summary, VISIT } from "../conformance.ts";
import { version2 } from "../ntlm-client.ts";
import { hex, judging, serve, type Handler, type Question, type TestService } from "./service.ts";

const services: TestService[] = [];
after(() => Promise.all(services.map((service) => service.close())));

async function served(
  handler: Handler,
  options: Partial<HttpOptions> = {},
): Promise<Validator & { service: TestService }> {
  const service = await serve(handler);
  services.push(service);
  const validator = httpValidator({
    name: "web",
    url: service.url,
    names: NAMES,
    work: { mode: "verify", mechanisms: ["PLAIN", "NTLM", "OAUTHBEARER", "EXTERNAL"] },
    timeout: 5000,
    ...options,
  });
  return { ...validator, service };
}

const text = ACCOUNTS.map(({ name, password, domain, mailbox, groups, attributes, disabled }) => {
  const words = { nt: hex(ntHash(password)), domain, mailbox, groups, ...attributes, disabled: disabled && "yes" };
  const given = Object.entries(words).filter(([, value]) => value !== undefined);
  return `${name}:::::::${given.map(([key, value]) => `${key}=${String(value)}`).join(" ")}\n`;
}).join("");
const behind = accountsValidator({ name: "behind", names: NAMES, text });
conformance("A web service that verifies", () => served(judging(behind)));

const salt = Buffer.from("one salt for all");
const records = await Promise.all(
  ACCOUNTS.map(async ({ name, password, disabled, ...rest }) => {
    const { storedKey, serverKey } = await deriveKeys("SCRAM-SHA-256", password, { iterations: 4096, salt });
    const keys = `4096,${[salt, storedKey, serverKey].map(encodeBase64).join()}`;
    return { name, nt: hex(ntHash(password)), "scram-sha-256": keys, ...rest, state: { disabled: disabled === true } };
  }),
);
const looking: Handler = ({ name, user }) => {
  const wanted = [name, user].map((each) => String(each).toLowerCase());
  const accounts = records.filter((each) => wanted.includes(each.name) || wanted.includes(each.name.split("@")[0]!));
  return accounts.length === 0 ? { result: "unknown" } : { result: "found", accounts };
};
const lookup: HttpOptions["work"] = { mode: "lookup", mechanisms: ["PLAIN", "NTLM", "SCRAM-SHA-256"] };
conformance("A web service that looks accounts up", () => served(looking, { work: lookup }), { keys: true });

const accepted = { result: "accepted", user: "alice" };
const password = async (validator: Validator): Promise<Verdict> =>
  (await validator.password?.({ username: "alice", password: new Secret("Password1") }, VISIT))!;
const why = (verdict: Verdict) => (verdict.kind === "accepted" ? "" : verdict.why);

test("the service hears who asks, where and how, and the identity is what it answers", async () => {
  const questions: Question[] = [];
  const sids = { user: "S-1-5-21-1-2-3-1001", primaryGroup: "S-1-5-21-1-2-3-513", groups: ["S-1-5-21-1-2-3-513"] };
  const answer = {
    ...accepted,
    domain: "EXAMPLE",
    mailbox: "box",
    groups: ["staff"],
    attributes: { room: "12" },
    sids,
  };
  const validator = await served((question) => (questions.push(question), answer));
  const verdict = await password(validator);
  assert.deepEqual(verdict, {
    kind: "accepted",
    identity: {
      user: "alice",
      domain: "EXAMPLE",
      mailbox: "box",
      groups: ["staff"],
      attributes: { room: "12" },
      token: { sids: [sids.user, sids.primaryGroup], userIndex: 0, primaryGroup: 1 },
    },
  });
  const visit = {
    id: "v1",
    listener: "imap",
    protocol: "imap",
    client: { address: "192.0.2.1", port: 1 },
    secure: true,
  };
  assert.deepEqual(questions, [{ version: 1, evidence: "password", visit, username: "alice", password: "Password1" }]);
});

test("tokens and certificates are asked about in words of their own", async () => {
  const questions: Question[] = [];
  const validator = await served((question) => (questions.push(question), accepted));
  const token = await validator.bearer?.verify({ username: "", token: new Secret("t0k3n") }, VISIT);
  const certificate = { fingerprint: "ab", commonName: undefined, emails: ["a@example.com"] };
  const shown = await validator.certificate?.({ authzid: "alice", certificate }, VISIT);
  assert.deepEqual([token && summary(token), shown && summary(shown)], ["accepted alice", "accepted alice"]);
  assert.deepEqual(
    questions.map(({ evidence, token, authzid, certificate }) => ({ evidence, token, authzid, certificate })),
    [
      { evidence: "bearer", token: "t0k3n", authzid: undefined, certificate: undefined },
      {
        evidence: "certificate",
        token: undefined,
        authzid: "alice",
        certificate: { fingerprint: "ab", emails: ["a@example.com"] },
      },
    ],
  );
  const long = await validator.bearer?.verify({ username: "", token: new Secret("x".repeat(20_000)) }, VISIT);
  assert.equal(long && summary(long), "denied bad-credentials");
});

test("only what the configuration names is offered", async () => {
  const verify = await served(() => accepted, { work: { mode: "verify", mechanisms: ["NTLM"] } });
  assert.deepEqual([verify.password, verify.bearer, verify.certificate, verify.keys], Array(4).fill(undefined));
  const plain = await served(looking, { work: { mode: "lookup", mechanisms: ["PLAIN"] } });
  assert.deepEqual([plain.ntlm, plain.keys?.kinds], [undefined, []]);
});

test("denials keep their reason, status and user", async () => {
  const status = 0xc0000072;
  const say = async (answer: object) => password(await served(() => ({ result: "denied", ...answer })));
  assert.deepEqual(await say({ reason: "disabled", status, why: "left in May", user: "alice" }), {
    kind: "denied",
    reason: "disabled",
    why: "left in May",
    user: "alice",
    status,
  });
  assert.equal(summary(await say({ status })), "denied disabled");
  assert.equal(summary(await say({})), "denied bad-credentials");
  assert.equal(summary(await say({ status: 0xc000005e })), "unavailable", "NO_LOGON_SERVERS is no word about the user");
});

test("an NTLM acceptance without the session base key is no answer", async () => {
  const without = await served(() => accepted);
  assert.equal(await byNtlm(without, version2({ user: "alice", password: "x" })), "unavailable");
  const withKey = await served(() => ({ ...accepted, sessionBaseKey: "00".repeat(16) }));
  assert.equal(await byNtlm(withKey, version2({ user: "alice", password: "x" })), "accepted alice");
});

test("what the documentation does not describe is an outage, and its values are not printed", async () => {
  const answers: readonly unknown[] = [
    {}, [], "accepted", null, { result: "yes" }, { result: "accepted" }, { result: "accepted", user: "" },
    { result: "accepted", user: "a\nb" }, { ...accepted, admin: true }, { ...accepted, groups: "staff" },
    { ...accepted, groups: Array(3000).fill("g") }, { ...accepted, attributes: { a: "x\0hunter2" } },
    { ...accepted, sids: { groups: ["S-2"] } }, { result: "denied", reason: "hunter2" }, { result: "unknown", user: "alice" },
    { ...accepted, sessionBaseKey: "hunter2" },
  ]; // prettier-ignore
  for (const answer of answers) {
    const verdict = await password(await served(() => answer));
    assert.equal(summary(verdict), "unavailable", JSON.stringify(answer));
    assert.doesNotMatch(why(verdict), /hunter2/);
  }
  assert.match(
    why(await password(await served(() => ({ ...accepted, groups: 1 })))),
    /cannot be read: groups: invalid_type/,
  );
});

test("statuses that are not 200 are outages that say whose fault it is", async () => {
  const words: readonly (readonly [number, RegExp])[] = [
    [201, /status 201/], [204, /status 204/], [301, /elsewhere/], [307, /elsewhere/], [400, /is the url right/],
    [401, /our own credentials/], [403, /our own credentials/], [404, /is the url right/], [429, /more often/],
    [500, /status 500/], [503, /status 503/],
  ]; // prettier-ignore
  for (const [status, expected] of words) {
    const answer: Handler = (_, __, response) =>
      void response.writeHead(status, { location: "/logon" }).end(JSON.stringify(accepted));
    const validator = await served(answer);
    const verdict = await password(validator);
    assert.equal(summary(verdict), "unavailable", `${status}`);
    assert.match(why(verdict), expected);
    assert.equal(validator.service.requests.length, 1, "nothing is followed");
  }
});

test("answers that are too long, no JSON, broken off or compressed are outages", async () => {
  const handlers: readonly Handler[] = [
    (_, __, response) => void response.end(`{"result":"accepted","user":"${"a".repeat(300_000)}"}`),
    (_, __, response) => void response.end("<html>"),
    (_, __, response) => void response.writeHead(200, { "content-length": "99" }).write("{", () => response.destroy()),
    (_, request) => void request.socket.destroy(),
    (_, __, response) => void response.writeHead(200, { "content-encoding": "gzip" }).end(JSON.stringify(accepted)),
  ];
  for (const handler of handlers) assert.equal(summary(await password(await served(handler))), "unavailable");
});

test("a service that hangs or drips costs each client its time limit, and so many clients at once", async () => {
  const validator = await served((_, __, response) => void setInterval(() => response.write(" "), 20).unref(), {
    timeout: 200,
    concurrency: 1,
  });
  const started = performance.now();
  const verdicts = await Promise.all(Array.from({ length: 12 }, () => password(validator)));
  assert.ok(performance.now() - started < 2000);
  assert.deepEqual(new Set(verdicts.map(summary)), new Set(["unavailable"]));
  assert.equal(verdicts.filter((verdict) => /too many/.test(why(verdict))).length, 3);
  assert.ok(validator.service.requests.length <= 3, "who was answered already is not asked about");
});

test("a service that nobody listens at is an outage, and back when it is back", async () => {
  const validator = await served(() => accepted);
  await validator.service.close();
  assert.equal(summary(await password(validator)), "unavailable");
  const { port } = new URL(validator.service.url);
  await new Promise<void>((resolve) => validator.service.server.listen(Number(port), "127.0.0.1", resolve));
  assert.equal(summary(await password(validator)), "accepted alice");
});

test("a thousand logons use a few connections", async () => {
  const validator = await served(() => accepted);
  const sockets = new Set<unknown>();
  validator.service.server.on("connection", (socket) => sockets.add(socket));
  for (let round = 0; round < 20; round++) await Promise.all(Array.from({ length: 50 }, () => password(validator)));
  assert.ok(sockets.size <= 16, `${sockets.size}`);
});

test("the service's certificate must be of the authority that is configured", async () => {
  const { cert, key } = selfSigned(["localhost"], ["127.0.0.1"]);
  const service = await serve(() => accepted, { cert, key });
  services.push(service);
  const options: HttpOptions = {
    name: "web",
    url: service.url,
    names: NAMES,
    work: { mode: "verify", mechanisms: ["PLAIN"] },
  };
  assert.equal(summary(await password(httpValidator({ ...options, ca: cert }))), "accepted alice");
  assert.equal(summary(await password(httpValidator(options))), "unavailable");
  assert.throws(() => httpValidator({ ...options, url: "http://example.com/" }), /not https/);
});

test("requests show who we are: bearer, Basic, or a signature over what is sent", async () => {
  const secret = new Secret("s3cret");
  const seen: (string | undefined)[] = [];
  const note: Handler = (_, { headers }) => (seen.push(headers.authorization), accepted);
  await password(await served(note, { authentication: { kind: "bearer", token: secret } }));
  await password(await served(note, { authentication: { kind: "basic", user: "postern", password: secret } }));
  assert.deepEqual(seen, ["Bearer s3cret", `Basic ${Buffer.from("postern:s3cret").toString("base64")}`]);
});

test("signatures are those of RFC 9421, appendix B.2.5", () => {
  const key = Buffer.from(
    "uzvJfB4u3N0Jy4T7NZ75MDVcr8zSTInedJtkgcu46YW4XByzNJjxBdtjUkdJPBtbmHhIDi6pcl8jsasjlTMtDQ==",
    "base64",
  );
  const components = [
    ["date", "Tue, 20 Apr 2021 02:07:55 GMT"],
    ["@authority", "example.com"],
    ["content-type", "application/json"],
  ] as const;
  const { input, signature } = sign(components, ';created=1618884473;keyid="test-shared-secret"', key);
  assert.equal(input, '("date" "@authority" "content-type");created=1618884473;keyid="test-shared-secret"');
  assert.equal(signature, "pxcQw6G3AjtMBQjwo8XzkZf/bws5LelbaMk5rGIGtE8=");
});

test("accounts that cannot be used are outages that say what is wrong with them, but no secret", async () => {
  const found =
    (account: object): Handler =>
    () => ({ result: "found", accounts: [{ name: "alice", ...account }] });
  const wrong: readonly (readonly [object, RegExp])[] = [
    [{}, /neither a password nor nt/], [{ nt: "hunter2" }, /nt/i], [{ password: "{NOPE}hunter2" }, /./],
    [{ nt: "0".repeat(32), state: { asleep: true } }, /asleep|state/], [{ nt: "0".repeat(32), state: { disabled: "perhaps" } }, /disabled/],
    [{ nt: "0".repeat(32), "scram-sha-256": "hunter2" }, /scram-sha-256/], [{ nt: "0".repeat(32), NT: "x" }, /unknown key/],
  ]; // prettier-ignore
  for (const [account, expected] of wrong) {
    const verdict = await password(await served(found(account), { work: lookup }));
    assert.equal(summary(verdict), "unavailable", JSON.stringify(account));
    assert.match(why(verdict), expected);
    assert.doesNotMatch(why(verdict), /hunter2/);
  }
  const validator = await served(found({ nt: hex(ntHash("Password1")), attributes: { nt: "mine", disabled: "yes" } }), {
    work: lookup,
  });
  const verdict = await password(validator);
  assert.ok(verdict.kind === "accepted", "attributes are attributes, whatever their names");
  assert.deepEqual(verdict.identity.attributes, { nt: "mine", disabled: "yes" });
  const down = await served(() => ({ result: "unavailable", why: "moving" }), { work: lookup });
  assert.deepEqual([summary(await password(down)), await byScram(down, "alice", "x")], ["unavailable", "unavailable"]);
});

const EXAMPLE = fileURLToPath(new URL("../../../../examples/http-validator/server.mjs", import.meta.url));

test("the example service judges passwords of who signs with its key", async () => {
  const server = new Running(process.execPath, [EXAMPLE], { POSTERN_KEY: "0123456789abcdef", PORT: "0" });
  try {
    const port = await eventually("the example listens", () => /port (\d+)/.exec(server.said)?.[1]);
    const asked = (key: string, path = "logon") =>
      httpValidator({
        name: "web",
        url: `http://127.0.0.1:${port}/${path}`,
        names: NAMES,
        work: { mode: "verify", mechanisms: ["PLAIN", "NTLM"] },
        authentication: { kind: "hmac", keyId: "postern", key: new Secret(key) },
      });
    const validator = asked("0123456789abcdef");
    assert.equal(await byPassword(validator, "Alice@example.com", "Password1"), "accepted alice");
    assert.equal(await byPassword(validator, "alice", "wrong"), "denied bad-credentials");
    assert.equal(await byPassword(validator, "dave", "dave's"), "denied disabled");
    assert.equal(await byPassword(validator, "nobody", "Password1"), "unknown");
    assert.equal(await byNtlm(validator, version2({ user: "alice", password: "Password1" })), "unavailable");
    assert.match(why(await password(asked("another key, wrong"))), /our own credentials \(status 401\)/);
    await validator.close?.();
  } finally {
    await server.stop();
  }
});

/** Every mechanism through the whole gateway: offered where it can succeed, let in to a server behind, refused otherwise. */
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import type { TLSSocket } from "node:tls";
import { Radar } from "../src/radar/radar.ts";
import { selfSigned } from "../src/sandbox/certificate.ts";
import { cramMd5Client } from "../src/sasl/client/cram-md5.ts";
import type { ClientExchange } from "../src/sasl/client/exchange.ts";
import { externalClient } from "../src/sasl/client/external.ts";
import { loginClient } from "../src/sasl/client/login.ts";
import { ntlmClient } from "../src/sasl/client/ntlm.ts";
import { plainClient } from "../src/sasl/client/plain.ts";
import { scramClient } from "../src/sasl/client/scram.ts";
import type { StagedBackend } from "./support/backend.ts";
import { CERTIFICATE } from "./support/certificates.ts";
import { openEchoBackend } from "./support/echo-backend.ts";
import { eventually, startGateway, type RunningGateway } from "./support/gateway.ts";
import { dialTls, type Talker } from "./support/talker.ts";

const ALL = [
  "NTLM",
  "SCRAM-SHA-256-PLUS",
  "SCRAM-SHA-256",
  "SCRAM-SHA-1-PLUS",
  "SCRAM-SHA-1",
  "PLAIN",
  "LOGIN",
  "CRAM-MD5",
  "OAUTHBEARER",
  "EXTERNAL",
];
/** Its own authority. */
const ALICE = selfSigned(["Alice", "alice@example.com"], []);
const ACCOUNTS = "alice:{PLAIN}secret::::::cert=email mailbox=alice@example.com domain=EXAMPLE\n";
const RIGHT = { username: "alice", password: "secret" };

let backend!: StagedBackend;
let running!: RunningGateway;
let radar!: Radar;

before(async () => {
  backend = await openEchoBackend("imap");
  radar = await Radar.open({ path: undefined, warn: (message) => assert.fail(message) });
  const pieces = {
    listeners: [
      { protocol: "imap", tls: "implicit", mechanisms: ALL, clientCertificates: { ca: ALICE.cert } },
      { name: "strict", protocol: "imap", tls: "off", ntlm: { minimum: "v2" } },
    ],
    tls: [{ cert: CERTIFICATE.cert, key: CERTIFICATE.key }],
    policy: {
      exceptions: [
        { name: "old", owner: "Jane", expires: "2999-12-31", reason: "x", users: ["alice"], allow: { minimum: "v1" } },
        { name: "gone", owner: "Jane", expires: "2001-12-31", reason: "x", users: ["bob"], allow: { minimum: "v1" } },
      ],
    },
    backends: {
      store: {
        imap: { host: "127.0.0.1", port: backend.port },
        logon: { method: "master", user: "gw", password: "x" },
      },
    },
    limits: { failureDelay: "0ms" },
  } as unknown as Parameters<typeof startGateway>[0];
  running = await startGateway(pieces, { accounts: `${ACCOUNTS}bob:{PLAIN}secret\n`, radar });
});
after(async () => {
  await running.stop();
  backend.close();
});

/** One AUTHENTICATE; resolves to the tagged answer. */
async function authenticate(talker: Talker, exchange: ClientExchange): Promise<string> {
  talker.send(`a1 AUTHENTICATE ${exchange.mechanism}\r\n`);
  let initial = exchange.initial;
  for (;;) {
    const line = await talker.line();
    if (!line.startsWith("+ ")) {
      if (line.startsWith("a1 OK")) exchange.finish();
      return line;
    }
    const challenge = Buffer.from(line.slice(2), "base64");
    const response = initial !== undefined ? initial : await exchange.next(challenge);
    initial = undefined;
    talker.send(`${Buffer.from(response).toString("base64")}\r\n`);
  }
}

async function enter(makeExchange: (talker: Talker) => ClientExchange, options: object = {}): Promise<string> {
  const talker = await dialTls(running.port(), options);
  await talker.line();
  const answer = await authenticate(talker, makeExchange(talker));
  talker.destroy();
  return answer;
}

function exporter(talker: Talker): Buffer {
  return (talker.socket as TLSSocket).exportKeyingMaterial(32, "EXPORTER-Channel-Binding", Buffer.alloc(0));
}

test("what can succeed is offered: a token needs a judge, EXTERNAL a certificate", async () => {
  const offered = async (options: object): Promise<string[]> => {
    const talker = await dialTls(running.port(), options);
    const greeting = await talker.line();
    talker.destroy();
    return [...greeting.matchAll(/AUTH=(\S+?)(?=[ \]])/g)].map(([, name = ""]) => name);
  };
  const usual = ALL.filter((name) => name !== "OAUTHBEARER" && name !== "EXTERNAL");
  // bob has no certificate, but alice has: EXTERNAL is about the connection, not about all accounts.
  assert.deepEqual(await offered({}), usual);
  assert.deepEqual(await offered(ALICE), [...usual, "EXTERNAL"]);
  assert.deepEqual(await offered({}), usual, "the next client is not told what the last one had");
});

describe("the right password is let in, a wrong one is not:", () => {
  const exchanges: Readonly<Record<string, (talker: Talker, password: string) => ClientExchange>> = {
    NTLM: (_talker, password) => ntlmClient({ ...RIGHT, password, domain: "EXAMPLE" }),
    PLAIN: (_talker, password) => plainClient({ ...RIGHT, password }),
    LOGIN: (_talker, password) => loginClient({ ...RIGHT, password }),
    "CRAM-MD5": (_talker, password) => cramMd5Client({ ...RIGHT, password }),
    "SCRAM-SHA-256": (_talker, password) => scramClient({ ...RIGHT, password, hash: "SHA-256" }),
    "SCRAM-SHA-256-PLUS": (talker, password) =>
      scramClient({
        ...RIGHT,
        password,
        hash: "SHA-256",
        channelBinding: { type: "tls-exporter", data: exporter(talker) },
      }),
  };
  for (const [name, make] of Object.entries(exchanges)) {
    test(name, async () => {
      assert.match(await enter((talker) => make(talker, "secret")), /^a1 OK /);
      assert.match(await enter((talker) => make(talker, "Secret")), /^a1 NO \[AUTHENTICATIONFAILED\]/);
    });
  }
});

test("SCRAM bound to another TLS connection is refused", async () => {
  const answer = await enter(() =>
    scramClient({
      ...RIGHT,
      hash: "SHA-256",
      channelBinding: { type: "tls-exporter", data: Buffer.alloc(32) },
    }),
  ).catch((error: Error) => error.message);
  assert.match(answer, /a1 NO|channel-bindings-dont-match/);
});

test("a client certificate opens its owner's mailbox and nobody else's", async () => {
  assert.match(await enter(() => externalClient({}), ALICE), /^a1 OK /);
  assert.match(await enter(() => externalClient({ authzid: "alice" }), ALICE), /^a1 OK /);
  assert.match(await enter(() => externalClient({ authzid: "bob" }), ALICE), /^a1 NO /);
  assert.match(await enter(() => externalClient({}), {}), /^a1 (NO|BAD) /);
});

test("an exception lets in, by name, who would be refused; one that has expired does not", async () => {
  const lines = () => running.lines.filter(({ listener }) => listener === "strict");
  for (const [count, username] of [
    [1, "alice"],
    [2, "bob"],
  ] as const) {
    const talker = await running.dial("strict");
    await talker.line();
    await authenticate(talker, ntlmClient({ username, password: "secret", scheme: "NTLMv1" }));
    talker.destroy();
    await eventually(() => lines().length === count, "its line in the log");
  }
  const [alice, bob] = lines().map(({ user, result, rule, exception, why }) => {
    return { user, result, rule, exception, why };
  });
  assert.deepEqual(
    { user: alice?.user, result: alice?.result, exception: alice?.exception },
    { user: "alice", result: "entered", exception: "old" },
  );
  assert.deepEqual({ result: bob?.result, rule: bob?.rule }, { result: "denied", rule: "minimum" });
  assert.match(String(bob?.why), /gone|expired/);
});

test("the radar has seen every NTLM logon, and nothing else", () => {
  const { seen } = radar.snapshot();
  const schemes = seen.map((entry) => /NTLMv[12]/.exec(JSON.stringify(entry))?.[0]);
  assert.deepEqual(schemes.sort(), ["NTLMv1", "NTLMv2"]);
  assert.doesNotMatch(JSON.stringify(radar.snapshot()), /secret|Secret/);
});

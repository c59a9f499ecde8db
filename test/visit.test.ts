/** One client's stay, against clients and servers that misbehave: time, numbers, memory, and nothing left behind. */
import assert from "node:assert/strict";
import type { Socket } from "node:net";
import { Duplex } from "node:stream";
import { after, before, describe, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import type { ProtocolName } from "../src/core/visit.ts";
import type { Validator } from "../src/core/validator.ts";
import { negotiateMessage } from "../src/ntlm/initiator.ts";
import { StagedBackend } from "./support/backend.ts";
import { CERTIFICATE } from "./support/certificates.ts";
import { openEchoBackend } from "./support/echo-backend.ts";
import { eventually, startGateway, type Extras, type RunningGateway } from "./support/gateway.ts";
import { LOGGED_ON, logOn } from "./support/logon.ts";
import { dial, dialTls, type Talker } from "./support/talker.ts";

let store: StagedBackend;
before(async () => {
  store = await openEchoBackend("imap");
});
after(() => store.close());

interface Scene {
  readonly listener?: object;
  readonly limits?: object;
  readonly backend?: StagedBackend;
  readonly protocol?: ProtocolName;
}

function start(
  { listener, limits, backend = store, protocol = "imap" }: Scene = {},
  extras: Extras = {},
): Promise<RunningGateway> {
  return startGateway(
    {
      listeners: [{ protocol, plaintext: "allowed", tls: "off", ...listener }],
      tls: [{ cert: CERTIFICATE.cert, key: CERTIFICATE.key }],
      backends: { store: { [protocol]: { host: "127.0.0.1", port: backend.port } } },
      limits: { failureDelay: "0ms", badCommands: 1000, attempts: 100, ...limits },
    },
    extras,
  );
}

/** Nobody is left, and the log says why each went. */
async function endings({ gateway, lines, stop }: RunningGateway): Promise<unknown[]> {
  await eventually(() => gateway.connections === 0, "everybody is gone");
  await stop();
  assert.deepEqual(
    lines.filter(({ level }) => level === "error"),
    [],
  );
  return lines.map(({ end }) => end);
}

/** Whatever these clients do, they are gone soon after the time to log on is over. */
const DAWDLERS: readonly [string, object, (talker: Talker) => Promise<void> | void][] = [
  ["says nothing", {}, () => undefined],
  ["says one byte at a time", {}, (talker) => trickle(talker, "a")],
  ["says one command after the other", {}, (talker) => trickle(talker, "a1 NOOP\r\n")],
  [
    "stays in the middle of an exchange",
    {},
    (talker) => talker.send(`a1 AUTHENTICATE NTLM ${negotiateMessage().toString("base64")}\r\n`),
  ],
  ["stays in the middle of a literal", {}, (talker) => talker.send("a1 LOGIN {100+}\r\nabc")],
  ["never ends its line", {}, (talker) => trickle(talker, "x".repeat(1000))],
  ["begins no TLS after STARTTLS", { tls: "starttls" }, (talker) => talker.send("a1 STARTTLS\r\n")],
  ["begins no TLS at all", { tls: "implicit" }, () => undefined],
  ["trickles its ClientHello", { tls: "implicit" }, (talker) => trickle(talker, "\x16\x03\x01\x02")],
];

async function trickle(talker: Talker, text: string): Promise<void> {
  while (!talker.over) {
    talker.send(text);
    await sleep(40);
  }
}

/** These wait more than they work, so they do it at the same time. */
void describe("the clock", { concurrency: true }, () => {
  for (const [what, listener, behave] of DAWDLERS) {
    test(`a client that ${what} is sent away when its time to log on is over`, async () => {
      const running = await start({ listener, limits: { logonTime: "600ms" } });
      const started = Date.now();
      const client = await running.dial();
      const behaving = Promise.resolve(behave(client)).catch(() => undefined);
      await client.end();
      const lasted = Date.now() - started;
      assert.ok(lasted > 300 && lasted < 2_500, `${lasted} ms`);
      await behaving;
      assert.deepEqual(await endings(running), ["took too long to log on"]);
    });
  }

  for (const protocol of ["pop3", "imap", "smtp"] as const) {
    test(`a client is told that it was too slow (${protocol})`, async () => {
      const backend = await openEchoBackend(protocol);
      const running = await start({ protocol, backend, limits: { logonTime: "300ms" } });
      const client = await running.dial();
      await client.line();
      assert.match(await client.line(), /took too long/);
      await endings(running);
      backend.close();
    });
  }

  test("no word in the clear goes into the middle of a handshake", async () => {
    const running = await start({ listener: { tls: "implicit" }, limits: { logonTime: "300ms" } });
    const client = await running.dial();
    assert.equal(await client.end(), "");
    await endings(running);
  });

  test("a client that waits for a server behind is sent away as well, and the server is let go", async () => {
    const backend = await StagedBackend.open();
    const running = await start({
      backend,
      limits: { logonTime: "500ms", backend: { connect: "2s", logon: "1500ms" } },
    });
    const client = await running.dial();
    await client.line();
    client.send("a1 LOGIN alice secret\r\n");
    const server = await backend.next();
    assert.match(await client.end(), /BYE Logon took too long/);
    assert.equal(await server.end(), "");
    server.destroy();
    assert.deepEqual(await endings(running), ["took too long to log on"]);
    backend.close();
  });

  test("a session that is logged on is not under that clock", async () => {
    const running = await start({ limits: { logonTime: "300ms" } });
    const client = await running.dial();
    await logOn(client, "imap");
    await sleep(900);
    client.send("still here\r\n");
    assert.equal(await client.line(), "still here");
    client.socket.end();
    assert.deepEqual(await endings(running), ["closed"]);
  });

  test("a session in which nothing passes ends after the protocol's idle time", async () => {
    const running = await start({ limits: { idle: { imap: "400ms" } } });
    const client = await running.dial();
    await logOn(client, "imap");
    assert.equal(await client.end(), "");
    assert.deepEqual(await endings(running), ["idle"]);
  });

  test("a load balancer that says nothing is not waited for long", async () => {
    const running = await start({ listener: PROXIED });
    const started = Date.now();
    const client = await running.dial();
    assert.equal(await client.end(), "");
    const lasted = Date.now() - started;
    assert.ok(lasted > 3_000 && lasted < 7_000, `${lasted} ms`);
    assert.deepEqual(await endings(running), ["no PROXY header in time"]);
  });
});

for (const protocol of ["pop3", "imap", "smtp"] as const) {
  test(`past the limits a client is told to come back later (${protocol})`, async () => {
    const backend = await openEchoBackend(protocol);
    const running = await start({
      protocol,
      backend,
      limits: { connections: { total: 9, perAddress: 1, waiting: 9 } },
    });
    const first = await running.dial();
    await first.line();
    const second = await running.dial();
    const BUSY = {
      pop3: /^-ERR \[SYS\/TEMP\] too many/,
      imap: /^\* BYE \[UNAVAILABLE\] too many/,
      smtp: /^421 4\.3\.2 too many/,
    };
    assert.match(await second.end(), BUSY[protocol]);
    first.destroy();
    await eventually(() => running.gateway.connections === 0, "the first has left");
    const third = await running.dial();
    assert.match(await logOn(third, protocol), LOGGED_ON[protocol]);
    third.destroy();
    await endings(running);
    backend.close();
  });
}

test("past the total nobody comes in, and under implicit TLS nobody is told why", async () => {
  const running = await start({
    listener: { tls: "implicit" },
    limits: { connections: { total: 1, perAddress: 9, waiting: 9 } },
  });
  const first = await dialTls(running.port());
  await first.line();
  const second = await running.dial();
  assert.equal(await second.end(), "");
  first.destroy();
  await endings(running);
});

test("a newcomer takes the place of the one that waited longest, never of one that has logged on", async () => {
  const running = await start({ limits: { connections: { total: 9, perAddress: 9, waiting: 2 } } });
  const session = await running.dial();
  await logOn(session, "imap");
  const waiting = [await running.dial(), await running.dial()];
  for (const each of waiting) await each.line();
  const newcomer = await running.dial();
  await newcomer.line();
  await waiting[0]!.end();
  waiting[1]!.send("a1 NOOP\r\n");
  assert.equal(await waiting[1]!.line(), "a1 OK NOOP completed.");
  session.send("still here\r\n");
  assert.equal(await session.line(), "still here");
  for (const each of [session, newcomer, waiting[1]!]) each.destroy();
  assert.ok((await endings(running)).includes("made room for newer connections"));
});

test("two thousand silent connections leave another client served", async () => {
  const running = await start({ limits: { connections: { total: 10_000, perAddress: 10_000, waiting: 5_000 } } });
  const port = running.port();
  const crowd: Talker[] = [];
  while (crowd.length < 2_000) crowd.push(...(await Promise.all(Array.from({ length: 100 }, () => dial(port)))));
  await eventually(() => running.gateway.connections === 2_000, "all are there");
  const started = Date.now();
  const client = await running.dial();
  assert.match(await logOn(client, "imap"), LOGGED_ON.imap);
  const lasted = Date.now() - started;
  assert.ok(lasted < 1_000, `${lasted} ms`);
  for (const each of [client, ...crowd]) each.destroy();
  const ends = await endings(running);
  assert.equal(ends.length, 2_001);
});

/** Without what is only waiting to be collected. */
function heapInUse(): number {
  setFlagsFromString("--expose-gc");
  (runInNewContext("gc") as () => void)();
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}

test("endless lines and endless literals cost bounded memory, and others are served meanwhile", async () => {
  const running = await start();
  const flooders = await Promise.all(
    ["a".repeat(65_536), "a1 NOOP\r\n".repeat(5_000), "a1 LOGIN {0+}\r\n".repeat(1) + "{0+}\r\n".repeat(10_000)].map(
      async (text) => {
        const talker = await running.dial();
        talker.socket.on("data", () => undefined);
        return { talker, text };
      },
    ),
  );
  const before = heapInUse();
  let isOver = false;
  const flooding = Promise.all(
    flooders.map(async ({ talker, text }) => {
      while (!isOver && !talker.over) {
        talker.heard = Buffer.alloc(0);
        if (!talker.socket.write(text))
          await Promise.race([new Promise((resolve) => talker.socket.once("drain", resolve)), sleep(50)]);
        await sleep(0);
      }
    }),
  );
  for (let each = 0; each < 4; each += 1) {
    const client = await running.dial();
    assert.match(await logOn(client, "imap"), LOGGED_ON.imap);
    client.destroy();
    await sleep(50);
  }
  const grown = (heapInUse() - before) / 1_048_576;
  isOver = true;
  for (const { talker } of flooders) talker.destroy();
  await flooding;
  assert.ok(grown < 20, `${grown.toFixed(1)} MiB`);
  await endings(running);
});

test("a client that does not read its answers is given up", async () => {
  const running = await start();
  const client = await running.dial();
  client.socket.pause();
  client.socket.on("error", () => undefined);
  for (let each = 0; each < 400 && running.gateway.connections > 0; each += 1) {
    client.send("a1 CAPABILITY\r\n".repeat(500));
    await sleep(5);
  }
  assert.deepEqual(await endings(running), ["the peer does not read"]);
  client.destroy();
});

test("a client that leaves while the server behind is asked costs that server nothing more", async () => {
  const backend = await StagedBackend.open();
  const running = await start({ backend });
  const client = await running.dial();
  await client.line();
  client.send("a1 LOGIN alice secret\r\n");
  const server = await backend.next();
  server.send("* OK store\r\n");
  await server.line();
  client.destroy();
  await sleep(30);
  server.send("L1 OK done\r\n");
  assert.equal(await server.end(), "");
  server.destroy();
  await endings(running);
  backend.close();
});

test("a client that leaves while it is judged never reaches a server behind", async () => {
  const backend = await StagedBackend.open();
  let judge!: () => void;
  const asked = new Promise<void>((resolve) => (judge = resolve));
  const validator: Validator = {
    name: "slow",
    password: async ({ username }) => {
      judge();
      await sleep(100);
      return { kind: "accepted", identity: { user: username, mailbox: username, groups: [], attributes: {} } };
    },
  };
  const running = await start({ backend }, { validator });
  const client = await running.dial();
  await client.line();
  client.send("a1 LOGIN alice secret\r\n");
  await asked;
  client.destroy();
  await endings(running);
  assert.equal(backend.taken, 0);
  backend.close();
});

test("a client that has said all it has to say, and listens, gets its answers", async () => {
  const running = await start();
  const client = await running.dial();
  client.send("a1 CAPABILITY\r\na2 LOGIN alice wrong\r\na3 LOGOUT\r\n");
  client.socket.end();
  const heard = await client.end();
  assert.match(heard, /^a1 OK /m);
  assert.match(heard, /^a2 NO \[AUTHENTICATIONFAILED\]/m);
  assert.match(heard, /^a3 OK /m);
  await endings(running);
});

test("a validator that fails costs its client the connection, and nobody else anything", async () => {
  const validator: Validator = {
    name: "broken",
    password: ({ username }) =>
      username === "alice"
        ? Promise.reject(new TypeError("a fault"))
        : Promise.resolve({
            kind: "accepted",
            identity: { user: username, mailbox: username, groups: [], attributes: {} },
          }),
  };
  const running = await start({}, { validator });
  const [unlucky, lucky] = [await running.dial(), await running.dial()];
  await unlucky.line();
  unlucky.send("a1 LOGIN alice hunter2\r\n");
  assert.equal(await unlucky.end(), "");
  assert.match(await logOn(lucky, "imap", "bob"), LOGGED_ON.imap);
  lucky.destroy();
  await eventually(() => running.gateway.connections === 0, "all are gone");
  const fault = running.lines.find(({ level }) => level === "error");
  assert.match(String(fault?.["fault"]), /a fault/);
  assert.doesNotMatch(JSON.stringify(running.lines), /hunter2/);
  await running.stop();
});

const UNAVAILABLE = { pop3: /^-ERR \[SYS\/TEMP\]/, imap: /^a1 NO \[UNAVAILABLE\]/, smtp: /^454 4\.7\.0/ };

for (const protocol of ["pop3", "imap", "smtp"] as const) {
  test(`a judge that cannot judge is "try again later", as often as it takes (${protocol})`, async () => {
    const backend = await openEchoBackend(protocol);
    const down: Validator = { name: "down", password: () => Promise.resolve({ kind: "unavailable", why: "hunter2" }) };
    const running = await start({ protocol, backend, limits: { attempts: 1 } }, { validator: down });
    const client = await running.dial();
    assert.match(await logOn(client, protocol), UNAVAILABLE[protocol]);
    client.send(
      protocol === "imap"
        ? "a1 LOGIN alice secret\r\n"
        : `AUTH PLAIN ${Buffer.from("\0alice\0secret").toString("base64")}\r\n`,
    );
    assert.match(await client.line(), UNAVAILABLE[protocol], "it was no failed attempt");
    client.destroy();
    await endings(running);
    const { level, result } = running.lines.find(({ message }) => message === "logon failed")!;
    assert.deepEqual({ level, result }, { level: "warn", result: "judge-unavailable" });
    backend.close();
  });
}

test("a refusal takes its time, which doubles, and the client may leave meanwhile", async () => {
  const running = await start({ limits: { failureDelay: "150ms" } });
  const client = await running.dial();
  await client.line();
  for (const atLeast of [150, 300]) {
    const started = Date.now();
    client.send("a1 LOGIN alice wrong\r\n");
    await client.line();
    const lasted = Date.now() - started;
    assert.ok(lasted > atLeast - 10 && lasted < atLeast + 200, `${lasted} ms`);
  }
  client.send("a1 LOGIN alice wrong\r\n");
  client.destroy();
  assert.equal((await endings(running)).length, 1);
});

test("an unknown user and a wrong password are answered in the same words and after the same time", async () => {
  const running = await start({ limits: { failureDelay: "150ms" } });
  const answers: string[] = [];
  for (const user of ["alice", "nobody"]) {
    const client = await running.dial();
    await client.line();
    const started = Date.now();
    client.send(`a1 LOGIN ${user} wrong\r\n`);
    answers.push(await client.line());
    assert.ok(Math.abs(Date.now() - started - 150) < 100);
    client.destroy();
  }
  assert.equal(answers[0], answers[1]);
  await endings(running);
});

test("the log says who failed and why, in words that the client never hears", async () => {
  const running = await start();
  const client = await running.dial();
  await logOn(client, "imap", "alice", "hunter2");
  client.destroy();
  await endings(running);
  const { message, user, result, why, failures, mechanism } = running.lines[0]!;
  assert.deepEqual(
    { message, user, result, failures, mechanism },
    { message: "logon failed", user: "alice", result: "denied", failures: 1, mechanism: "LOGIN" },
  );
  assert.match(String(why), /password/);
  assert.doesNotMatch(JSON.stringify(running.lines), /hunter2/);
});

test("a client's endless name does not fill the log", async () => {
  const running = await start();
  const client = await running.dial();
  await client.line();
  client.send(`a1 LOGIN {8000+}\r\n${"n".repeat(8000)} x\r\n`);
  await client.line();
  client.destroy();
  await endings(running);
  assert.ok(String(running.lines[0]!["user"]).length < 300);
});

test("stopping ends waiting clients and sessions alike", async () => {
  const running = await start();
  const [waiting, session] = [await running.dial(), await running.dial()];
  await waiting.line();
  await logOn(session, "imap");
  await running.stop();
  await waiting.end();
  await session.end();
  assert.deepEqual(running.lines.map(({ end }) => end).sort(), ["Postern is stopping", "stopped"]);
});

const PROXIED = { proxyProtocol: { from: ["127.0.0.1"] } };

test("behind a load balancer limits and log are about the client that its header names", async () => {
  const running = await start({ listener: PROXIED, limits: { connections: { total: 9, perAddress: 1, waiting: 9 } } });
  const come = async (address: string): Promise<Talker> => {
    const talker = await running.dial();
    talker.send(`PROXY TCP4 ${address} 10.0.0.1 4321 143\r\n`);
    return talker;
  };
  const [first, other] = [await come("192.0.2.1"), await come("192.0.2.2")];
  assert.match(await first.line(), /^\* OK/);
  assert.match(await other.line(), /^\* OK/);
  assert.match(await (await come("192.0.2.1")).end(), /too many connections from this address/);
  first.destroy();
  other.destroy();
  await endings(running);
  assert.deepEqual(running.lines.map(({ client }) => client).sort(), ["192.0.2.1", "192.0.2.1", "192.0.2.2"]);
});

test("behind a load balancer a connection without the header is closed without a word", async () => {
  const running = await start({ listener: PROXIED });
  const client = await running.dial();
  client.send("a1 CAPABILITY\r\n");
  assert.equal(await client.end(), "");
  assert.deepEqual(await endings(running), ["the connection does not start with a PROXY header"]);
});

test("a header in front of TLS leaves the handshake whole", async () => {
  const running = await start({ listener: { ...PROXIED, tls: "implicit" } });
  const client = await running.dial();
  // In one packet with the ClientHello, as HAProxy sends it.
  const raw = client.letGo();
  const header = Buffer.from("PROXY TCP4 192.0.2.1 10.0.0.1 4321 993\r\n");
  let isFirst = true;
  const prefixing = new Duplex({
    read: () => undefined,
    write(chunk: Buffer, _encoding, done) {
      raw.write(isFirst ? Buffer.concat([header, chunk]) : chunk, done);
      isFirst = false;
    },
  });
  raw.on("data", (chunk: Buffer) => prefixing.push(chunk));
  client.socket = prefixing as Socket;
  await client.secure();
  assert.match(await client.line(), /^\* OK/);
  raw.destroy();
  await endings(running);
  assert.equal(running.lines[0]?.["client"], "192.0.2.1");
});

test("a header from anybody else is no header but a bad command", async () => {
  const running = await start({ listener: { proxyProtocol: { from: ["192.0.2.0/24"] } } });
  const client = await running.dial();
  await client.line();
  client.send("PROXY TCP4 192.0.2.1 10.0.0.1 4321 143\r\n");
  assert.match(await client.line(), /BAD/);
  client.destroy();
  await endings(running);
  assert.equal(running.lines[0]?.["client"], "127.0.0.1");
});

test("a client that comes and goes before it is looked at is no fault of ours", async () => {
  const running = await start({ listener: { proxyProtocol: { from: ["192.0.2.0/24"] } } });
  const visitors = await Promise.all(Array.from({ length: 50 }, () => running.dial()));
  for (const each of visitors) each.socket.resetAndDestroy();
  await sleep(50);
  await endings(running);
});

test("a client that ends in the middle of a TLS handshake is gone at once", async () => {
  const running = await start({ listener: { tls: "implicit" } });
  for (const first of ["", "\x16\x03\x01"]) {
    const client = await running.dial();
    client.send(first);
    client.socket.end();
    await client.end(1_000);
  }
  await endings(running);
});

/** Servers behind that are down, hang or die: clients are told to try later, quickly, and all is well soon after. */
import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer, type Server, type Socket } from "node:net";
import { after, before, describe, test } from "node:test";
import type { ProtocolName } from "../../src/core/visit.ts";
import { dial } from "../support/talker.ts";
import { visitByCurl } from "./clients/curl.ts";
import { arrival, loginAt, type Outcome } from "./login.ts";
import { eventually, LOOPBACK, without } from "./programs.ts";
import { MASTER, openWorld, passwordOf, withoutWorld, type Configuration, type World } from "./world.ts";

const PROTOCOLS: readonly ProtocolName[] = ["pop3", "imap", "smtp"];
const LATER = { pop3: /-ERR \[SYS\/TEMP\]/, imap: /NO \[UNAVAILABLE\]/, smtp: /454 4\.7\.0/ };

/** What a server behind gets to answer, and Postern to say so: ten clients that wait for each other would take longer. */
const BACKEND_TIMES = { connect: "1s", logon: "1s" };
const SOON = 8_000;

/** Takes connections and says only this. */
class Mute {
  readonly server: Server;
  readonly sockets = new Set<Socket>();

  constructor(greeting: string) {
    this.server = createServer((socket) => {
      this.sockets.add(socket.on("error", () => undefined));
      socket.resume().write(greeting);
    }).listen(0, LOOPBACK);
  }

  get port(): number {
    return (this.server.address() as { port: number }).port;
  }

  close(): void {
    this.server.close();
    for (const socket of this.sockets) socket.destroy();
  }
}

const mute = new Mute("");
const greeting = { pop3: new Mute("+OK\r\n"), imap: new Mute("* OK\r\n"), smtp: new Mute("220 here\r\n") };
const all = [mute, ...Object.values(greeting)];
await Promise.all(all.map(({ server }) => once(server, "listening")));
after(() => all.forEach((each) => each.close()));

function adapt(config: Configuration): object {
  const at = (each: Mute): object => ({ host: LOOPBACK, port: each.port });
  const logon = { method: "master", ...MASTER };
  const bad = {
    mute: { pop3: at(mute), imap: at(mute), smtp: at(mute), logon },
    stuck: { pop3: at(greeting.pop3), imap: at(greeting.imap), smtp: at(greeting.smtp), logon },
  };
  const names = Object.keys(bad);
  const listenersOf = (name: string): string[] => PROTOCOLS.map((protocol) => `${name}-${protocol}`);
  return {
    ...config,
    listeners: [
      ...config.listeners,
      ...names.flatMap((name) =>
        PROTOCOLS.map((protocol) => ({
          name: `${name}-${protocol}`,
          protocol,
          bind: `${LOOPBACK}:0`,
          tls: "implicit",
        })),
      ),
    ],
    backends: { ...config.backends, ...bad },
    routes: [...names.map((name) => ({ when: { listener: listenersOf(name) }, backend: name })), { backend: "behind" }],
    limits: { ...(config["limits"] as object), backend: BACKEND_TIMES },
  };
}

describe("servers behind that fail", { skip: without("curl") || withoutWorld() }, () => {
  let world!: World;
  before(async () => void (world = await openWorld(adapt)));
  after(() => world?.close());

  async function visit(protocol: ProtocolName, listener = `${protocol}s`): Promise<Outcome & { token: string }> {
    const login = loginAt(world, listener, { protocol, mechanism: "NTLM", tls: "TLS" });
    return { ...(await visitByCurl(login)), token: login.token };
  }

  async function isToldLater(protocol: ProtocolName, listener: string, why: RegExp): Promise<void> {
    const [from, started] = [world.gateway.records.length, Date.now()];
    const { isIn, said } = await visit(protocol, listener);
    assert.ok(!isIn);
    assert.match(said, LATER[protocol]);
    assert.ok(Date.now() - started < SOON, `it took ${Date.now() - started} ms`);
    const record = await world.gateway.logged(
      said,
      (each) => each["listener"] === listener && each["result"] !== "entered",
      from,
    );
    assert.match(String(record["why"]), why);
    assert.deepEqual([record["level"], record["result"]], ["warn", "unavailable"]);
  }

  async function isLetIn(protocol: ProtocolName): Promise<void> {
    const { isIn, said, token } = await visit(protocol);
    assert.ok(isIn, said);
    if (protocol === "smtp") await arrival(world, token);
  }

  for (const protocol of PROTOCOLS) {
    const name = protocol.toUpperCase();

    test(`${name}: while its server is down clients are told to try later, and let in when it is back`, async () => {
      const server = protocol === "smtp" ? world.postfix : world.dovecot;
      await isLetIn(protocol);
      await server.stop();
      await isToldLater(protocol, `${protocol}s`, /ECONNREFUSED/);
      const from = Date.now();
      await server.start();
      await isLetIn(protocol);
      assert.ok(Date.now() - from < 10_000, `it took ${Date.now() - from} ms`);
    });

    for (const [backend, words] of [
      ["mute", "takes connections and says nothing"],
      ["stuck", "greets and then hangs"],
    ] as const)
      // prettier-ignore
      test(`${name}: a server that ${words} costs its clients a second, and others nothing`, async () => {
        const waiting = Array.from({ length: 10 }, () => isToldLater(protocol, `${backend}-${protocol}`, /no answer in time/)); // prettier-ignore
        const started = Date.now();
        await isLetIn(protocol);
        const took = Date.now() - started;
        await Promise.all(waiting);
        assert.ok(took < 5_000, `others waited ${took} ms`);
      });
  }

  test("connections to a server that hangs are closed, not collected", async () => {
    await eventually("all connections to the mute server closed", () => {
      const open = all.flatMap(({ sockets }) => [...sockets]).filter((socket) => !socket.destroyed);
      return open.length === 0 ? true : undefined;
    });
  });

  test("a session whose server dies ends, and Postern lives on", async () => {
    const client = await dial(world.gateway.port("imaps"));
    await client.secure();
    await client.line();
    client.send(`a LOGIN alice ${passwordOf("alice")}\r\n`);
    assert.match(await client.line(), /^a OK/);
    client.send("b SELECT INBOX\r\n");
    let line = "";
    while (!line.startsWith("b ")) line = await client.line();
    const server = world.dovecot
      .log()
      .match(/imap-login: Info: Login: user=<alice>.* mpid=\d+/g)!
      .at(-1)!;
    process.kill(Number(/\d+$/.exec(server)![0]), "SIGKILL");
    await client.end();
    client.destroy();
    await isLetIn("imap");
    assert.deepEqual(world.gateway.records.filter(({ level }) => level === "error"), []); // prettier-ignore
  });
});

/** What is written in a turn is sent at its end: all of it, in order, also when the connection ends in the same turn. */
import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer, type AddressInfo } from "node:net";
import { text } from "node:stream/consumers";
import { setImmediate as nextTurn } from "node:timers/promises";
import { test, type TestContext } from "node:test";
import { Link, type LinkUser } from "../../src/wire/link.ts";
import { sendSoon, type Side } from "../../src/wire/outbox.ts";
import { connectRaw } from "../../src/wire/raw-tcp.ts";
import { acceptedPair, linkPair, type Kind } from "../support/wire.ts";

const SILENT: LinkUser = {
  heard: () => true,
  drained: () => undefined,
  ended: () => undefined,
  broken: () => undefined,
  closed: () => undefined,
};

const KINDS: readonly Kind[] = ["accepted", "ordinary"];

/** What the other side hears of what `say` writes within one turn. */
async function hear(kind: Kind, t: TestContext, say: (link: Link) => void): Promise<string> {
  const [link, far] = await linkPair(kind);
  t.after(() => far.destroy());
  link.user = SILENT;
  const heard = text(far);
  say(link);
  return heard;
}

const LONG = "long ".repeat(20_000);

for (const kind of KINDS) {
  test(`small and large pieces of one turn arrive in the order in which they were written (${kind})`, async (t) => {
    const heard = await hear(kind, t, (link) => {
      for (const piece of ["one ", Buffer.from("two "), LONG, "three ", "four"]) link.write(piece);
      link.end();
    });
    assert.equal(heard, `one two ${LONG}three four`);
  });

  for (const [name, close] of [
    ["end", (link: Link) => link.end()],
    ["destroy", (link: Link) => link.destroy()],
    ["close", (link: Link) => link.close()],
  ] as const)
    test(`what was written before ${name} in the same turn arrives (${kind})`, async (t) => {
      const heard = await hear(kind, t, (link) => {
        link.write("221 bye\r\n");
        close(link);
        link.write("never");
      });
      assert.equal(heard, "221 bye\r\n");
    });

  test(`what was written before TLS takes the connection arrives before it (${kind})`, async (t) => {
    const heard = await hear(kind, t, (link) => {
      link.write("220 go on\r\n");
      link.unplug().end("handshake");
    });
    assert.equal(heard, "220 go on\r\nhandshake");
  });
}

test("a connection given up in the turn in which it was wanted is never made", async (t) => {
  const server = createServer();
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  t.after(() => server.close());
  const { port } = server.address() as AddressInfo;
  let count = 0;
  server.on("connection", () => (count += 1));
  const dial = (connected: () => void): Link => {
    const link = new Link("server");
    link.user = SILENT;
    connectRaw(link, "127.0.0.1", port, connected);
    return link;
  };
  dial(() => assert.fail("connected")).destroy();
  let one!: Link;
  await Promise.all([once(server, "connection"), new Promise<void>((resolve) => (one = dial(resolve)))]);
  one.destroy();
  for (let turn = 0; turn < 5; turn++) await nextTurn();
  assert.equal(count, 1);
});

test("a peer that is gone when the turn ends is told to the user once, and closed once", async () => {
  const [link, far] = await acceptedPair();
  const events: string[] = [];
  const over = new Promise<void>((resolve) => {
    link.user = {
      ...SILENT,
      broken: (error) => events.push(error.message),
      closed: () => {
        events.push("closed");
        resolve();
      },
    };
  });
  link.socket.pause();
  far.resetAndDestroy();
  await once(far, "close");
  link.write("anybody there?");
  link.destroy();
  await over;
  await nextTurn();
  assert.deepEqual(events, [events[0], "closed"]);
  assert.match(events[0]!, /^write (EPIPE|ECONNRESET)$/);
});

test("many wait for each other, few do not; servers come first, and whoever is added meanwhile is not forgotten", async () => {
  const sent: string[] = [];
  const add = (name: string, to: Side, also?: string): void =>
    sendSoon({ send: () => void (sent.push(name), also !== undefined && add(also, to)) }, to);
  add("alone", "client");
  await nextTurn();
  assert.deepEqual(sent, ["alone"]);
  add("a", "client");
  add("b", "server", "e");
  add("c", "client");
  add("d", "server");
  await nextTurn();
  assert.deepEqual(sent, ["alone"]);
  for (let turn = 0; turn < 5; turn++) await nextTurn();
  assert.deepEqual(sent, ["alone", "b", "d", "a", "c", "e"]);
});

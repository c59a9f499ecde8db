/** The relay: every byte in order, both ways, with back-pressure, half-close, an idle limit, and bounded memory. */
import assert from "node:assert/strict";
import { createHash, randomBytes } from "node:crypto";
import { once } from "node:events";
import type { Socket } from "node:net";
import { test } from "node:test";
import { setImmediate as turn, setTimeout as sleep } from "node:timers/promises";
import { lentBuffers } from "../../src/relay/buffers.ts";
import { tcp } from "../../src/wire/tcp-handle.ts";
import { eventually } from "../support/gateway.ts";
import { relayed, type Arrangement, type Relayed } from "../support/relayed.ts";

/** Ordinary sockets read into buffers of their own. */
const LENDS = { skip: tcp === undefined && "Node offers no raw TCP here" };
import type { Talker } from "../support/talker.ts";

const MIB = 1_048_576;

const SIDES: readonly [string, Arrangement][] = [
  ["plain both sides", {}],
  ["plain, read in the ordinary way", { kind: "ordinary" }],
  ["TLS to the client", { clientTls: true }],
  ["TLS to the server", { backendTls: true }],
  ["TLS both sides", { clientTls: true, backendTls: true }],
];

function hasher(socket: Socket): { bytes: () => number; digest: () => string } {
  const hash = createHash("sha1");
  let bytes = 0;
  socket.on("data", (chunk: Buffer) => {
    bytes += chunk.length;
    hash.update(chunk);
  });
  return { bytes: () => bytes, digest: () => hash.copy().digest("hex") };
}

/** Random bytes cut from one block, so that making them costs nothing. */
const BLOCK = randomBytes(2 * MIB);

async function pour(socket: Socket, total: number, sizes: () => number): Promise<string> {
  const hash = createHash("sha1");
  for (let sent = 0; sent < total;) {
    const size = Math.min(sizes(), total - sent);
    const at = Math.floor(Math.random() * (BLOCK.length - size));
    const piece = BLOCK.subarray(at, at + size);
    hash.update(piece);
    sent += size;
    if (!socket.write(piece)) await once(socket, "drain");
  }
  return hash.digest("hex");
}

async function bothLeave({ near, far, ended }: Relayed): Promise<void> {
  near.socket.end();
  far.socket.end();
  await ended;
}

for (const [what, arrangement] of SIDES) {
  test(`hundreds of pieces of any size arrive in order, both ways (${what})`, async () => {
    const between = await relayed(arrangement);
    const [near, far] = [between.near.letGo(), between.far.letGo()];
    const [atNear, atFar] = [hasher(near), hasher(far)];
    const size = (): number => 1 + Math.floor(Math.random() ** 6 * 200_000);
    const total = 3 * MIB;
    const [up, down] = await Promise.all([pour(near, total, size), pour(far, total, size)]);
    near.end();
    far.end();
    const end = await between.ended;
    await eventually(() => atNear.bytes() + atFar.bytes() === 2 * total, "all bytes");
    assert.deepEqual([atFar.digest(), atNear.digest()], [up, down]);
    assert.deepEqual(end, { up: total, down: total, why: "closed" });
  });

  test(`64 MiB both directions at once (${what})`, async () => {
    const between = await relayed(arrangement);
    const [near, far] = [between.near.letGo(), between.far.letGo()];
    const [atNear, atFar] = [hasher(near), hasher(far)];
    const total = 64 * MIB;
    const size = (): number => 256 * 1024;
    const [up, down] = await Promise.all([pour(near, total, size), pour(far, total, size)]);
    near.end();
    far.end();
    assert.deepEqual(await between.ended, { up: total, down: total, why: "closed" });
    await eventually(() => atNear.bytes() + atFar.bytes() === 2 * total, "all bytes");
    assert.deepEqual([atFar.digest(), atNear.digest()], [up, down]);
    assert.equal(lentBuffers(), 0);
  });

  for (const first of ["client", "server"] as const) {
    test(`the ${first} says its last word, and hears the other's answer to it (${what})`, async () => {
      const { near, far, ended } = await relayed(arrangement);
      const [leaver, stayer] = first === "client" ? [near, far] : [far, near];
      leaver.send("QUIT\r\n");
      leaver.socket.end();
      assert.equal(await stayer.line(), "QUIT");
      assert.equal(await stayer.end(), "");
      stayer.send("much to say\r\n".repeat(10_000));
      stayer.send("bye\r\n");
      stayer.socket.end();
      assert.equal((await leaver.end()).length, 13 * 10_000 + 5);
      assert.equal((await ended).why, "closed");
    });
  }
}

test("under TLS a client that says its last word first is answered with ours (close_notify)", async () => {
  const arrangement = { clientTls: true };
  const { near, far, ended, raw } = await relayed(arrangement);
  near.socket.end();
  await far.end();
  const before = raw.bytesRead;
  far.socket.end();
  await ended;
  await near.end();
  await eventually(() => raw.bytesRead - before >= 19, "an alert of TLS 1.3");
});

test("what was pipelined before the relay began comes first, on both sides", async () => {
  const { near, far, ended } = await relayed({
    before: async (client, _backend, near, far) => {
      near.send("PASS secret\r\nSTAT\r\nLIST\r\n");
      far.send("early\r\n");
      await client.readLine();
      await sleep(20);
    },
  });
  near.send("QUIT\r\n");
  assert.equal(await far.lines(3), "STAT|LIST|QUIT");
  assert.equal(await near.line(), "early");
  await bothLeave({ near, far, ended } as Relayed);
});

test("a flood that was stopped before the relay began flows on", async () => {
  const flood = `${"x".repeat(98)}\r\n`.repeat(2_000);
  const { near, far, ended } = await relayed({
    before: async (client, _backend, near, far) => {
      near.send(`PASS secret\r\n${flood}`);
      far.send(flood);
      await client.readLine();
      await sleep(50);
    },
  });
  assert.equal((await far.bytes(flood.length)).toString(), flood);
  assert.equal((await near.bytes(flood.length)).toString(), flood);
  await bothLeave({ near, far, ended } as Relayed);
});

for (const backendTls of [false, true]) {
  test(`a server that ended before the relay began is noticed (TLS ${backendTls})`, async () => {
    const { near, far, ended } = await relayed({
      backendTls,
      before: async (_client, _backend, _near, far) => {
        far.send("last words\r\n");
        far.socket.end();
        await sleep(30);
      },
    });
    assert.equal(await near.line(), "last words");
    assert.equal(await near.end(), "");
    near.socket.end();
    await far.end();
    assert.equal((await ended).why, "closed");
  });
}

test("a server that is gone before the relay began is noticed", async () => {
  const { near, ended } = await relayed({
    before: async (_client, backend, _near, far) => {
      far.socket.resetAndDestroy();
      await eventually(() => backend.isClosed, "the reset");
      await sleep(10);
    },
  });
  assert.equal(await near.end(), "");
  near.socket.end();
  await ended;
});

for (const [who, killed] of [
  ["client", "near"],
  ["server", "far"],
] as const) {
  test(`a ${who} that is killed ends the session for the other at once`, async () => {
    const between = await relayed();
    const other = killed === "near" ? between.far : between.near;
    between[killed].send("x\r\n");
    assert.equal(await other.line(), "x");
    between[killed].socket.resetAndDestroy();
    assert.equal(await other.end(), "");
    other.socket.end();
    assert.equal((await between.ended).why, "broken");
  });
}

/** What the relay itself holds; the rest waits in the system and at the writer. */
function queuedIn({ wires }: Relayed): number {
  const sockets = [wires.client.socket, wires.backend.socket];
  return sockets.reduce((sum, { readableLength, writableLength }) => sum + readableLength + writableLength, 0);
}

for (const [what, arrangement] of SIDES) {
  for (const slow of ["client", "server"] as const) {
    test(`a ${slow} that does not read stops the other, and costs bounded memory (${what})`, async () => {
      const between = await relayed(arrangement);
      const [reader, writer]: [Talker, Talker] =
        slow === "client" ? [between.near, between.far] : [between.far, between.near];
      reader.socket.pause();
      const writing = writer.letGo();
      writing.on("error", () => undefined);
      let most = 0;
      for (let each = 0; each < 100 && writing.writableLength < MIB; each += 1) {
        if (!writing.write(BLOCK.subarray(0, 256 * 1024))) await Promise.race([once(writing, "drain"), sleep(20)]);
        most = Math.max(most, queuedIn(between));
      }
      assert.ok(writing.writableLength > 0, "the writer was stopped");
      assert.ok(most < MIB, `${most} bytes are queued in the relay`);
      reader.socket.resume();
      await eventually(() => writing.writableLength === 0, "it flows again");
      between.relay.stop();
      assert.equal((await between.ended).why, "stopped");
    });
  }
}

test("what waits for a slow client is not overwritten by what other sessions read", async () => {
  const [slow, busy] = [await relayed(), await relayed()];
  slow.near.socket.pause();
  const [writing, piece] = [slow.far.letGo(), Buffer.alloc(8192, "A")];
  let written = 0;
  while (slow.wires.client.socket.writableLength === 0 && written < 40 * MIB) {
    writing.write(piece);
    written += piece.length;
    // Each piece by itself, so that no large buffer is lent.
    await turn();
  }
  assert.ok(slow.wires.client.socket.writableLength > 0, "something waits");
  for (let each = 0; each < 50; each += 1) {
    busy.far.send(Buffer.alloc(8192, "B"));
    await busy.near.bytes(8192);
  }
  const reading = slow.near.letGo();
  let right = slow.near.heard.every((byte) => byte === 65) ? slow.near.heard.length : NaN;
  reading.on("data", (chunk: Buffer) => (right += chunk.every((byte) => byte === 65) ? chunk.length : NaN));
  reading.resume();
  await eventually(() => right === written || Number.isNaN(right), "all of it");
  assert.equal(right, written);
  for (const { relay } of [slow, busy]) relay.stop();
});

for (const [what, arrangement] of SIDES) {
  test(`what waits in the middle of a rush is not overwritten by what comes behind it (${what})`, async () => {
    const { near, far, relay } = await relayed(arrangement);
    // A rush, and then pieces that are read one by one.
    const pieces = Array.from({ length: 2500 }, (_, each) => Buffer.alloc(each < 8 ? 256 * 1024 : 20_000, each % 251));
    far.socket.pause();
    const writing = near.letGo();
    for (const piece of pieces) {
      if (writing.writableLength > MIB) break;
      writing.write(piece);
      await sleep(1);
    }
    assert.ok(writing.writableLength > 0, "the writer was stopped");
    far.socket.resume();
    await eventually(() => writing.writableLength === 0 && far.heard.length >= writing.bytesWritten, "all of it");
    assert.ok(Buffer.concat(pieces).subarray(0, far.heard.length).equals(far.heard), "as it was sent");
    relay.stop();
  });
}

test("a session in which nothing passes is ended after its idle time, and bytes in either direction keep it", async () => {
  const { near, far, ended } = await relayed({ idle: 600 });
  const started = Date.now();
  for (let each = 0; each < 4; each += 1) {
    await sleep(200);
    const [from, to] = each % 2 === 0 ? [near, far] : [far, near];
    from.send("x\r\n");
    await to.line();
  }
  assert.equal((await ended).why, "idle");
  const lasted = Date.now() - started;
  assert.ok(lasted > 1_000 && lasted < 3_000, `${lasted} ms`);
  await near.end();
  await far.end();
});

test("stopping ends both sides now", async () => {
  const { near, far, ended, relay } = await relayed();
  relay.stop();
  assert.equal((await ended).why, "stopped");
  await near.end();
  await far.end();
});

test("large buffers are lent for a rush and come back when it is over, while the session goes on", LENDS, async () => {
  const { near, far, ended } = await relayed();
  const socket = far.letGo();
  let heard = 0;
  const reading = near.letGo();
  reading.on("data", (chunk: Buffer) => (heard += chunk.length));
  let most = 0;
  for (let each = 0; each < 200; each += 1) {
    if (!socket.write(BLOCK.subarray(0, 512 * 1024))) await once(socket, "drain");
    most = Math.max(most, lentBuffers());
  }
  await eventually(() => heard === 200 * 512 * 1024, "all of it");
  assert.ok(most > 0, "a buffer was lent");
  socket.write("x");
  await eventually(() => heard === 200 * 512 * 1024 + 1, "a small piece");
  assert.equal(lentBuffers(), 0);
  reading.end();
  socket.end();
  await ended;
});

test("a session that ends in the middle of a rush gives its buffers back", LENDS, async () => {
  for (const broken of ["near", "far"] as const) {
    const between = await relayed();
    between.near.socket.pause();
    const writing = between.far.letGo();
    writing.on("error", () => undefined);
    writing.write(randomBytes(30 * MIB));
    await eventually(() => lentBuffers() > 0, "a buffer is lent");
    between[broken].socket.resetAndDestroy();
    between.near.destroy();
    writing.destroy();
    await between.ended;
    assert.equal(lentBuffers(), 0);
  }
});

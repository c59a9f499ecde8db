/** The wire: lines, limits, counted bytes, and that a peer who floods or does not read costs bounded memory. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { setImmediate as turn, setTimeout as sleep } from "node:timers/promises";
import fc from "fast-check";
import { LINE_LIMIT, WireClosed, type Wire } from "../../src/wire/wire.ts";
import { eventually } from "../support/gateway.ts";
import { wirePair, type Kind, type WirePair } from "../support/wire.ts";

const KINDS: readonly Kind[] = ["accepted", "ordinary"];

/** Runs with a pair of each kind, and leaves nothing open. */
function withPair(run: (pair: WirePair) => Promise<void>): () => Promise<void> {
  return async () => {
    for (const kind of KINDS) {
      const pair = await wirePair(kind);
      try {
        await run(pair);
      } finally {
        pair.wire.fail("the test is over");
        pair.talker.destroy();
      }
    }
  };
}

async function readLines(wire: Wire, count: number, limit = LINE_LIMIT): Promise<(string | undefined)[]> {
  const lines: (string | undefined)[] = [];
  while (lines.length < count) lines.push(await wire.readLine(limit));
  return lines;
}

test(
  "lines end with CRLF or LF; a CR elsewhere is part of the line",
  withPair(async ({ wire, talker }) => {
    talker.send("one\r\ntwo\n\r\n\n a\rb \r\r\n\0\r\n");
    assert.deepEqual(await readLines(wire, 6), ["one", "two", "", "", " a\rb \r", "\0"]);
  }),
);

test(
  "bytes come out as one character each",
  withPair(async ({ wire, talker }) => {
    talker.send(Buffer.from([0xc3, 0xa0, 0xff, 0x80, 13, 10]));
    assert.equal(await wire.readLine(), "\u00c3\u00a0\u00ff\u0080");
  }),
);

for (const end of ["\r\n", "\n"]) {
  test(
    `a line of exactly the limit is read, one more byte is too long (${JSON.stringify(end)})`,
    withPair(async ({ wire, talker }) => {
      talker.send(`${"x".repeat(100)}${end}${"x".repeat(101)}${end}next${end}`);
      assert.deepEqual(await readLines(wire, 3, 100), ["x".repeat(100), undefined, "next"]);
    }),
  );
}

test(
  "a line that is too long is dropped as it comes, however long it is, and reported once",
  withPair(async ({ wire, talker }) => {
    const reading = readLines(wire, 2, 100);
    for (let piece = 0; piece < 200; piece += 1) {
      talker.send("y".repeat(50_000));
      await turn();
    }
    talker.send("\r\nnext\r\n");
    assert.deepEqual(await reading, [undefined, "next"]);
  }),
);

test(
  "counted bytes are handed out exactly, whatever is in them, and lines go on behind them",
  withPair(async ({ wire, talker }) => {
    talker.send("{5}\r\na\r\nb\n more\r\n");
    assert.equal(await wire.readLine(), "{5}");
    assert.equal((await wire.readBytes(5)).toString("latin1"), "a\r\nb\n");
    assert.equal((await wire.readBytes(0)).length, 0);
    assert.equal(await wire.readLine(), " more");
  }),
);

test("any text comes out as the lines that it has, however it is cut", async () => {
  const line = fc.string({ unit: fc.constantFrom("a", "b", "\r", "\u00ff", " "), maxLength: 20 });
  const cuts = fc.array(fc.integer({ min: 1, max: 7 }), { minLength: 1, maxLength: 30 });
  await fc.assert(
    fc.asyncProperty(fc.array(line, { minLength: 1, maxLength: 8 }), cuts, async (lines, sizes) => {
      const { wire, talker } = await wirePair();
      const bytes = Buffer.from(lines.map((each) => `${each}\r\n`).join(""), "latin1");
      const reading = readLines(wire, lines.length, 15);
      for (let at = 0, cut = 0; at < bytes.length; cut += 1) {
        const size = sizes[cut % sizes.length]!;
        talker.send(bytes.subarray(at, at + size));
        at += size;
        await turn();
      }
      assert.deepEqual(
        await reading,
        lines.map((each) => (each.length > 15 ? undefined : each)),
      );
      wire.fail("done");
      talker.destroy();
    }),
    { numRuns: 40 },
  );
});

test(
  "a client that talks before it is asked fills no memory: it is not read until somebody asks",
  withPair(async ({ wire, talker }) => {
    const line = `${"z".repeat(78)}\r\n`;
    const lines = 400_000;
    talker.send(line.repeat(lines));
    await eventually(() => talker.socket.bytesWritten === line.length * lines, "given to the system");
    await sleep(100);
    // What the system takes on its own is some MiB; the rest waits at the sender.
    assert.ok(wire.socket.bytesRead < 200_000, `${wire.socket.bytesRead} bytes were read`);
    assert.ok(talker.socket.writableLength > 20_000_000);
    for (let each = 0; each < 100_000; each += 1) assert.equal((await wire.readLine())?.length, 78);
  }),
);

test(
  "a client that does not read is given up before much is queued for it",
  withPair(async ({ wire, talker }) => {
    talker.socket.pause();
    const answer = `* ${"capability ".repeat(90)}\r\n`;
    let said = 0;
    while (!wire.isClosed && said < 100_000) {
      wire.write(answer);
      said += 1;
      if (said % 50 === 0) await turn();
      assert.ok(wire.socket.writableLength < 70_000, `${wire.socket.writableLength} bytes are queued`);
    }
    assert.ok(wire.isClosed);
    await assert.rejects(wire.readLine(), { name: "WireClosed", message: /does not read/ });
  }),
);

test(
  "text goes out as UTF-8, so that no character turns into a line end",
  withPair(async ({ wire, talker }) => {
    // Cut to a byte, these two would be CR and LF.
    wire.write("a\u010d\u010ab\r\n");
    assert.equal(await talker.line(), "a\u010d\u010ab");
  }),
);

test(
  "what was said before the end can still be read; then it is over, once and for all",
  withPair(async ({ wire, talker }) => {
    talker.send("one\r\ntwo\r\nhalf");
    talker.socket.end();
    assert.deepEqual(await readLines(wire, 2), ["one", "two"]);
    await assert.rejects(wire.readLine(), WireClosed);
    await assert.rejects(wire.readBytes(100), WireClosed);
    assert.equal(wire.isClosed, true);
  }),
);

test(
  "a reset ends the wait",
  withPair(async ({ wire, talker }) => {
    const reading = assert.rejects(wire.readLine(), WireClosed);
    talker.socket.resetAndDestroy();
    await reading;
  }),
);

test(
  "closing sends what was said first",
  withPair(async ({ wire, talker }) => {
    wire.write("bye\r\n");
    wire.close();
    assert.equal(await talker.end(), "bye\r\n");
    wire.write("too late\r\n");
    await assert.rejects(wire.readLine(), WireClosed);
  }),
);

test(
  "two readers at a time are a fault of ours",
  withPair(async ({ wire }) => {
    wire.readLine().catch(() => undefined);
    await assert.rejects(wire.readLine(), /one reader/);
  }),
);

test(
  "what no line has claimed is handed over, and the wire is of no use afterwards",
  withPair(async ({ wire, talker }) => {
    talker.send("login\r\npipelined\r\nmore");
    assert.equal(await wire.readLine(), "login");
    const { pending, link } = wire.release();
    assert.equal(pending.toString(), "pipelined\r\nmore");
    assert.equal(link.socket.destroyed, false);
    wire.write("not any more");
    await assert.rejects(wire.readLine(), WireClosed);
    link.socket.end();
    assert.equal(await talker.end(), "");
  }),
);

test(
  "an onlooker hears what is said and heard, lines and literals apart",
  withPair(async ({ wire, talker }) => {
    const heard: string[] = [];
    wire.tap = (direction, text, kind) => void heard.push(`${direction} ${kind} ${text}`);
    talker.send("a {2}\r\nxy z\r\n");
    await wire.readLine();
    await wire.readBytes(2);
    await wire.readLine();
    wire.write("+ OK\r\na done\r\n");
    assert.deepEqual(heard, [
      "heard line a {2}",
      "heard literal xy",
      "heard line  z",
      "said line + OK",
      "said line a done",
    ]);
  }),
);

test(
  "nothing is said in the clear in the middle of a handshake",
  withPair(async ({ wire, talker }) => {
    const socket = wire.detach().link.unplug();
    wire.write("* BYE too slow\r\n");
    socket.end();
    assert.equal(await talker.end(), "");
  }),
);

/** SMTP replies as a client reads them. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { ServerUnavailable } from "../../../src/protocols/enter.ts";
import { readReply, said, type Reply } from "../../../src/protocols/smtp/reply.ts";
import { WireClosed } from "../../../src/wire/wire.ts";
import { wirePair } from "../../support/wire.ts";

async function reply(text: string): Promise<Reply> {
  const { wire, talker } = await wirePair();
  talker.send(text);
  talker.socket.end();
  try {
    return await readReply(wire);
  } finally {
    wire.fail("the test is over");
    talker.destroy();
  }
}

test("one line, several lines, and lines without text", async () => {
  assert.deepEqual(await reply("250 ok\r\n"), { code: 250, lines: ["ok"] });
  assert.deepEqual(await reply("250-a\r\n250-\r\n250 b c\r\n"), { code: 250, lines: ["a", "", "b c"] });
  assert.deepEqual(await reply("354\r\n"), { code: 354, lines: [""] });
  assert.equal(said({ code: 550, lines: ["a", "b"] }), "550 a / b");
});

const NONE = [
  "ok\r\n",
  "25 ok\r\n",
  "2500 ok\r\n",
  "150 ok\r\n",
  "600 no\r\n",
  "+OK\r\n",
  "\r\n",
  "250_ok\r\n",
  "250-a\r\n235 b\r\n",
  "250-a\r\nb\r\n",
];

for (const text of NONE) {
  test(`no reply: ${JSON.stringify(text)}`, async () => {
    await assert.rejects(reply(text), ServerUnavailable);
  });
}

test("a reply without end is not read to the end", async () => {
  await assert.rejects(reply("250-more\r\n".repeat(1_000)), ServerUnavailable);
  await assert.rejects(reply(`250-${"x".repeat(100_000)}\r\n250 ok\r\n`), ServerUnavailable);
});

test("a server that leaves in the middle has closed the connection", async () => {
  await assert.rejects(reply("250-a\r\n"), WireClosed);
});

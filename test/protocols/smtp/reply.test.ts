/** SMTP replies as a client reads them. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { ServerRefused, ServerUnavailable } from "../../../src/protocols/enter.ts";
import { expectReply } from "../../../src/protocols/smtp/reply.ts";
import { WireClosed } from "../../../src/wire/wire.ts";
import { wirePair } from "../../support/wire.ts";

async function reply(text: string, wanted = "250"): Promise<readonly string[]> {
  const { wire, talker } = await wirePair();
  talker.send(text);
  talker.socket.end();
  try {
    return await expectReply(wire, wanted);
  } finally {
    wire.fail("the test is over");
    talker.destroy();
  }
}

test("one line, several lines, and lines without text", async () => {
  assert.deepEqual(await reply("250 ok\r\n"), ["ok"]);
  assert.deepEqual(await reply("250-a\r\n250-\r\n250 b c\r\n"), ["a", "", "b c"]);
  assert.deepEqual(await reply("354\r\n", "354"), [""]);
});

test("another code than the one that is wanted is a refusal for good, or not now", async () => {
  const refused = (error: unknown) => error instanceof ServerRefused && error.message === 'refused: "550 a / b"';
  await assert.rejects(reply("550-a\r\n550 b\r\n"), refused);
  const notNow = (error: unknown) => error instanceof ServerUnavailable && error.message === 'not now: "454 later"';
  await assert.rejects(reply("454 later\r\n"), notNow);
  await assert.rejects(reply("220 ok\r\n"), ServerUnavailable);
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
    const unread = (error: unknown) =>
      error instanceof ServerUnavailable && /^answer not understood/.test(error.message);
    for (const wanted of ["250", "220"]) await assert.rejects(reply(text, wanted), unread);
  });
}

test("a reply without end is not read to the end", async () => {
  const endless = "250-more\r\n".repeat(1_000);
  for (const wanted of ["250", "220"]) await assert.rejects(reply(endless, wanted), ServerUnavailable);
  await assert.rejects(reply(`250-${"x".repeat(100_000)}\r\n250 ok\r\n`), ServerUnavailable);
});

test("a server that leaves in the middle has closed the connection", async () => {
  await assert.rejects(reply("250-a\r\n"), WireClosed);
});

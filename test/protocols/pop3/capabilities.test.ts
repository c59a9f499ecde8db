/** What a POP3 server behind says that it can do (RFC 2449 section 5). */
import assert from "node:assert/strict";
import { test } from "node:test";
import { ServerUnavailable } from "../../../src/protocols/enter.ts";
import { askCapabilities } from "../../../src/protocols/pop3/enter.ts";
import { WireClosed } from "../../../src/wire/wire.ts";
import { wirePair } from "../../support/wire.ts";

async function ask(text: string): Promise<readonly string[]> {
  const { wire, talker } = await wirePair();
  talker.send(text);
  talker.socket.end();
  try {
    return await askCapabilities(wire, { starttls: undefined });
  } finally {
    wire.fail("the test is over");
    talker.destroy();
  }
}

test("the lines of CAPA in capitals, none where the server does not know it", async () => {
  assert.deepEqual(await ask("+OK hi\r\n+OK list\r\nTop\r\nSASL plain\r\n.\r\n"), ["TOP", "SASL PLAIN"]);
  assert.deepEqual(await ask("+OK hi\r\n+OK\r\n.\r\n"), []);
  assert.deepEqual(await ask("+OK hi\r\n-ERR what?\r\n"), []);
});

test("a server that is none, leaves in the middle or never ends its list is an error", async () => {
  await assert.rejects(ask("* OK IMAP\r\n"), ServerUnavailable);
  await assert.rejects(ask("-ERR busy\r\n"), ServerUnavailable);
  await assert.rejects(ask("+OK hi\r\n+OK\r\nTOP\r\n"), WireClosed);
  await assert.rejects(ask(`+OK hi\r\n+OK\r\n${"TOP\r\n".repeat(1_000)}`), ServerUnavailable);
});

/** Properties: any bytes at all, from clients and from servers behind, do nothing but what the protocol has for nonsense. */
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import type { ProtocolName } from "../../src/core/visit.ts";
import { negotiateMessage } from "../../src/ntlm/initiator.ts";
import { StagedBackend } from "../support/backend.ts";
import { eventually, startGateway, type RunningGateway } from "../support/gateway.ts";

const PROTOCOLS: readonly ProtocolName[] = ["pop3", "imap", "smtp"];
const RUNS = 150;
const NEVER_GUESSED = "alice:{PLAIN}kX9-never-guessed\n";

function start(protocol: ProtocolName, port: number, accounts: string): Promise<RunningGateway> {
  return startGateway(
    {
      listeners: [{ protocol, plaintext: "allowed", tls: "off" }],
      backends: { store: { [protocol]: { host: "127.0.0.1", port } } },
      limits: { failureDelay: "0ms", badCommands: 1000, attempts: 100, backend: { connect: "2s", logon: "1s" } },
    },
    { accounts },
  );
}

const negotiate = negotiateMessage().toString("base64");

/** What leads deepest into a dialogue, so that nonsense meets every state. */
const WORDS: Readonly<Record<ProtocolName, readonly string[]>> = {
  pop3: [
    "CAPA",
    "AUTH",
    "AUTH NTLM",
    `AUTH NTLM ${negotiate}`,
    "AUTH PLAIN",
    "AUTH LOGIN",
    "USER alice",
    "PASS x",
    "STLS",
    "NOOP",
  ],
  imap: [
    "a CAPABILITY",
    "a AUTHENTICATE NTLM",
    `a AUTHENTICATE NTLM ${negotiate}`,
    "a AUTHENTICATE PLAIN",
    "a LOGIN alice x",
    "a LOGIN {3}",
    "a LOGIN {3+}",
    "a ID (",
    'a LOGIN "al\\"i',
    " {0+}",
    "a STARTTLS",
  ],
  smtp: [
    "EHLO me",
    "AUTH NTLM",
    `AUTH NTLM ${negotiate}`,
    "AUTH PLAIN",
    "AUTH LOGIN",
    "AUTH PLAIN =",
    "MAIL FROM:<a@b>",
    "STARTTLS",
    "NOOP",
  ],
};

const ANSWERS = ["*", "=", "", negotiate, "AGFsaWNlAHg=", "YWxpY2U=", "TlRMTVNTUAADAAAA", "\0", "\u00ff\u00fe"];

function nonsense(words: readonly string[]): fc.Arbitrary<Buffer> {
  const bytes = fc.uint8Array({ maxLength: 40 }).map((each) => Buffer.from(each));
  const line = fc.constantFrom(...words, ...ANSWERS).map((each) => Buffer.from(each, "latin1"));
  const end = fc.constantFrom("\r\n", "\r\n", "\r\n", "\n", "\r", "").map((each) => Buffer.from(each));
  const long = fc.integer({ min: 500, max: 20_000 }).map((count) => Buffer.alloc(count, "A"));
  const piece = fc.oneof(
    { weight: 6, arbitrary: line },
    { weight: 3, arbitrary: bytes },
    { weight: 1, arbitrary: long },
  );
  return fc.array(fc.tuple(piece, end), { maxLength: 12 }).map((pieces) => Buffer.concat(pieces.flat()));
}

for (const protocol of PROTOCOLS) {
  test(`any bytes from a client reach no server behind, break nothing and leave nothing (${protocol})`, async () => {
    const backend = await StagedBackend.open();
    backend.autoplay = (talker) => (talker.destroy(), true);
    const running = await start(protocol, backend.port, NEVER_GUESSED);
    const before = backend.taken;
    await fc.assert(
      fc.asyncProperty(nonsense(WORDS[protocol]), fc.integer({ min: 1, max: 3000 }), async (bytes, cut) => {
        const client = await running.dial();
        client.socket.on("error", () => undefined);
        for (let at = 0; at < bytes.length && !client.over; at += cut) client.send(bytes.subarray(at, at + cut));
        client.socket.end();
        await client.end(3_000);
        client.destroy();
      }),
      { numRuns: RUNS },
    );
    await eventually(() => running.gateway.connections === 0, "everybody is gone");
    assert.equal(backend.taken, before, "connections to the server behind");
    assert.deepEqual(
      running.lines.filter(({ level, message }) => level === "error" || message === "session"),
      [],
    );
    const alive = await running.dial();
    assert.ok((await alive.line()).length > 0);
    await running.stop();
    backend.close();
  });
}

const MARK = "B4CKEND";

/** Lines of a server behind, right ones among them, each with a mark that the client must never see. */
const SERVER_WORDS: Readonly<Record<ProtocolName, readonly string[]>> = {
  pop3: [
    `+OK ${MARK}`,
    `-ERR ${MARK}`,
    `-ERR [IN-USE] ${MARK}`,
    `-ERR [SYS/TEMP] ${MARK}`,
    `+ ${MARK}`,
    `+${MARK}`,
    MARK,
  ],
  imap: [
    `* OK ${MARK}`,
    `* PREAUTH ${MARK}`,
    `* BYE ${MARK}`,
    `* CAPABILITY ${MARK}`,
    `L1 NO ${MARK}`,
    `L1 NO [ALERT] ${MARK}`,
    `L1 BAD ${MARK}`,
    `L2 OK ${MARK}`,
    `+ ${MARK}`,
    MARK,
  ],
  smtp: [
    `220 ${MARK}`,
    `250 ${MARK}`,
    `250-${MARK}`,
    `250-SIZE ${MARK}`,
    `334 ${MARK}`,
    `235 ${MARK}`,
    `535 ${MARK}`,
    `421 ${MARK}`,
    MARK,
  ],
};

const LOGON: Readonly<Record<ProtocolName, string>> = {
  pop3: "USER alice\r\nPASS secret\r\n",
  imap: "a1 LOGIN alice secret\r\n",
  smtp: `EHLO me\r\nAUTH PLAIN ${Buffer.from("\0alice\0secret").toString("base64")}\r\n`,
};

/** The one answer that a client may get when the server behind did not let it in. */
const NOT_NOW: Readonly<Record<ProtocolName, RegExp>> = {
  pop3: /^-ERR \[(SYS\/TEMP|IN-USE)\] [^\r\n]*\r\n$/m,
  imap: /^a1 NO \[(UNAVAILABLE|INUSE)\] [^\r\n]*\r\n$/m,
  smtp: /^454 4\.7\.0 [^\r\n]*\r\n$/m,
};
const LET_IN: Readonly<Record<ProtocolName, RegExp>> = {
  pop3: /^\+OK Logged in/m,
  imap: /^a1 OK/m,
  smtp: /^235 2\.7\.0 Auth/m,
};

for (const protocol of PROTOCOLS) {
  test(`any bytes from a server behind stay there until it has let the client in (${protocol})`, async () => {
    const backend = await StagedBackend.open();
    // The question at the start, what the server can do, stays without an answer.
    if (protocol !== "imap") backend.autoplay = (talker) => (talker.destroy(), true);
    const running = await start(protocol, backend.port, "alice:{PLAIN}secret\n");
    backend.autoplay = undefined;
    const greeting = { pop3: `+OK ${MARK}`, imap: `* OK ${MARK}`, smtp: `220 ${MARK}` }[protocol];
    const words = SERVER_WORDS[protocol].map((each) => Buffer.from(`${each}\r\n`));
    const bytes = fc.uint8Array({ maxLength: 30 }).map((each) => Buffer.concat([Buffer.from(MARK), each]));
    const piece = fc.oneof({ weight: 5, arbitrary: fc.constantFrom(...words) }, { weight: 1, arbitrary: bytes });
    let letIn = 0;
    await fc.assert(
      fc.asyncProperty(fc.boolean(), fc.array(piece, { maxLength: 6 }), async (greets, pieces) => {
        const client = await running.dial();
        client.send(LOGON[protocol]);
        const server = await backend.next();
        server.socket.on("error", () => undefined);
        if (greets) server.send(`${greeting}\r\n`);
        for (const each of pieces) {
          server.send(each);
          await new Promise((resolve) => setImmediate(resolve));
        }
        server.socket.end();
        await eventually(
          () => NOT_NOW[protocol].test(client.heard.toString()) || LET_IN[protocol].test(client.heard.toString()),
          "an answer",
        );
        const isIn = LET_IN[protocol].test(client.heard.toString());
        letIn += isIn ? 1 : 0;
        client.socket.end();
        const heard = await client.end();
        if (!isIn) assert.doesNotMatch(heard, new RegExp(MARK));
        server.destroy();
      }),
      { numRuns: RUNS },
    );
    assert.ok(letIn < RUNS, "most of it is nonsense");
    await eventually(() => running.gateway.connections === 0, "everybody is gone");
    assert.deepEqual(
      running.lines.filter(({ level }) => level === "error"),
      [],
    );
    await running.stop();
    backend.close();
  });
}

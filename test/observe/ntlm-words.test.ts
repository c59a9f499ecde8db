/** NTLM messages in words: every kind of client, broken messages, and nothing that must not be shown. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { describe, test } from "node:test";
import { fileURLToPath } from "node:url";
import fc from "fast-check";
import { describeTime, toFiletime } from "../../src/observe/filetime.ts";
import { formatNtlm, ntlmWords } from "../../src/observe/ntlm-words.ts";
import { NOW, record } from "../ntlm/exchange.ts";

const VECTORS = fileURLToPath(new URL("../../../test/vectors/vectors-public.json", import.meta.url));
const now = new Date("2026-01-02T03:04:15Z");
const { pending, authenticate } = record("NTLMv2", { channelBinding: Buffer.alloc(16, 7) });

describe("in fields", () => {
  test("a NEGOTIATE has its flags by name, its names and their places", () => {
    const libntlm = Buffer.from("TlRMTVNTUAABAAAABzIAAAYABgArAAAACwALACAAAABXT1JLU1RBVElPTkRPTUFJTg==", "base64");
    const words = ntlmWords(libntlm);
    assert.equal(words.message, "NEGOTIATE_MESSAGE");
    assert.equal(words.flags?.value, 0x3207);
    assert.ok(words.flags?.names.includes("NTLMSSP_NEGOTIATE_OEM_DOMAIN_SUPPLIED"));
    assert.deepEqual(words.fields, [
      { name: "DomainName", offset: 43, length: 6, text: "DOMAIN" },
      { name: "Workstation", offset: 32, length: 11, text: "WORKSTATION" },
    ]);
  });

  test("a CHALLENGE has its nonce, its AV pairs and its clock", () => {
    const words = ntlmWords(pending.message, { now });
    assert.equal(words.serverChallenge, "01".repeat(8));
    assert.deepEqual(words.avPairs?.[1], { name: "MsvAvNbDomainName", text: "EXAMPLE", offset: 86, length: 14 });
    assert.deepEqual(words.time, {
      utc: "2026-01-02T03:04:05.000Z",
      skewSeconds: -10,
      text: "2026-01-02 03:04:05 UTC (10 seconds ago)",
    });
  });

  test("an AUTHENTICATE has its scheme, MIC and channel binding", () => {
    const words = ntlmWords(authenticate, { challengeFlags: pending.flags, now });
    assert.equal(words.scheme, "NTLMv2");
    assert.equal(words.mic, "present");
    assert.equal(words.channelBinding, "07".repeat(16));
    assert.deepEqual(
      words.fields.slice(0, 3).map(({ name, text }) => [name, text]),
      [
        ["DomainName", "EXAMPLE"],
        ["UserName", "alice"],
        ["Workstation", "PC"],
      ],
    );
  });

  test("the other schemes are told apart, with the CHALLENGE's flags", () => {
    for (const scheme of ["NTLM2 session", "NTLMv1"] as const) {
      const recorded = record(scheme);
      assert.equal(ntlmWords(recorded.authenticate, { challengeFlags: recorded.pending.flags }).scheme, scheme);
    }
    assert.equal(ntlmWords(record("LM").authenticate).scheme, "LMv2 or LM");
  });

  test("a MIC is only one when it is announced", () => {
    const [filled, emptied] = [Buffer.from(record("NTLMv1").authenticate), record("NTLMv1").authenticate];
    filled.fill(1, 72, 88);
    assert.equal(ntlmWords(filled).mic, "filled in, but not announced");
    assert.equal(ntlmWords(emptied).mic, "absent");
  });
});

describe("never", () => {
  test("shows a byte of a response or of a session key", () => {
    const shown = JSON.stringify(ntlmWords(authenticate)) + formatNtlm(ntlmWords(authenticate)).join("\n");
    const nt = authenticate.subarray(authenticate.readUInt32LE(24));
    assert.ok(!shown.includes(nt.toString("hex", 0, 4)));
    const key = authenticate.subarray(authenticate.readUInt32LE(56));
    assert.ok(!shown.includes(key.toString("hex", 0, 4)));
  });

  test("keeps them back when they are asked for", () => {
    const shown = JSON.stringify(ntlmWords(authenticate, { showSecrets: true }));
    const nt = authenticate.subarray(authenticate.readUInt32LE(24));
    assert.ok(shown.includes(nt.toString("hex", 0, authenticate.readUInt16LE(20))));
  });

  test("throws, whatever the bytes", () => {
    const any = fc.uint8Array({ maxLength: 300 });
    const headed = any.map((bytes) => Buffer.concat([authenticate.subarray(0, 8), bytes]));
    fc.assert(
      fc.property(fc.oneof(any, headed), (bytes) => {
        const words = ntlmWords(bytes, { now });
        assert.ok(formatNtlm(words).length > 0);
        assert.ok(words.problem !== undefined || words.flags !== undefined);
      }),
      { numRuns: 1000 },
    );
  });

  test("lets a name play with the terminal", () => {
    const words = ntlmWords(authenticate);
    const fields = words.fields.map((field) => ({ ...field, text: "\u001b[2J\u202e\u2028x" }));
    for (const line of formatNtlm({ ...words, fields })) assert.match(line, /^[\x20-\x7e]*$/);
  });
});

describe("as lines", () => {
  test("every recorded message fits a terminal", () => {
    const file = JSON.parse(readFileSync(VECTORS, "utf8")) as {
      vectors: { kind: string; messages?: Record<string, string> }[];
    };
    const exchanges = file.vectors.flatMap(({ kind, messages }) => (kind === "exchange" && messages ? [messages] : []));
    for (const messages of exchanges) {
      for (const hex of Object.values(messages).filter((each) => each !== "")) {
        const words = ntlmWords(Buffer.from(hex, "hex"));
        assert.equal(words.problem, undefined);
        const lines = formatNtlm(words);
        assert.ok(lines.length <= 25, `${lines.length} lines`);
        for (const line of lines) assert.ok(line.length <= 130, line);
      }
    }
  });

  test("a CHALLENGE reads like this", () => {
    assert.equal(
      formatNtlm(ntlmWords(pending.message, { now })).join("\n"),
      `CHALLENGE_MESSAGE, 178 bytes
  challenge          0101010101010101
  target             EXAMPLE                   14 bytes at 56
  target info        5 AV pairs               108 bytes at 70
    NbComputerName   MAIL
    NbDomainName     EXAMPLE
    DnsComputerName  mail.example.com
    DnsDomainName    example.com
    Timestamp        2026-01-02 03:04:05 UTC (10 seconds ago)
  version            10.0.0 revision 15
  flags              0xe2898215 UNICODE REQUEST_TARGET SIGN NTLM ALWAYS_SIGN TARGET_TYPE_DOMAIN
                                EXTENDED_SESSIONSECURITY TARGET_INFO VERSION 128 KEY_EXCH 56`,
    );
  });

  test("a broken message says what is wrong and where its fields claim to be", () => {
    const lines = formatNtlm(ntlmWords(authenticate.subarray(0, 120))).join("\n");
    assert.match(lines, /^AUTHENTICATE_MESSAGE, 120 bytes\n {2}problem +\w+ \(offset \d+, length \d+\) passes the end/);
    assert.match(lines, /NT response .* bytes at \d+/);
  });
});

test("FILETIME and Date are each other's inverse, and what is no date is said", () => {
  assert.equal(toFiletime(new Date("2026-01-02T03:04:05Z")), NOW);
  assert.equal(describeTime(NOW).utc, "2026-01-02T03:04:05.000Z");
  assert.equal(describeTime(0n).text, "zero");
  assert.equal(describeTime(0xffffffffffffffffn).text, "beyond any date");
  assert.match(describeTime(NOW, new Date("2026-01-01T03:04:05Z")).text, /\(1 day ahead\)$/);
  assert.match(describeTime(NOW, new Date("2026-01-02T03:04:05Z")).text, /\(now\)$/);
});

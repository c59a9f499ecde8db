/** What `postern decode` finds in dialogues, logs and hostile input. */
import assert from "node:assert/strict";
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, describe, test } from "node:test";
import { fileURLToPath } from "node:url";
import fc from "fast-check";
import { decode } from "../../src/cli/decode.ts";
import { findMessages } from "../../src/cli/decode/find-messages.ts";
import { INPUT_LIMIT } from "../../src/cli/decode/input.ts";
import { record } from "../ntlm/exchange.ts";
import { bytesToSay } from "../support/macros.ts";
import { ROOT } from "../support/root.ts";
import { runCommand } from "./command.ts";

const folder = mkdtempSync(join(tmpdir(), "postern-dialogues-"));
after(() => rmSync(folder, { recursive: true }));

const b64 = (text: string) => Buffer.from(text).toString("base64");
const PLAIN = b64("\0alice\0secret");

/** Mechanism and message of everything found. */
function found(text: string): string[] {
  const { lines } = decode([text], { json: true });
  if (lines.length === 0) return [];
  const { exchanges } = JSON.parse(lines.join("\n")) as {
    exchanges: { mechanism: string; messages: { message: string }[] }[];
  };
  return exchanges.flatMap(({ mechanism, messages }) => messages.map(({ message }) => `${mechanism}: ${message}`));
}

describe("in a dialogue", () => {
  const PLAIN_FOUND = ["PLAIN: PLAIN message"];
  const forms: Readonly<Record<string, string>> = {
    "POP3 as it is": `AUTH PLAIN\n+ \n${PLAIN}\n+OK done`,
    "with C: and S:": `S: 250-AUTH PLAIN LOGIN\nC: AUTH PLAIN ${PLAIN}\nS: 235 ok`,
    "of IMAP with a challenge": `C: a1 AUTHENTICATE PLAIN\r\nS: + \r\nC: ${PLAIN}\r\nS: a1 OK done\r\n`,
    "of curl -v": `> A002 AUTHENTICATE PLAIN\n< + \n> ${PLAIN}\n< A002 OK Logged in`,
    "of swaks": ` -> AUTH PLAIN ${PLAIN}\n<-  235 ok`,
    "of fetchmail -v": `fetchmail: POP3> AUTH PLAIN\nfetchmail: POP3< +\nfetchmail: POP3> ${PLAIN}\nfetchmail: POP3< +OK`,
    "of Thunderbird's IMAP log": `[(null) 12: Main Thread]: D/IMAP 0x7f3c:imap.example.com:NA:SendData: 2 authenticate PLAIN\n[(null) 12: IMAP]: D/IMAP 0x7f3c:imap.example.com:NA:CreateNewLineFromSocket: +\n[(null) 12: IMAP]: D/IMAP 0x7f3c:imap.example.com:NA:SendData: ${PLAIN}`,
    "of Thunderbird's SMTP log": `mailnews.smtp: C: AUTH PLAIN ${PLAIN}\nmailnews.smtp: S: 235 ok`,
    "of Outlook's log": `2026.01.02 03:04:05 SMTP (mail.example.com): [tx] AUTH PLAIN\n2026.01.02 03:04:05 SMTP (mail.example.com): <rx> 334\n2026.01.02 03:04:05 SMTP (mail.example.com): [tx] ${PLAIN}`,
    "that is the bare message": PLAIN,
    "that is the bare message in hex": Buffer.from("\0alice\0secret").toString("hex"),
    "that is the bare message, wrapped": `${PLAIN.slice(0, 10)}\n  ${PLAIN.slice(10)}`,
  };
  for (const [form, text] of Object.entries(forms)) test(form, () => assert.deepEqual(found(text), PLAIN_FOUND));

  test("LOGIN's prompts and answers, with the name in the command or without a command", () => {
    const whole = [
      "LOGIN: LOGIN challenge",
      "LOGIN: LOGIN user name",
      "LOGIN: LOGIN challenge",
      "LOGIN: LOGIN password",
    ];
    const rest = `334 VXNlcm5hbWU6\n${b64("alice")}\n334 UGFzc3dvcmQ6\n${b64("secret")}\n235 ok`;
    assert.deepEqual(found(`AUTH LOGIN\n${rest}`), whole);
    assert.deepEqual(found(rest), whole);
    assert.deepEqual(found(`AUTH LOGIN ${b64("alice")}\n334 UGFzc3dvcmQ6\n${b64("secret")}`), [
      whole[1],
      whole[2],
      whole[3],
    ]);
  });

  test("XOAUTH2's refusal and OAUTHBEARER", () => {
    const user = b64("user=alice\x01auth=Bearer x.y\x01\x01");
    assert.deepEqual(found(`AUTH XOAUTH2 ${user}\n334 ${b64('{"status":"400"}')}\nC: \n535 no`), [
      "XOAUTH2: XOAUTH2 message",
      "XOAUTH2: XOAUTH2 error",
      "XOAUTH2: XOAUTH2 acknowledgement of the error",
    ]);
    assert.deepEqual(found(b64("n,a=a@b,\x01auth=Bearer x\x01\x01")), ["OAUTHBEARER: OAUTHBEARER message"]);
  });

  test("several logons, each by itself, and nothing of what is no logon", () => {
    const text = `EHLO me\n250-AUTH PLAIN LOGIN\n250 HELP\nAUTH PLAIN\n334 \n*\n501 no\nAUTH PLAIN ${PLAIN}\n235 ok\nMAIL FROM:<a@b>\n250 ok`;
    assert.deepEqual(found(text), PLAIN_FOUND);
    assert.equal(findMessages(`${text}\nAUTH PLAIN ${PLAIN}`).length, 2);
  });

  test("Negotiate in HTTP, bare NTLM and SPNEGO, NTLM inside never counted twice", () => {
    const { vectors } = JSON.parse(readFileSync(new URL("test/vectors/vectors-public.json", ROOT), "utf8")) as {
      vectors: { kind: string; tokens?: [string, string][] }[];
    };
    const tokens = vectors.find(({ kind }) => kind === "spnego")?.tokens ?? [];
    assert.equal(tokens.length, 4);
    const headers = tokens.map(([side, hex]) => {
      const token = Buffer.from(hex, "hex").toString("base64");
      return side === "c" ? `> Authorization: Negotiate ${token}` : `< WWW-Authenticate: Negotiate ${token}`;
    });
    const wanted = ["SPNEGO: NegTokenInit", "SPNEGO: NegTokenResp", "SPNEGO: NegTokenResp", "SPNEGO: NegTokenResp"];
    assert.deepEqual(found(headers.join("\n")), wanted);
    assert.deepEqual(found(tokens.map(([, hex]) => hex).join("\n")), wanted);
    const wrapped = headers.map((each) => each.replace(/(.{70})/g, "$1\n  ")).join("\n");
    assert.deepEqual(found(wrapped), wanted);
    assert.equal(decode([headers.join("\n")], { password: "Password" }).exitCode, 0);
  });
});

describe("our own transcripts", () => {
  const directory = fileURLToPath(new URL("test/transcripts/", ROOT));
  const files = readdirSync(directory).filter((name) => name.endsWith(".txt"));
  const expanded = (name: string) => {
    const { pending } = record();
    const memory = { challenge: pending.message.toString("base64") };
    const [, dialogue = ""] = readFileSync(join(directory, name), "utf8").split(/^---$/m);
    const lines = dialogue.split("\n").map((line) => line.replace("{challenge}", memory.challenge));
    return lines.flatMap((line) =>
      /^[CS]: /.test(line)
        ? [`${line.slice(0, 3)}${bytesToSay(`${line.slice(3)}{open}`, memory).toString("latin1")}`]
        : [],
    );
  };

  test("are all read, and no password in them is shown", () => {
    assert.ok(files.length > 80);
    for (const name of files) {
      const { lines, exitCode } = decode([expanded(name).join("\n")], {});
      assert.ok(exitCode === 0 || exitCode === 2, name);
      assert.doesNotMatch(lines.join("\n"), /\bsecret\b/, name);
    }
  });

  for (const [name, wanted] of [
    ["pop3-plain.txt", ["PLAIN: PLAIN message", "PLAIN: PLAIN message", "PLAIN: PLAIN message"]],
    ["smtp-login-outlook.txt", ["LOGIN: LOGIN user name", "LOGIN: LOGIN challenge", "LOGIN: LOGIN password"]],
    ["pop3-seed.txt", ["NTLM: NEGOTIATE_MESSAGE", "NTLM: CHALLENGE_MESSAGE", "NTLM: AUTHENTICATE_MESSAGE"]],
    ["imap-ntlm.txt", ["NTLM: NEGOTIATE_MESSAGE", "NTLM: CHALLENGE_MESSAGE", "NTLM: AUTHENTICATE_MESSAGE"]],
  ] as const) {
    test(`${name} has its messages`, () => assert.deepEqual(found(expanded(name).join("\n")), wanted));
  }
});

describe("input", () => {
  test("may be the raw bytes of a message, or UTF-16 as PowerShell writes it", () => {
    const { authenticate } = record();
    const [raw, wide] = [join(folder, "raw"), join(folder, "wide")];
    writeFileSync(raw, authenticate);
    writeFileSync(wide, Buffer.concat([Buffer.from([0xff, 0xfe]), Buffer.from(`AUTH PLAIN ${PLAIN}\r\n`, "utf16le")]));
    assert.deepEqual(found(raw), ["NTLM: AUTHENTICATE_MESSAGE"]);
    assert.deepEqual(found(wide), ["PLAIN: PLAIN message"]);
  });

  test("above the limit is refused unread, files and pastes alike", () => {
    const file = join(folder, "big");
    writeFileSync(file, Buffer.alloc(10_000_000, "A"));
    const before = performance.now();
    for (const each of [file, "A".repeat(10_000_000)]) {
      const { problem, exitCode } = decode([each], {});
      assert.match(problem ?? "", /more than 2 MiB/);
      assert.equal(exitCode, 2);
    }
    assert.ok(performance.now() - before < 3000);
  });

  test("just below it is read in linear time, however it is made", () => {
    const pieces = [
      "TlRMTVNTUAAD ",
      "4e544c4d53535000",
      "4e 54 4c 4d 53 53 50 00 03 ",
      "YIIAAAYGKwYBBQUC ",
      "oYIBMDCC",
      `AUTH PLAIN ${PLAIN}\n`,
      "+ AAAA\n",
      "aa: [x]: - ",
      "n,",
      "A A ",
      "\n",
      "TlRMTVNTUAADAAAAGAAYAGoAAAAYABgA A A A A A A",
    ];
    for (const piece of pieces) {
      const text = piece.repeat(Math.floor(INPUT_LIMIT / piece.length));
      const before = process.cpuUsage();
      decode([text], { password: "x" });
      const { user } = process.cpuUsage(before);
      assert.ok(user < 4_000_000, `${JSON.stringify(piece)}: ${user} microseconds`);
    }
  });

  test("of any kind is decoded or refused, never thrown at, and controls no terminal", () => {
    const word = fc.constantFrom(
      "AUTH",
      "PLAIN",
      "LOGIN",
      "SCRAM-SHA-256",
      "XOAUTH2",
      "NTLM",
      "+",
      "334",
      "C:",
      "S:",
      "\n",
      "\n",
      " ",
      PLAIN,
      "TlRMTVNTUAADAAAA",
      "4e544c4d5353500003000000",
      "oQcwBaADCgEC",
      "YEgGBisGAQUFAqA+",
      b64("n,,n=a,r=b"),
      b64("r=bc,s=QQ==,i=4096"),
      "n,,n=\u202e,r=x",
    );
    const text = fc
      .array(fc.oneof(word, fc.string({ unit: "binary", maxLength: 20 })), { maxLength: 40 })
      .map((words) => words.join(" "));
    fc.assert(
      fc.property(text, fc.boolean(), (input, json) => {
        const { lines, exitCode } = decode([`${input}\n`], { json, password: "x" });
        assert.ok([0, 1, 2].includes(exitCode));
        for (const line of lines) assert.doesNotMatch(json ? line.replaceAll("\n", "") : line, /[\p{Cc}\u2028\u202e]/u);
      }),
      { numRuns: 500 },
    );
  });
});

describe("the command", () => {
  test("--at says what the skew is against, in UTC", () => {
    const { pending } = record();
    const message = pending.message.toString("base64");
    assert.match(decode([message], { at: "2026-01-02T03:04:35" }).lines.join("\n"), /\(30 seconds ago\)/);
    assert.match(
      decode([message], { at: "1767323105" }).lines.join("\n"),
      /\(1 minute ahead\)|\(\d+ \w+ (?:ago|ahead)\)|\(now\)/,
    );
    assert.equal(decode([message], { at: "yesterday" }).exitCode, 2);
  });

  test("takes the password from the environment or from standard input, from one place only", async () => {
    const file = join(folder, "plain");
    writeFileSync(file, `AUTH PLAIN ${PLAIN}\n`);
    process.env["POSTERN_TEST_PASSWORD"] = "secret";
    assert.equal(decode([file], { passwordEnv: "POSTERN_TEST_PASSWORD" }).exitCode, 0);
    assert.equal(decode([file], { passwordEnv: "POSTERN_TEST_NOTHING" }).exitCode, 2);
    assert.equal(decode([file], { password: "secret", passwordFile: file }).exitCode, 2);
    assert.equal(decode([], { passwordStdin: true }).exitCode, 2);
    const right = await runCommand(
      "decode.js",
      "registerDecode",
      folder,
      ["decode", file, "--password-stdin"],
      "secret\n",
    );
    assert.equal(right.code, 0, right.stderr);
    const piped = await runCommand(
      "decode.js",
      "registerDecode",
      folder,
      ["decode", "--password", "x"],
      `AUTH PLAIN ${PLAIN}\n`,
    );
    assert.equal(piped.code, 1);
    assert.match(piped.stdout, /wrong: another password was sent/);
  });
});

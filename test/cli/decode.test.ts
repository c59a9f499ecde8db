/** `postern decode` on everything people paste, and its verdict on passwords. */
import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, describe, test } from "node:test";
import fc from "fast-check";
import { Command } from "commander";
import { decode, registerDecode } from "../../src/cli/decode.ts";
import { findMessages } from "../../src/cli/decode/find-messages.ts";
import { ACCOUNT, record } from "../ntlm/exchange.ts";

const folder = mkdtempSync(join(tmpdir(), "postern-decode-"));
after(() => rmSync(folder, { recursive: true }));

const { pending, authenticate } = record();
const [TYPE1, TYPE2, TYPE3] = [pending.negotiate, pending.message, authenticate].map((each) => Buffer.from(each)) as [
  Buffer,
  Buffer,
  Buffer,
];
const base64 = (message: Uint8Array): string => Buffer.from(message).toString("base64");
const WHOLE = [TYPE1, TYPE2, TYPE3].map(base64);

/** The published example as it was printed: wrapped, with blanks before the padding and inside. */
const PUBLISHED = `AUTH NTLM
+OK
TlRMTVNTUAABAAAABzIAAAYABgArAAAACwALACAAAABXT1JLU1RBVElPTkRPTUFJTg ==
 * TlRMTVNTUAACAAAADAAMADAAAAABAoEAASNFZ4mrze8AAAAAAAAAAGIAYgA8AAAA
RABPAE0AQQBJAE4AAgAMAEQATwBNAEEASQBOAAEADABTAEUAUgBWAEUAUgAEABQAZA
BvAG0AYQBpAG4ALgBjAG8AbQADACIAcwBlAHIAdgBlAHIALgBkAG8AbQBhAGkAbgAu
AGMAbwBtAAAAAAA =
 7. the client answers
TlRMTVNTUAADAAAAGAAYAGoAAAAYABgAggAAAAwADABAAAAACAAIAEwAAAAWABYAVA
AAAAAAAACaAAAAAQIAAEQATwBNAEEASQBOAHUAcwBlAHIAVwBPAFIASwBTAFQAQQBU
AEkATwBOAMM3zVy9RPyXgqZnr21CfG3mfCDC0 + d8ViWpjBwx6BhHRmspst9GgPOZWP
uMITqcxg ==
+OK User successfully logged on
`;

describe("messages are found", () => {
  const forms: Readonly<Record<string, string>> = {
    "one a line": WHOLE.join("\n"),
    "in a POP3 dialogue": `C: AUTH NTLM\nS: +OK\nC: ${WHOLE[0]}\nS: + ${WHOLE[1]}\nC: ${WHOLE[2]}\nS: +OK done`,
    "in an IMAP dialogue": `a AUTHENTICATE NTLM ${WHOLE[0]}\r\n+ ${WHOLE[1]}\r\n${WHOLE[2]}\r\na OK done\r\n`,
    "in an SMTP dialogue": `AUTH NTLM ${WHOLE[0]}\n334 ${WHOLE[1]}\n${WHOLE[2]}\n235 2.7.0 yes`,
    "in HTTP headers": `Authorization: NTLM ${WHOLE[0]}\nWWW-Authenticate: NTLM ${WHOLE[1]}\nAuthorization: NTLM ${WHOLE[2]}\nHost: x`,
    "in a log's quotes": WHOLE.map((each) => `{"line":"${each}","level":"debug"}`).join("\n"),
    "wrapped at 60": WHOLE.map((each) => each.replace(/(.{60})/g, "$1\n")).join("\n"),
    "wrapped and indented in a dialogue": WHOLE.map((each) => `C: ${each.replace(/(.{70})/g, "$1\r\n   ")}`).join(
      "\r\nS: + \r\n",
    ),
    "in hex": [TYPE1, TYPE2, TYPE3].map((each) => each.toString("hex")).join("\n"),
    "in hex with blanks and capitals": [TYPE1, TYPE2, TYPE3]
      .map((each) => each.toString("hex").toUpperCase().replace(/(..)/g, "$1 "))
      .join("\n"),
  };
  for (const [form, text] of Object.entries(forms)) {
    test(form, () =>
      assert.deepEqual(
        findMessages(text).map(({ bytes }) => base64(bytes)),
        WHOLE,
      ),
    );
  }

  test("in the published dialogue as it was printed", () => {
    assert.deepEqual(
      findMessages(PUBLISHED).map(({ bytes }) => bytes.length),
      [49, 158, 154],
    );
  });

  test("nowhere in other text, and without long thinking", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary", maxLength: 300 }), (text) => assert.deepEqual(findMessages(text), [])),
    );
    const before = process.cpuUsage().user;
    findMessages("TlRMTVNTUAAD ".repeat(20_000));
    findMessages("4e544c4d53535000".repeat(2_000));
    assert.ok(process.cpuUsage().user - before < 3_000_000);
  });
});

describe("a password", () => {
  const check = (text: string, options: Parameters<typeof decode>[1]) => decode([text], options);

  test("that is right exits with 0 and says so, with the MIC", () => {
    const { lines, exitCode } = check(WHOLE.join("\n"), { password: ACCOUNT.password });
    assert.equal(exitCode, 0);
    assert.deepEqual(lines.slice(-4), [
      'response  right: NTLMv2, computed for user "alice" and domain "EXAMPLE"',
      "MIC       right",
      "policy    under the defaults it would be accepted",
      "",
    ]);
  });

  test("that is wrong exits with 1", () => {
    const { lines, exitCode } = check(WHOLE.join("\n"), { password: "other" });
    assert.equal(exitCode, 1);
    assert.match(lines.at(-2) ?? "", /^response  wrong: the NTLMv2 response was computed with another password/);
  });

  test("that is right for another account names it", () => {
    const other = record("NTLMv2", { user: "alice.smith" });
    const message = Buffer.from(other.authenticate);
    const at = message.readUInt32LE(40);
    message.write("xlice.smith", at, "utf16le");
    const text = [base64(other.pending.message), base64(message)].join("\n");
    const { lines, exitCode } = check(text, { password: ACCOUNT.password, user: "alice.smith", domain: "EXAMPLE" });
    assert.equal(exitCode, 1);
    assert.match(lines.at(-2) ?? "", /right, but for user "alice.smith"/);
  });

  test("of the published example is right, and its scheme too old for the defaults", () => {
    const { lines, exitCode } = check(PUBLISHED, { password: "SecREt01" });
    assert.equal(exitCode, 0);
    assert.match(
      lines.join("\n"),
      /response {2}right: NTLMv1\nMIC {7}none\npolicy {4}under the defaults it would be refused/,
    );
  });

  test("is checked without the NEGOTIATE, only the MIC is not", () => {
    const { lines, exitCode } = check(WHOLE.slice(1).join("\n"), { password: ACCOUNT.password });
    assert.equal(exitCode, 0);
    assert.match(lines.join("\n"), /MIC {7}cannot be checked without the NEGOTIATE_MESSAGE and the CHALLENGE_MESSAGE/);
  });

  test("finds an altered MIC", () => {
    const altered = Buffer.from(TYPE3);
    altered[75]! ^= 1;
    const { lines } = check([WHOLE[0], WHOLE[1], base64(altered)].join("\n"), { password: ACCOUNT.password });
    assert.match(lines.join("\n"), /MIC {7}the MIC is wrong/);
  });

  test("without a CHALLENGE cannot be checked: 2", () => {
    const { problem, exitCode } = check(WHOLE[2] ?? "", { password: ACCOUNT.password });
    assert.match(problem ?? "", /something is missing/);
    assert.equal(exitCode, 2);
  });

  test("comes from a file's first line, and is never printed", () => {
    const file = join(folder, "password");
    writeFileSync(file, `${ACCOUNT.password}\nsomething else\n`);
    const { lines, exitCode } = check(WHOLE.join("\n"), { passwordFile: file, json: true });
    assert.equal(exitCode, 0);
    assert.ok(!lines.join("\n").includes(ACCOUNT.password));
    assert.equal(check(WHOLE.join("\n"), { passwordFile: join(folder, "missing") }).exitCode, 2);
  });
});

describe("the command", () => {
  test("reads a file that is named, and any arguments else", () => {
    const file = join(folder, "dialogue.txt");
    writeFileSync(file, PUBLISHED);
    assert.match(decode([file], {}).lines[0] ?? "", /^NEGOTIATE_MESSAGE, 49 bytes/);
    assert.equal(decode(WHOLE, {}).lines.filter((line) => /^[A-Z]+_MESSAGE/.test(line)).length, 3);
  });

  test("keeps several exchanges apart", () => {
    const second = record("NTLMv1", {}, 9);
    const all = [
      ...WHOLE,
      base64(second.pending.negotiate),
      base64(second.pending.message),
      base64(second.authenticate),
    ];
    const { lines, exitCode } = decode([all.join("\n")], { password: ACCOUNT.password });
    assert.equal(exitCode, 0);
    assert.deepEqual(
      lines.filter((line) => line.startsWith("response")).map((line) => /right: (\w+)/.exec(line)?.[1]),
      ["NTLMv2", "NTLMv1"],
    );
  });

  test("--json is one document with every field", () => {
    const { lines } = decode(WHOLE, { json: true, password: ACCOUNT.password });
    const document = JSON.parse(lines.join("\n")) as {
      exchanges: { messages: { message: string; scheme?: string }[]; finding: { right: boolean; mic: string } }[];
    };
    assert.equal(document.exchanges.length, 1);
    assert.equal(document.exchanges[0]?.messages[2]?.scheme, "NTLMv2");
    assert.deepEqual([document.exchanges[0]?.finding.right, document.exchanges[0]?.finding.mic], [true, "right"]);
  });

  test("says what it looks for when there is nothing, and exits with 2", () => {
    const { lines, problem, exitCode } = decode(["hello"], {});
    assert.deepEqual(lines, []);
    assert.match(problem ?? "", /no logon message found/);
    assert.equal(exitCode, 2);
  });

  test("describes what it can of a broken message", () => {
    const { lines, exitCode } = decode([base64(TYPE3.subarray(0, 120))], {});
    assert.equal(exitCode, 0);
    assert.match(lines[1] ?? "", /problem/);
  });

  test("is registered with its options", () => {
    const program = new Command();
    registerDecode(program);
    const help = program.commands[0]?.helpInformation() ?? "";
    for (const option of [
      "--json",
      "--password <",
      "--password-file",
      "--password-env",
      "--password-stdin",
      "--user",
      "--domain",
      "--at",
      "--challenge",
      "--show-secrets",
    ])
      assert.ok(help.includes(option));
  });
});

/** What the sandbox shows of dialogues: each mechanism in words, and no secret of any, also where a client is confused. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { ProtocolName } from "../../src/core/visit.ts";
import { Dialogue } from "../../src/observe/dialogue.ts";
import {
  assertHidden,
  base64,
  COMMAND,
  COURSES,
  DIGEST,
  NO,
  NTLM_SECRETS,
  PASSWORD,
  play,
  playLate,
  PROMPT,
  PROTOCOLS,
  type Said,
} from "./courses.ts";

describe("exchanges in words, without their secrets", () => {
  for (const protocol of PROTOCOLS)
    for (const course of COURSES)
      test(`${protocol.toUpperCase()} ${course.mechanism}, ${course.messages.length} messages`, () => {
        const lines = [...play(protocol, course)];
        const shown = lines.map(({ text }) => text).join("\n");
        for (const words of course.shown) assert.ok(shown.includes(words), `${words} is not in ${shown}`);
        assert.equal(lines.at(-1)?.text, NO[protocol]);
        assertHidden(lines, course.secrets);
        assertHidden(playLate(protocol, course), course.secrets);
      });

  test("a message that is not whole is not shown in part", () => {
    for (const course of COURSES.filter(({ secrets }) => secrets !== NTLM_SECRETS))
      for (const [index, [voice, message]] of course.messages.entries()) {
        if (voice === "S") continue;
        const bytes = Buffer.from(message as string);
        for (let at = 0; at < bytes.length; at += 1)
          for (const change of [
            Buffer.alloc(0),
            Buffer.from("\0"),
            Buffer.from(" "),
            Buffer.from([bytes[at]! ^ 0x81]),
          ]) {
            const other = Buffer.concat([bytes.subarray(0, at), change, bytes.subarray(at + 1)]);
            const messages = course.messages.map((each, place): Said => (place === index ? ["C", other] : each));
            assertHidden(play("smtp", { ...course, messages }), course.secrets);
          }
      }
  });

  test("a description comes with NTLM messages, also those in SPNEGO", () => {
    for (const mechanism of ["NTLM", "MSN", "GSS-SPNEGO"]) {
      const course = COURSES.find((each) => each.mechanism === mechanism.replace("MSN", "NTLM"))!;
      const seen = [...play("imap", { ...course, mechanism })].flatMap(({ ntlm }) => (ntlm ? [ntlm.message] : []));
      assert.deepEqual(seen, ["NEGOTIATE_MESSAGE", "CHALLENGE_MESSAGE", "AUTHENTICATE_MESSAGE"]);
    }
  });

  test("a user name cannot play with the terminal", () => {
    const [line] = play("smtp", { ...COURSES[5]!, messages: [["C", `\0al\u202eice\0${PASSWORD}`]] });
    assert.equal(line?.text, "AUTH PLAIN <user name al\\u{202e}ice, password hidden>");
    const [other] = play("smtp", { ...COURSES[5]!, messages: [["C", `\0al\u001b[31mice\0${PASSWORD}`]] });
    assert.match(other?.text ?? "", /^AUTH PLAIN <\d+ characters hidden>$/);
  });
});

describe("lines of clients that are confused", () => {
  const CONFUSED: readonly (readonly [ProtocolName, string, string])[] = [
    ["pop3", `PASS ${PASSWORD}`, "PASS <password hidden>"],
    ["pop3", `pass  ${PASSWORD}`, "pass <password hidden>"],
    ["pop3", `PASS\t${PASSWORD}`, `<unknown command, ${PASSWORD.length + 5} bytes>`],
    ["pop3", `APOP alice ${DIGEST}`, "APOP <name and digest hidden>"],
    [
      "pop3",
      `AUTH PLAIN ${base64(PASSWORD)} ${base64(PASSWORD)}`,
      `AUTH <${2 * base64(PASSWORD).length + 8} bytes hidden>`,
    ],
    ["pop3", PASSWORD, `<unknown command, ${PASSWORD.length} bytes>`],
    ["smtp", "correcthorse", "<unknown command, 12 bytes>"],
    ["smtp", `AUTH ${PASSWORD}`, "AUTH <unknown mechanism, 19 characters>"],
    ["smtp", `AUTH PLAIN ${PASSWORD}`, "AUTH PLAIN <19 characters hidden, no base64>"],
    ["smtp", `QUIT/${base64(PASSWORD)}`, "<unknown command, 33 bytes>"],
    ["imap", `a LOGIN alice "${PASSWORD}"`, "a LOGIN <name and password hidden>"],
    ["imap", `a login alice {${PASSWORD.length}}`, "a login <name and password hidden>"],
    ["imap", `a AUTHENTICATE PLAIN ${PASSWORD} x`, "a AUTHENTICATE <28 bytes hidden>"],
    ["imap", `a SELECT ${PASSWORD}`, "a SELECT <20 bytes hidden>"],
    ["imap", `${PASSWORD} ${PASSWORD}`, "<unknown command, 39 bytes>"],
  ];
  for (const [protocol, line, shown] of CONFUSED)
    test(`${protocol.toUpperCase()}: ${shown}`, () => {
      assert.equal(new Dialogue(protocol).hear("C", line, "line").text, shown);
    });

  test("what cannot hold a secret is shown whole", () => {
    for (const [protocol, line] of [
      ["pop3", "USER alice"],
      ["pop3", "AUTH"],
      ["imap", 'a ID ("name" "x")'],
      ["smtp", "EHLO client.example.com"],
      ["smtp", "AUTH GSSAPI"],
    ] as const)
      assert.deepEqual(new Dialogue(protocol).hear("C", line, "line"), { voice: "C", text: line });
  });

  test("a LOGIN in literals is hidden to its end, and the next command is not", () => {
    const dialogue = new Dialogue("imap");
    const lines = [
      dialogue.hear("C", "a LOGIN {5}", "line"),
      dialogue.hear("S", "+ OK", "line"),
      dialogue.hear("C", "alice", "literal"),
      dialogue.hear("C", ` "${PASSWORD}"`, "line"),
    ];
    assertHidden(lines, [PASSWORD]);
    assert.equal(lines[3]?.text, `<${PASSWORD.length + 3} bytes hidden>`);
    dialogue.hear("S", "a NO no", "line");
    assert.equal(dialogue.hear("C", "b NOOP", "line").text, "b NOOP");
  });

  test("whatever is said after a prompt that no known command asked for is hidden", () => {
    for (const protocol of PROTOCOLS) {
      const dialogue = new Dialogue(protocol);
      dialogue.hear("C", `${COMMAND[protocol]}\tPLAIN`, "line");
      dialogue.hear("S", `${PROMPT[protocol]} `, "line");
      assert.equal(dialogue.hear("C", "QUIT secret", "line").text, "<11 bytes hidden>");
      dialogue.hear("S", NO[protocol], "line");
    }
  });

  test("a cancel ends an exchange for the eye as well", () => {
    const dialogue = new Dialogue("smtp");
    dialogue.hear("C", "AUTH LOGIN", "line");
    dialogue.hear("S", "334 VXNlcm5hbWU6", "line");
    assert.equal(dialogue.hear("C", "*", "line").text, "*");
    assert.equal(dialogue.hear("S", "501 5.7.0 Cancelled", "line").text, "501 5.7.0 Cancelled");
    assert.equal(dialogue.hear("C", "NOOP", "line").text, "NOOP");
  });

  test("old servers' words at the place of a challenge are words", () => {
    const dialogue = new Dialogue("smtp");
    dialogue.hear("C", "AUTH NTLM", "line");
    assert.equal(dialogue.hear("S", "334 ntlm supported", "line").text, "334 ntlm supported");
  });
});

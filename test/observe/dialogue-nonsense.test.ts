/** Dialogues of nonsense: whatever a client says, it is shown short, harmless and without anything that may be secret. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import { Dialogue } from "../../src/observe/dialogue.ts";
import { assertHidden, COURSES, NTLM_SECRETS, play, PROTOCOLS, type Said } from "./courses.ts";

describe("any bytes", () => {
  const mechanisms = fc.constantFrom(...COURSES.map(({ mechanism }) => mechanism), "__proto__", "constructor");
  const ntlm = COURSES.flatMap(({ secrets, messages }) => (secrets === NTLM_SECRETS ? messages : [])).map(([, bytes]) =>
    Buffer.from(bytes as Buffer),
  );
  const broken = fc
    .tuple(fc.constantFrom(...ntlm), fc.nat(), fc.nat(255))
    .map(([message, at, value]) => Buffer.from(message.map((each, place) => (place === at % message.length ? value : each)))); // prettier-ignore
  const bytes = fc.oneof(
    fc.uint8Array({ maxLength: 200 }).map((each) => Buffer.from(each)),
    broken,
  );
  const lines = fc.array(
    fc.record({
      voice: fc.constantFrom("C" as const, "S" as const),
      kind: fc.constantFrom("line" as const, "literal" as const),
      text: fc.oneof(
        bytes.map((each) => each.toString("latin1")),
        bytes.map((each) => each.toString("base64")),
        bytes.map((each) => `+ ${each.toString("base64")}`),
        bytes.map((each) => `334 ${each.toString("base64")}`),
        fc.tuple(mechanisms, bytes).map(([name, each]) => `AUTH ${name} ${each.toString("base64")}`),
        fc.tuple(mechanisms, bytes).map(([name, each]) => `a AUTHENTICATE ${name} ${each.toString("base64")}`),
      ),
    }),
    { maxLength: 12 },
  );

  test("are shown in a short line without control characters, and never thrown at", () => {
    fc.assert(
      fc.property(fc.constantFrom(...PROTOCOLS), lines, (protocol, said) => {
        const dialogue = new Dialogue(protocol);
        for (const { voice, text, kind } of said) {
          const shown = dialogue.hear(voice, text, kind);
          assert.equal(shown.voice, voice);
          assert.ok(shown.text.length < 2000);
          assert.doesNotMatch(shown.text, /[\u0000-\u001f\u007f-\u009f]/);
        }
      }),
      { numRuns: 1500 },
    );
  });

  test("behind the name of a mechanism that nobody knows never come to light", () => {
    const secret = fc.stringMatching(/^[a-zA-Z0-9]{12,40}$/);
    fc.assert(
      fc.property(secret, fc.constantFrom(...PROTOCOLS), (text, protocol) => {
        const messages: Said[] = [["C", text], ["S", text], ["C", text]]; // prettier-ignore
        assertHidden(play(protocol, { mechanism: "X-UNKNOWN", messages, shown: [], secrets: [] }), [text]);
      }),
      { numRuns: 200 },
    );
  });

  test("of a megabyte take no longer than they are long", () => {
    const long = "A".repeat(1 << 20);
    for (const { mechanism } of COURSES) {
      const dialogue = new Dialogue("smtp");
      const text = dialogue.hear("C", `AUTH ${mechanism} ${long}`, "line").text;
      assert.match(text, /<1048576 characters hidden, no base64>$/);
    }
  });
});

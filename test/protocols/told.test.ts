/** What a refused client hears: nothing by default, the account's state where the listener reveals it, never a hint for attackers. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { DenyReason } from "../../src/core/verdict.ts";
import type { LogonOutcome } from "../../src/protocols/front.ts";
import { words as imap } from "../../src/protocols/imap/words.ts";
import { words as pop3 } from "../../src/protocols/pop3/words.ts";
import { words as smtp } from "../../src/protocols/smtp/words.ts";
import { toldReason, type Reveal } from "../../src/protocols/told.ts";

function replies(reason: DenyReason, reveal: Reveal): string[] {
  const outcome: LogonOutcome = { kind: "denied", why: "for the log", reason, told: toldReason(reason, reveal) };
  return [
    imap.outcome("a", "NTLM", outcome, "auto"),
    pop3.outcome(outcome, "auto"),
    smtp.outcome(outcome, "NTLM", "auto"),
  ];
}

const NOTHING = [
  "a NO [AUTHENTICATIONFAILED] Authentication failed.\r\n",
  "-ERR [AUTH] Logon failure: unknown user name or bad password.\r\n",
  "535 5.7.8 Authentication credentials invalid\r\n",
];
/** Reply codes of IMAP, POP3 and SMTP. */
const REVEALED: readonly (readonly [DenyReason, string, string, string])[] = [
  ["disabled", "[CONTACTADMIN]", "[SYS/PERM]", "525 5.7.13"],
  ["expired", "[CONTACTADMIN]", "[SYS/PERM]", "525 5.7.13"],
  ["locked-out", "[CONTACTADMIN]", "[SYS/TEMP]", "454 4.7.0"],
  ["logon-hours", "[CONTACTADMIN]", "[SYS/TEMP]", "454 4.7.0"],
  ["password-expired", "[EXPIRED]", "[AUTH]", "535 5.7.8"],
  ["must-change-password", "[EXPIRED]", "[AUTH]", "535 5.7.8"],
  ["smartcard-required", "[CONTACTADMIN]", "[SYS/PERM]", "535 5.7.8"],
  ["trust-account", "[CONTACTADMIN]", "[SYS/PERM]", "535 5.7.8"],
  ["restricted", "[CONTACTADMIN]", "[SYS/PERM]", "535 5.7.8"],
  ["workstation", "[CONTACTADMIN]", "[SYS/PERM]", "535 5.7.8"],
  ["not-authorized", "[CONTACTADMIN]", "[SYS/PERM]", "535 5.7.8"],
];
const HIDDEN: readonly DenyReason[] = ["bad-credentials", "policy", "ntlm-blocked", "guarded"];

describe("a listener that reveals nothing says the same for", () => {
  for (const reason of [...REVEALED.map(([each]) => each), ...HIDDEN])
    test(reason, () => assert.deepEqual(replies(reason, "none"), NOTHING));
});

describe("a listener that reveals states has codes and words for", () => {
  for (const [reason, ...codes] of REVEALED)
    test(reason, () => {
      const [imapCode, pop3Code, smtpCode] = codes;
      const said = replies(reason, "state");
      const text = said[0]!.slice(`a NO ${imapCode} `.length);
      assert.match(text, /^(The|It) .*\.\r\n$/);
      assert.deepEqual(said, [`a NO ${imapCode} ${text}`, `-ERR ${pop3Code} ${text}`, `${smtpCode} ${text}`]);
    });
});

test("what would only help an attacker is never told", () => {
  for (const reason of HIDDEN) assert.deepEqual(replies(reason, "state"), NOTHING);
});

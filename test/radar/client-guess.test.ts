/** Guesses about clients: every one that was measured is recognized, and what was not is not claimed. */
import assert from "node:assert/strict";
import { test } from "node:test";
import type { NtlmFacts } from "../../src/core/ntlm-facts.ts";
import type { ProtocolName } from "../../src/core/visit.ts";
import { guessClient, type ClientGuess } from "../../src/radar/client-guess.ts";
import { accepted } from "./sightings.ts";

function guess(facts: Partial<NtlmFacts>, user = "alice", protocol: ProtocolName = "imap"): ClientGuess {
  const all = { ...accepted("x").ntlm!, ...facts };
  return guessClient(all, all.scheme ?? "", user, protocol);
}

test("clients that were measured are likely what they look like", () => {
  const cases: readonly (readonly [Partial<NtlmFacts>, ProtocolName, string])[] = [
    [{ negotiateFlags: 0xb207, workstation: "alice", scheme: "NTLMv1" }, "pop3", "libntlm (fetchmail, mpop, mutt)"],
    [{ negotiateFlags: 0xb207, workstation: "alice", scheme: "NTLMv1" }, "smtp", "libntlm (msmtp, exim, mutt, gsasl)"],
    [{ negotiateFlags: 0xa207, scheme: "NTLMv1" }, "smtp", "Perl Authen::NTLM (swaks)"],
    [{ negotiateFlags: 0x207, workstation: "", scheme: "NTLMv1" }, "imap", "Cyrus SASL (mbsync, imtest)"],
    [{ negotiateFlags: 0x88206 }, "imap", "curl"],
    [{ negotiateFlags: 0x88206, workstation: "UNKNOWN", scheme: "NTLM2 session" }, "imap", "Evolution"],
    [{ negotiateFlags: 0x88207 }, "smtp", "Thunderbird"],
    [{ negotiateFlags: 0x8b203, authenticateFlags: 0 }, "imap", "JavaMail"],
    [{ negotiateFlags: 0xe0088237 }, "imap", "rubyntlm"],
    [{ negotiateFlags: 0xe288b032, mic: "right" }, "imap", "Python ntlm-auth"],
    [{ negotiateFlags: 0x62088205, mic: "unchecked" }, "imap", "Samba"],
    [{ negotiateFlags: 0xe2088217, targetName: "imap/localhost" }, "imap", "gss-ntlmssp"],
    [{ negotiateFlags: 0xe0888235, targetName: "cifs/MAIL1" }, "imap", "impacket"],
  ];
  for (const [facts, protocol, client] of cases)
    assert.deepEqual(guess(facts, "alice", protocol), { client, confidence: "likely" });
});

test("flags without the habit that belongs to them are only possible", () => {
  assert.deepEqual(guess({ negotiateFlags: 0x88207, workstation: "DESKTOP" }), {
    client: "Thunderbird",
    confidence: "possible",
  });
  assert.equal(guess({ negotiateFlags: 0xb207, workstation: "alice", scheme: "NTLMv2" }).confidence, "possible");
});

test("where two clients share flags and neither habit is there, it is unknown", () => {
  assert.deepEqual(guess({ negotiateFlags: 0x88206, workstation: "PC" }), { client: "unknown", confidence: "unknown" });
});

test("Windows and MailKit were never measured and are never more than possible", () => {
  const windows = guess({ negotiateFlags: 0xa2088207, version: "10.0.22631", mic: "right", workstation: "PC7" });
  assert.deepEqual(windows, { client: "Windows 10 or later (Outlook, MailKit ...)", confidence: "possible" });
  const old = guess({ negotiateFlags: 0xa2088207, version: "5.1.2600", scheme: "NTLM2 session" });
  assert.deepEqual(old, { client: "Windows XP or 2003 (Outlook ...)", confidence: "possible" });
  const ambiguous = guess({ negotiateFlags: 0xa208b207, version: "5.1.2600" });
  assert.deepEqual(ambiguous, { client: "nodemailer-ntlm-auth, or Windows XP", confidence: "possible" });
  assert.equal(
    guess({ negotiateFlags: 0xa208b207, version: "6.1.7601", mic: "right" }).client,
    "Windows Vista to 8.1 (Outlook ...)",
  );
  assert.deepEqual(guess({ negotiateFlags: 0xa0088207 }), { client: "MailKit", confidence: "possible" });
});

test("anything else is unknown", () => {
  for (const negotiateFlags of [0, 1, 0xffffffff, 0xa2088207])
    assert.deepEqual(guess({ negotiateFlags, version: undefined }), { client: "unknown", confidence: "unknown" });
});

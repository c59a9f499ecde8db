/** Each assumption against each kind of logon. */
import assert from "node:assert/strict";
import { test } from "node:test";
import type { Entry } from "../../src/radar/entry.ts";
import { consequencesOf, makeReport } from "../../src/radar/report.ts";
import { ASSUMABLE, judge, parseAssumption, type IsOurs } from "../../src/radar/what-if.ts";
import { entry, snapshot } from "./sightings.ts";

function fate(changes: Partial<Entry>, assumed: string, isOurs?: IsOurs): string {
  const { fate, why } = judge(
    entry(changes),
    assumed.split(" ").map((words) => parseAssumption(words)!),
    isOurs,
  );
  return [fate, ...why].join(": ");
}

test("every assumption that the help names can be read, and nothing else", () => {
  const all = ASSUMABLE.flatMap((words) => {
    const [rule = "", values = ""] = words.split("=");
    return values.split("|").map((value) => `${rule}=${value}`);
  });
  assert.equal(all.length, 15);
  for (const words of all) assert.ok(parseAssumption(words), words);
  for (const words of [
    "",
    "mic",
    "mic=",
    "mic=on",
    "ntlm=on",
    "toString=x",
    "mic=require=x",
    "__proto__=off",
    "MIC=require",
  ])
    assert.equal(parseAssumption(words), undefined, words);
});

test("minimum: what is weaker breaks, LMv2 counts as v2, an unknown version might break", () => {
  const minima = ["v2", "v1-ess", "v1", "lm"];
  const broken = (scheme: string) =>
    minima.filter((value) => fate({ scheme }, `minimum=${value}`).startsWith("breaks"));
  assert.deepEqual(broken("NTLMv2"), []);
  assert.deepEqual(broken("LMv2"), []);
  assert.deepEqual(broken("NTLM2 session"), ["v2"]);
  assert.deepEqual(broken("NTLMv1"), ["v2", "v1-ess"]);
  assert.deepEqual(broken("LM"), ["v2", "v1-ess", "v1"]);
  assert.equal(fate({ scheme: "LM" }, "minimum=v2"), "breaks: sends LM");
  assert.equal(fate({ scheme: "" }, "minimum=lm"), "might break: version not known");
});

test("mic: required means there, right and in an NTLMv2 response", () => {
  assert.equal(fate({ mic: "right" }, "mic=require"), "works");
  assert.equal(fate({ mic: "absent" }, "mic=require"), "breaks: no MIC");
  assert.equal(fate({ mic: "wrong" }, "mic=require"), "breaks: wrong MIC");
  assert.equal(fate({ mic: "unchecked" }, "mic=require"), "might break: MIC never checked");
  assert.equal(fate({ mic: "right", scheme: "LMv2" }, "mic=require"), "breaks: no protected MIC in LMv2");
  assert.equal(fate({ mic: "absent" }, "mic=verify-if-present"), "works");
  assert.equal(fate({ mic: "wrong" }, "mic=verify-if-present"), "breaks: wrong MIC");
  assert.equal(fate({ mic: "wrong" }, "mic=off"), "works");
});

test("channelBinding: without TLS there is nothing to be bound to", () => {
  assert.equal(fate({ channelBinding: "right" }, "channelBinding=require"), "works");
  assert.equal(fate({ channelBinding: "absent" }, "channelBinding=require"), "breaks: no channel binding");
  assert.equal(fate({ channelBinding: "right", tls: false }, "channelBinding=require"), "breaks: not under TLS");
  assert.equal(
    fate({ channelBinding: "unchecked", tls: false }, "channelBinding=verify-if-present"),
    "breaks: bound, but not to our TLS",
  );
  assert.equal(fate({ channelBinding: "absent", tls: false }, "channelBinding=verify-if-present"), "works");
  assert.equal(
    fate({ channelBinding: "unchecked" }, "channelBinding=require"),
    "might break: channel binding never checked",
  );
  assert.equal(fate({ channelBinding: "absent" }, "channelBinding=off"), "works");
});

test("targetName: one that was sent works where it is known to be ours", () => {
  const seen = { hasTarget: true, target: "imap/mail.example.com" };
  const isOurs: IsOurs = (listener, target) => listener === "imap" && target === "imap/mail.example.com";
  assert.equal(fate({}, "targetName=require"), "breaks: no target name");
  assert.equal(fate(seen, "targetName=require"), "might break: target name never checked");
  assert.equal(fate(seen, "targetName=require", isOurs), "works");
  assert.equal(fate({ ...seen, listener: "pop3" }, "targetName=require", isOurs), "breaks: wrong target name");
  assert.equal(fate({}, "targetName=verify-if-present", isOurs), "works");
  assert.equal(fate({ ...seen, target: "cifs/x" }, "targetName=off", isOurs), "works");
});

test("exceptions=off: who needed one breaks", () => {
  assert.equal(fate({ exception: "old-printers" }, "exceptions=off"), "breaks: needs exception old-printers");
  assert.equal(fate({}, "exceptions=off"), "works");
});

test("ntlm=off: everyone breaks", () => {
  assert.equal(fate({}, "ntlm=off"), "breaks: uses NTLM");
});

test("assumptions are combined: the worst decides, and each says why", () => {
  const weak: Partial<Entry> = { scheme: "NTLMv1", mic: "absent", channelBinding: "unchecked" };
  assert.equal(
    fate(weak, "minimum=v2 mic=require channelBinding=require"),
    "breaks: sends NTLMv1: no MIC: channel binding never checked",
  );
  assert.equal(
    fate({ channelBinding: "unchecked" }, "minimum=v2 channelBinding=require"),
    "might break: channel binding never checked",
  );
});

test("consequences count users, rows and logons, and who is left with no way", () => {
  const seen = [
    entry({ successes: 10 }),
    entry({ scheme: "NTLMv1", successes: 5, from: "192.0.2.8" }),
    entry({ user: "bob", sentUser: "bob", scheme: "LM", successes: 3 }),
    entry({ user: "Bob", sentUser: "Bob", scheme: "LM", successes: 2 }),
    entry({ user: "carol", sentUser: "carol", scheme: "", successes: 1 }),
  ];
  const report = makeReport(snapshot(seen), {}, [parseAssumption("minimum=v2")!]);
  assert.deepEqual(consequencesOf(report), {
    all: { users: 3, ways: 5, logons: 21 },
    breaks: { users: 2, ways: 3, logons: 10 },
    mightBreak: { users: 1, ways: 1, logons: 1 },
    lockedOut: 1,
  });
});

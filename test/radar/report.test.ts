/** The report in its three forms, word for word, and what a hostile name does to none of them. */
import assert from "node:assert/strict";
import { test } from "node:test";
import type { Entry } from "../../src/radar/entry.ts";
import { asCsv, asJson } from "../../src/radar/export.ts";
import { limitsOf, makeReport, type Filters } from "../../src/radar/report.ts";
import { asText } from "../../src/radar/text.ts";
import { parseAssumption } from "../../src/radar/what-if.ts";
import { DAY, entry, NOON, snapshot } from "./sightings.ts";

const SEEN: readonly Entry[] = [
  entry({ successes: 412, hasTarget: true, target: "imap/mail.example.com", client: "gss-ntlmssp" }),
  entry({
    ...{ user: "bob", sentUser: "bob", sentDomain: "EXAMPLE", from: "192.0.2.8", scheme: "NTLMv2", mic: "right" },
    ...{
      channelBinding: "absent",
      client: "Windows 10 or later (Outlook, MailKit ...)",
      confidence: "possible",
      successes: 90,
      lastSeen: NOON - 2 * DAY,
    },
  }),
  entry({
    ...{
      exception: "old-printers",
      user: "printer",
      sentUser: "printer",
      from: "198.51.100.0/24",
      listener: "smtp",
      protocol: "smtp",
      tls: false,
      scheme: "NTLMv1",
    },
    ...{
      mic: "absent",
      channelBinding: "absent",
      client: "unknown",
      confidence: "unknown",
      successes: 31,
      failures: 2,
      lastSeen: NOON - DAY,
    },
  }),
];
const FAILED: readonly Entry[] = [
  entry({
    user: "",
    sentUser: "",
    from: "203.0.113.0/24",
    scheme: "NTLMv2",
    client: "impacket",
    successes: 0,
    failures: 5_000,
  }),
  entry({
    user: "bob",
    sentUser: "bob",
    from: "192.0.2.0/24",
    scheme: "LM",
    client: "unknown",
    confidence: "unknown",
    refusedBy: "minimum",
    successes: 0,
    failures: 3,
  }),
];

function report(assumed = "", filters: Filters = {}, seen = SEEN, failed = FAILED) {
  const assumptions = assumed === "" ? [] : assumed.split(" ").map((words) => parseAssumption(words)!);
  return makeReport(snapshot(seen, failed), filters, assumptions);
}

test("the table begins with the greatest risk, and says what it cannot know", () => {
  assert.equal(asText(report()), GOLDEN);
});

test("who would break is said in numbers and row by row", () => {
  assert.equal(asText(report("minimum=v2 channelBinding=require", {}, SEEN, [])), GOLDEN_IF);
});

test("nobody would break is said, too", () => {
  const text = asText(report("minimum=lm"));
  assert.match(text, /^If minimum=lm: nobody of 3 users would break\.$/m);
  assert.doesNotMatch(text, /FATE/);
});

test("an empty radar says that it proves nothing", () => {
  const text = asText(report("ntlm=off", {}, [], []));
  assert.match(text, /nobody of 0 users would break/);
  assert.match(text, /that is no proof/);
});

test("filters choose by time, listener and any form of the name", () => {
  const users = (filters: Filters) => report("", filters).rows.map(({ entry }) => entry.user);
  assert.deepEqual(users({ since: NOON - DAY }), ["printer", "alice"]);
  assert.deepEqual(users({ listeners: ["smtp"] }), ["printer"]);
  assert.deepEqual(users({ users: ["BOB"] }), ["bob"]);
  assert.deepEqual(users({ users: ["example\\bob", "Alice"] }), ["bob", "alice"]);
  assert.deepEqual(users({ users: ["nobody"] }), []);
  assert.equal(report("", { users: ["bob"] }).failed.length, 1);
  assert.match(
    asText(report("", { since: NOON, listeners: ["imap"], users: ["bob"] })),
    /^Only seen since 2026-01-31 12:00Z, listener imap, user bob\.$/m,
  );
});

test("rows that made room are not passed over in silence", () => {
  const dropped = { entries: 7, lastSeen: NOON - 9 * DAY };
  const limits = limitsOf(makeReport({ ...snapshot(SEEN), dropped }, {}, []));
  assert.ok(limits.includes("7 rows made room for newer ones, the latest last seen 2026-01-22 12:00Z."));
});

test("JSON has every field, times in ISO form and flags in hexadecimal", () => {
  const json = JSON.parse(asJson(report("minimum=v2"))) as Record<string, unknown>;
  assert.deepEqual(json["watching"], {
    since: "2026-01-01T12:00:00.000Z",
    watchedSeconds: 29 * 86_400,
    asOf: "2026-01-31T12:00:00.000Z",
  });
  assert.deepEqual(json["if"], { minimum: "v2" });
  assert.deepEqual((json["logons"] as unknown[])[0], {
    ...{ risk: "high", fate: "breaks", why: ["sends NTLMv1"], user: "printer", sentUser: "printer", sentDomain: "" },
    ...{ from: "198.51.100.0/24", protocol: "smtp", listener: "smtp", mechanism: "NTLM", tls: false, scheme: "NTLMv1" },
    ...{ mic: "absent", channelBinding: "absent", target: "", client: "unknown", confidence: "unknown" },
    exception: "old-printers",
    ...{ workstation: "WORKSTATION", version: "", negotiateFlags: "0x00088207", authenticateFlags: "0x00088201" },
    ...{ refusedBy: "", successes: 31, failures: 2 },
    ...{ firstSeen: "2026-01-30T12:00:00.000Z", lastSeen: "2026-01-30T12:00:00.000Z" },
  });
  assert.equal((JSON.parse(asJson(report())) as Record<string, unknown>)["consequences"], undefined);
});

test("CSV is one line a row under a line of titles", () => {
  const lines = asCsv(report("ntlm=off")).split("\r\n");
  assert.equal(lines.length, 1 + 3 + 2 + 1);
  assert.equal(
    lines[0],
    "kind,fate,why,risk,user,sentUser,sentDomain,from,protocol,listener,mechanism,tls,scheme,mic,channelBinding,target,client,confidence,exception,workstation,version,negotiateFlags,authenticateFlags,refusedBy,successes,failures,firstSeen,lastSeen",
  );
  assert.equal(
    lines[1],
    "logon,breaks,uses NTLM,high,printer,printer,,198.51.100.0/24,smtp,smtp,NTLM,false,NTLMv1,absent,absent,,unknown,unknown,old-printers,WORKSTATION,,0x00088207,0x00088201,,31,2,2026-01-30T12:00:00.000Z,2026-01-30T12:00:00.000Z",
  );
  assert.match(lines[4] ?? "", /^failed,,,high,bob,/);
  assert.match(asCsv(report()).split("\r\n")[0] ?? "", /^kind,risk,user/);
});

test("CSV cells are quoted where they must be, and no name becomes a formula", () => {
  const cell = (sentUser: string): string => {
    const line = asCsv(makeReport(snapshot([entry({ sentUser })]), {}, [])).split("\r\n")[1] ?? "";
    return /^logon,low,alice,(.*?),,192\.0\.2\.7/.exec(line)?.[1] ?? line;
  };
  assert.equal(cell("alice"), "alice");
  assert.equal(cell('a"b'), '"a""b"');
  assert.equal(cell("a,b"), '"a,b"');
  for (const sign of ["=", "+", "-", "@", "\uff1d", "\uff0b", "\uff0d", "\uff20", " =", "\u3000@"])
    assert.equal(cell(`${sign}HYPERLINK`), `"'${sign}HYPERLINK"`);
  assert.equal(cell('=cmd|"/c calc"!A1'), `"'=cmd|""/c calc""!A1"`);
  assert.equal(cell("a=b"), "a=b");
});

test("numbers that are no dates do not stop a report", () => {
  const text = asText(makeReport(snapshot([entry({ lastSeen: Number.MAX_SAFE_INTEGER })]), {}, []));
  assert.match(text, /9999-12-31 23:59Z/);
});

const GOLDEN = `Watching since 2026-01-01 12:00Z: 30.0 days, of which Postern ran 29.0. As of 2026-01-31 12:00Z.

533 NTLM logons of 3 users, 3 rows:
  RISK    USER               FROM             LISTENER  TLS  VERSION  MIC     BINDING  TARGET                 CLIENT                                       EXCEPTION     LOGONS  FAILED  LAST SEEN
  high    printer            198.51.100.0/24  smtp      no   NTLMv1   absent  absent   -                      unknown                                      old-printers  31      2       2026-01-30 12:00Z
  medium  bob (EXAMPLE\\bob)  192.0.2.8        imap      yes  NTLMv2   right   absent   -                      Windows 10 or later (Outlook, MailKit ...)?  -             90      0       2026-01-29 12:00Z
  low     alice              192.0.2.7        imap      yes  NTLMv2   right   right    imap/mail.example.com  gss-ntlmssp                                  -             412     0       2026-01-31 12:00Z

Failed logons, by whom is not known:
  FROM            LISTENER  NAME OF     VERSION  CLIENT    REFUSED BY  FAILED  LAST SEEN
  192.0.2.0/24    imap      bob         LM       unknown   minimum     3       2026-01-31 12:00Z
  203.0.113.0/24  imap      a stranger  NTLMv2   impacket  -           5000    2026-01-31 12:00Z

What this cannot know:
- Who did not log on while Postern was watching: holidays, yearly jobs.
- Who was behind 5003 failed logons: nobody proved to be anyone, so they are left out of every count.
- Which client it really was: that is a guess from its messages.
`;
const GOLDEN_IF = `Watching since 2026-01-01 12:00Z: 30.0 days, of which Postern ran 29.0. As of 2026-01-31 12:00Z.

If minimum=v2 and channelBinding=require:
  would break: 2 of 3 users, 2 of 3 rows, 121 of 533 logons
  with every row of theirs: 2 users

  FATE    WHY                          RISK    USER               FROM             LISTENER  TLS  VERSION  MIC     BINDING  TARGET  CLIENT                                       EXCEPTION     LOGONS  FAILED  LAST SEEN
  breaks  sends NTLMv1, not under TLS  high    printer            198.51.100.0/24  smtp      no   NTLMv1   absent  absent   -       unknown                                      old-printers  31      2       2026-01-30 12:00Z
  breaks  no channel binding           medium  bob (EXAMPLE\\bob)  192.0.2.8        imap      yes  NTLMv2   right   absent   -       Windows 10 or later (Outlook, MailKit ...)?  -             90      0       2026-01-29 12:00Z

What this cannot know:
- Who did not log on while Postern was watching: holidays, yearly jobs.
- Whether those who break have another way in (PLAIN, SCRAM, a bearer token).
- Which client it really was: that is a guess from its messages.
- Whether an exception of the policy will let some of them in all the same.
`;

/** The radar's counting: what is one row, what is kept of failures, and that no client can fill it. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { Ledger, VARIOUS } from "../../src/radar/ledger.ts";
import { toSighting, type SeenAttempt, type SeenVisit } from "../../src/radar/sighting.ts";
import { accepted, denied, NOON, visit } from "./sightings.ts";

function see(ledger: Ledger, from: SeenVisit, attempt: SeenAttempt, now = NOON): void {
  const sighting = toSighting(from, attempt);
  assert.ok(sighting, "an NTLM logon that was judged");
  ledger.record(sighting, now);
}

test("logons that agree in everything are one row, with first and last time", () => {
  const ledger = new Ledger(100);
  for (const minute of [0, 1, 2]) see(ledger, visit(), accepted("alice"), NOON + minute);
  const [row, ...others] = ledger.seen();
  assert.equal(others.length, 0);
  assert.equal(row?.successes, 3);
  assert.deepEqual([row.firstSeen, row.lastSeen], [NOON, NOON + 2]);
  assert.deepEqual([row.user, row.from, row.scheme, row.client], ["alice", "192.0.2.7", "NTLMv2", "Thunderbird"]);
});

test("another name, domain, place, listener, version, protection, client, exception or transport is another row", () => {
  const ledger = new Ledger(100);
  see(ledger, visit(), accepted("alice"));
  see(ledger, visit(), accepted("Alice", {}, "alice"));
  see(ledger, visit(), accepted("EXAMPLE\\alice", { domain: "EXAMPLE" }, "alice"));
  see(ledger, visit("192.0.2.8"), accepted("alice"));
  see(ledger, visit("192.0.2.7", "imaps"), accepted("alice"));
  see(ledger, visit("192.0.2.7", "imap", "imap", false), accepted("alice"));
  see(ledger, visit(), accepted("alice", { scheme: "NTLMv1" }));
  see(ledger, visit(), accepted("alice", { mic: "right" }));
  see(ledger, visit(), accepted("alice", { channelBinding: "right" }));
  see(ledger, visit(), accepted("alice", { targetName: "imap/mail.example.com" }));
  see(ledger, visit(), accepted("alice", { negotiateFlags: 0x0000b207, workstation: "alice" }));
  see(ledger, visit(), accepted("alice", { exception: "old-printers" }));
  see(ledger, visit(), { ...accepted("alice"), mechanism: "GSS-SPNEGO" });
  assert.equal(ledger.seen().length, 13);
  assert.ok(ledger.seen().every(({ successes }) => successes === 1));
});

test("the name and the domain are kept as sent, and taken apart where the client did", () => {
  const ledger = new Ledger(100);
  see(ledger, visit(), accepted("EXAMPLE\\alice", { domain: "EXAMPLE" }, "alice"));
  see(ledger, visit(), accepted("EXAMPLE\\alice", { domain: "" }, "alice"));
  const sent = ledger.seen().map(({ sentDomain, sentUser }) => [sentDomain, sentUser]);
  assert.deepEqual(sent, [
    ["EXAMPLE", "alice"],
    ["", "EXAMPLE\\alice"],
  ]);
});

test("what the judge said counts more than the length of the response", () => {
  const ledger = new Ledger(100);
  const attempt = accepted("alice", { scheme: "NTLMv1" });
  see(ledger, visit(), { ...attempt, outcome: { ...attempt.outcome, scheme: "NTLM2 session" } });
  assert.equal(ledger.seen()[0]?.scheme, "NTLM2 session");
});

test("an account that the backend refuses has logged on all the same", () => {
  const ledger = new Ledger(100);
  see(ledger, visit(), { ...accepted("alice"), outcome: { kind: "unavailable", user: "alice" } });
  assert.equal(ledger.seen()[0]?.successes, 1);
});

test("nothing is counted that nobody has judged, or that is no NTLM", () => {
  const { ntlm, ...plain } = accepted("alice");
  assert.equal(toSighting(visit(), plain), undefined);
  for (const kind of ["cancelled", "malformed", "judge-unavailable"])
    assert.equal(toSighting(visit(), { ...plain, ntlm, outcome: { kind } }), undefined);
});

test("a failure like an accepted logon counts beside it, and makes nothing newer", () => {
  const ledger = new Ledger(100);
  see(ledger, visit(), accepted("alice"), NOON);
  see(ledger, visit(), denied("alice"), NOON + 5);
  const [row] = ledger.seen();
  assert.deepEqual([row?.successes, row?.failures, row?.lastSeen], [1, 1, NOON]);
  assert.equal(ledger.failed().length, 0);
});

test("a failure with the name of a known account keeps that name, by network and with the rule", () => {
  const ledger = new Ledger(100);
  see(ledger, visit(), accepted("alice"));
  see(
    ledger,
    visit("198.51.100.1"),
    denied("EXAMPLE\\ALICE", { domain: "EXAMPLE", scheme: "LM", refusedBy: "minimum" }),
  );
  see(ledger, visit("198.51.100.2"), denied("alice@example.com", { scheme: "LM", refusedBy: "minimum" }));
  const rows = ledger.failed().map(({ user, from, refusedBy, failures }) => [user, from, refusedBy, failures]);
  assert.deepEqual(rows, [["alice", "198.51.100.0/24", "minimum", 2]]);
});

test("a failure of an account that the judge knows keeps its name, and is no success", () => {
  const ledger = new Ledger(100);
  const attempt = denied("EXAMPLE\\Bob", { refusedBy: "mic" });
  see(ledger, visit(), { ...attempt, outcome: { kind: "denied", user: "bob" } });
  assert.equal(ledger.seen().length, 0);
  assert.deepEqual(
    ledger.failed().map(({ user, sentUser, refusedBy }) => [user, sentUser, refusedBy]),
    [["bob", "bob", "mic"]],
  );
});

test("a failure with an unknown name leaves no trace of the name, which may be a password", () => {
  const ledger = new Ledger(100);
  see(ledger, visit(), denied("S3cret-pass", { workstation: "S3cret-pass", negotiateFlags: 0x0000b207 }));
  see(ledger, visit("192.0.2.9"), denied("other", { workstation: "other", negotiateFlags: 0x0000b207 }));
  assert.equal(ledger.failed()[0]?.failures, 1 + 1);
  assert.doesNotMatch(JSON.stringify(ledger.failed()), /S3cret|other/);
});

test("a million hostile names from everywhere push nobody out and stay within the limit", () => {
  const limit = 1_000;
  const ledger = new Ledger(limit);
  for (let user = 0; user < 200; user++) see(ledger, visit(), accepted(`user${user}`));
  const before = heapInUse();
  const tail = "x".repeat(20_000);
  for (let each = 0; each < 1_000_000; each++) {
    const address = `${each % 223}.${(each >> 8) % 256}.${(each >> 4) % 256}.1`;
    const name = each % 3 === 0 ? `user${each % 200}` : `sprayed${each}${each % 64 === 0 ? tail : ""}`;
    const sighting = toSighting(visit(address), denied(name, { workstation: tail, negotiateFlags: each }));
    ledger.record(sighting!, NOON + each);
  }
  assert.equal(ledger.seen().filter(({ successes }) => successes === 1).length, 200);
  assert.deepEqual(ledger.dropped, { entries: 0, lastSeen: 0 });
  assert.ok(ledger.size <= limit, `${ledger.size} rows`);
  const grown = heapInUse() - before;
  assert.ok(grown < 20 * 1024 * 1024, `the heap has grown by ${grown} bytes`);
});

/** Bytes after collecting: how much garbage lies about is the collector's choice. */
function heapInUse(): number {
  setFlagsFromString("--expose-gc");
  (runInNewContext("gc") as () => void)();
  return process.memoryUsage().heapUsed;
}

test("one account cannot fill the table, whatever it varies, and its rows still say what decides", () => {
  const ledger = new Ledger(10_000);
  for (let each = 0; each < 20_000; each++) {
    const name = [..."administrator"]
      .map((letter, bit) => ((each >> bit) & 1 ? letter.toUpperCase() : letter))
      .join("");
    const scheme = each % 2 ? "NTLMv1" : "NTLMv2";
    see(
      ledger,
      visit(`10.${each % 256}.${each >> 8}.1`),
      accepted(name, { domain: `D${each}`, scheme }, "administrator"),
    );
  }
  const rows = ledger.seen();
  assert.ok(rows.length < 350, `${rows.length} rows`);
  assert.equal(
    rows.reduce((sum, { successes }) => sum + successes, 0),
    20_000,
  );
  const coarse = rows.filter(({ client }) => client === VARIOUS);
  assert.deepEqual(coarse.map(({ scheme, from }) => [scheme, from]).sort(), [
    ["NTLMv1", "elsewhere"],
    ["NTLMv2", "elsewhere"],
  ]);
});

test("two accounts never share a coarse row", () => {
  const ledger = new Ledger(10_000);
  for (const user of ["alice", "bob"]) {
    for (let each = 0; each < 1_000; each++) {
      see(
        ledger,
        visit(`${1 + (each % 200)}.${each >> 2}.0.${each % 200}`),
        accepted("shared", { domain: `${user}${each}` }, user),
      );
    }
  }
  const coarse = ledger.seen().filter(({ from }) => from === "elsewhere");
  assert.deepEqual(coarse.map(({ user }) => user).sort(), ["alice", "bob"]);
});

test("when the table is full the row not seen for longest makes room, and that is remembered", () => {
  const ledger = new Ledger(20);
  for (let each = 0; each < 18; each++) see(ledger, visit(), accepted(`user${each}`), NOON + each);
  see(ledger, visit(), accepted("user0"), NOON + 20);
  see(ledger, visit(), accepted("new"), NOON + 21);
  const users = ledger.seen().map(({ user }) => user);
  assert.equal(users.length, 18);
  assert.ok(users.includes("user0") && users.includes("new") && !users.includes("user1"));
  assert.deepEqual(ledger.dropped, { entries: 1, lastSeen: NOON + 1 });
  see(ledger, visit("198.51.100.1"), denied("user1"));
  assert.equal(ledger.failed()[0]?.user, "", "an account without a row is a stranger again");
});

test("what terminals would obey is not kept, and names are cut", () => {
  const ledger = new Ledger(100);
  see(
    ledger,
    visit(),
    accepted(`\u001b[2Jalice\u202e\n${"x".repeat(5_000)}`, { workstation: "\u0000\ud800" }, "alice"),
  );
  const [row] = ledger.seen();
  assert.match(row?.sentUser ?? "", /^\ufffd\[2Jalice\ufffd\ufffdx+$/);
  assert.equal(row?.sentUser.length, 256);
  assert.equal(row.workstation, "\ufffd\ufffd");
});

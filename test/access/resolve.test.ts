/** Names as clients were seen to send them, and who is meant by each. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import { resolveName } from "../../src/access/resolve.ts";
import { NAME_LIMIT } from "../../src/core/identity.ts";
import { EXAMPLE, rules, SHOWN } from "./rules.ts";

/** "EXAMPLE\alice by ad as alice@example.com", or why nobody is meant. */
function meant(user: string, domain = "", listener = "imap"): string {
  const meaning = resolveName({ user, domain }, rules(listener), SHOWN);
  if (meaning.kind !== "meant") return meaning.why;
  const whose = meaning.domain === undefined ? "" : `${meaning.domain}\\`;
  return `${whose}${meaning.user} by ${meaning.validator} as ${meaning.askAs}`;
}

const ALICE = "EXAMPLE\\alice by ad as alice@example.com";

describe("one field for name and domain (PLAIN, LOGIN, USER)", () => {
  const table: readonly (readonly [name: string, meant: string])[] = [
    ["EXAMPLE\\alice", ALICE],
    ["example\\alice", ALICE],
    ["alice@example.com", ALICE],
    ["alice@EXAMPLE.com.", ALICE],
    ["alice@mail.example.com", ALICE],
    ["alice@example", ALICE],
    ["example.com\\alice", ALICE],
    ["alice", ALICE],
    ["\\alice", ALICE],
    [".\\alice", ALICE],
    ["EXAMPLE\\alice@example.com", ALICE],
    ["info@example.com", "EXAMPLE\\alice by ad as alice@example.com"],
    ["EXAMPLE\\INFO", "EXAMPLE\\alice by ad as alice@example.com"],
    ["PARTNER\\bob", "PARTNER\\bob by sql as bob"],
    ["bob@partner.example", "PARTNER\\bob by sql as bob"],
    ["carol@example.org", "example.org\\carol by users as carol@example.org"],
    ["OTHER\\carol", "OTHER\\carol by users as OTHER\\carol"],
    ["EXAMPLE\\carol@example.org", "EXAMPLE\\carol@example.org by ad as carol@example.org@example.com"],
    ["dave@only.imap.example", "only.imap.example\\dave by users as dave@only.imap.example"],
    ["GATE\\erin", "GATE\\erin by users as GATE\\erin"],
    ["EXAMPLE\\", "there is a domain, but no user name"],
  ];
  for (const [name, expected] of table) test(`${name} is ${expected}`, () => assert.equal(meant(name), expected));
});

describe("NTLM's two fields", () => {
  const table: readonly (readonly [client: string, user: string, domain: string, user: string])[] = [
    ["curl, JavaMail, gss, Evolution with EXAMPLE\\alice", "alice", "EXAMPLE", "EXAMPLE\\alice"],
    ["libntlm, Cyrus, exim with EXAMPLE\\alice", "EXAMPLE\\alice", "GATE", "EXAMPLE\\alice"],
    ["Thunderbird, nodemailer with EXAMPLE\\alice", "EXAMPLE\\alice", "", "EXAMPLE\\alice"],
    ["hydra, gss with alice@EXAMPLE", "alice", "EXAMPLE", "EXAMPLE\\alice"],
    ["Cyrus, swaks, Evolution with alice@example.com", "alice@example.com", "GATE", "EXAMPLE\\alice"],
    ["Cyrus with an address that no rule knows", "carol@example.org", "GATE", "example.org\\carol"],
    ["curl, Thunderbird, Samba with alice@example.com", "alice@example.com", "", "EXAMPLE\\alice"],
    ["Outlook with the local part alone", "alice", "", "EXAMPLE\\alice"],
    ["libntlm with the local part alone", "alice", "GATE", "EXAMPLE\\alice"],
    ["libntlm where the server is in no domain", "alice", "MAIL", "EXAMPLE\\alice"],
    ["Windows with a local account", "alice", "DESKTOP-1", "DESKTOP-1\\alice"],
    ["Windows with this machine", "alice", ".", "EXAMPLE\\alice"],
    ["curl with PARTNER\\carol@example.org", "carol@example.org", "PARTNER", "PARTNER\\carol@example.org"],
  ];
  for (const [client, user, domain, expected] of table)
    test(`${client} means ${expected}`, () => assert.equal(meant(user, domain).split(" by ")[0], expected));
});

test("a listener has its own default domain, and may refuse domains that no rule knows", () => {
  assert.equal(meant("bob", "", "partners"), "PARTNER\\bob by sql as bob");
  assert.equal(meant("alice", "EXAMPLE", "partners"), ALICE);
  assert.equal(
    meant("carol@example.org", "", "partners"),
    'no rule knows the domain "example.org" (unknownDomains: refuse)',
  );
  assert.match(meant("dave@only.imap.example", "", "partners"), /^no rule knows/, "a rule of another listener");
});

test("without rules everybody is asked of the listener's own validator as sent", () => {
  const none = rules("imap", { domains: [], aliases: [], defaultDomain: undefined });
  for (const name of ["alice", "EXAMPLE\\alice", "alice@example.com", ".\\alice"]) {
    const meaning = resolveName({ user: name, domain: "" }, none);
    assert.ok(meaning.kind === "meant");
    assert.deepEqual([meaning.user, meaning.validator, meaning.askAs], ["alice", "users", name]);
  }
});

test("each form in which a validator can be asked", () => {
  const asked = (ask: typeof EXAMPLE.ask, name: string) => {
    const meaning = resolveName({ user: name, domain: "" }, rules("imap", { domains: [{ ...EXAMPLE, ask }] }));
    return meaning.kind === "meant" ? meaning.askAs : meaning.why;
  };
  assert.equal(asked("as-sent", "example\\Alice"), "example\\Alice");
  assert.equal(asked("user", "example\\Alice"), "Alice");
  assert.equal(asked("user@dns", "example\\Alice"), "Alice@example.com");
  assert.equal(asked("NETBIOS\\user", "Alice@mail.example.com"), "EXAMPLE\\Alice");
  assert.equal(asked("as-sent", "INFO@example.com"), "EXAMPLE\\alice", "an alias is nobody's account name");
});

test("a domain of another alphabet is the same in its ASCII form", () => {
  const bücher = rules("imap", { domains: [{ dns: ["bücher.example"], ask: "as-sent", validator: "sql" }] });
  for (const name of ["alice@bücher.example", "alice@BÜCHER.example", "alice@xn--bcher-kva.example"]) {
    const meaning = resolveName({ user: name, domain: "" }, bücher);
    assert.equal(meaning.kind === "meant" && meaning.validator, "sql", name);
  }
});

test("names with control characters, halves of letters, too long or empty ones mean nobody", () => {
  const why = "the name is empty, too long or has control characters";
  for (const name of ["", "a\0b", "a\nb", "a\x7fb", "a\u0085b", "\ud800", "x".repeat(NAME_LIMIT + 1)]) {
    assert.equal(meant(name), why, JSON.stringify(name));
    if (name !== "") assert.equal(meant("alice", name), why, `as a domain: ${JSON.stringify(name)}`);
  }
  assert.equal(meant("x".repeat(NAME_LIMIT)), "with its domain the name is too long");
});

test("the steps say how it was found", () => {
  const { steps } = resolveName({ user: "EXAMPLE\\alice", domain: "GATE" }, rules(), SHOWN);
  assert.deepEqual(steps, [
    { about: "name", words: '"EXAMPLE\\alice" is user "alice" of domain "EXAMPLE"' },
    { about: "domain", words: "EXAMPLE (example.com, mail.example.com)" },
    { about: "validator", words: "ad, by the domain's rule" },
    { about: "ask", words: 'asked as "alice@example.com" (user@dns)' },
  ]);
  const words = (user: string, domain: string) =>
    resolveName({ user, domain }, rules(), SHOWN)
      .steps.slice(0, 2)
      .map((step) => step.words);
  assert.deepEqual(words("info@example.com", ""), [
    '"info@example.com" is user "info" of domain "example.com"',
    'an alias: "EXAMPLE\\alice" is meant',
  ]);
  assert.deepEqual(words("alice", "GATE"), [
    `"alice" names no domain: "GATE" beside it is this server's own name, from the CHALLENGE`,
    "none named: EXAMPLE (example.com, mail.example.com) by default",
  ]);
  assert.deepEqual(words("alice", "HOME"), [
    '"alice" came with the domain "HOME" beside it',
    'no rule knows "HOME" at this listener',
  ]);
});

test("whatever is sent, the answer is a name that can be asked about or nobody", () => {
  const piece = fc.oneof(
    fc.constantFrom("EXAMPLE", "example.com", "alice", "\\", "@", ".", "info", "GATE", "\0", "__proto__", "%65"),
    fc.string({ unit: "binary", maxLength: 20 }),
  );
  const name = fc.array(piece, { maxLength: 6 }).map((pieces) => pieces.join(""));
  fc.assert(
    fc.property(name, name, fc.constantFrom("imap", "partners", "constructor"), (user, domain, listener) => {
      const meaning = resolveName({ user, domain }, rules(listener), SHOWN);
      if (meaning.kind === "nobody") return meaning.why !== "";
      const isName = (text: string) => text !== "" && text.length <= NAME_LIMIT && !/[\0-\x1f\x7f-\x9f]/.test(text);
      return isName(meaning.user) && isName(meaning.askAs) && ["ad", "sql", "users"].includes(meaning.validator);
    }),
    { numRuns: 2000 },
  );
});

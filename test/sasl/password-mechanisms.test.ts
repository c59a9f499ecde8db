/** PLAIN and LOGIN alone, and what is refused before any judge hears of it. */
import assert from "node:assert/strict";
import { test } from "node:test";
import type { PasswordEvidence } from "../../src/core/evidence.ts";
import { Secret } from "../../src/core/secret.ts";
import type { Validator } from "../../src/core/validator.ts";
import { login } from "../../src/sasl/login.ts";
import { makeOffer, MalformedResponse, type Conclusion, type Offer } from "../../src/sasl/mechanism.ts";
import { judgePassword } from "../../src/sasl/password.ts";
import { plain, readPlain, writePlain } from "../../src/sasl/plain.ts";
import { VISIT } from "../support/visit.ts";

interface Judge extends Validator {
  readonly asked: string[];
  password(
    evidence: PasswordEvidence,
  ): Promise<{ kind: "accepted"; identity: { user: string; mailbox: string; groups: []; attributes: {} } }>;
}

function judge(): Judge {
  const asked: string[] = [];
  return {
    name: "users",
    asked,
    password({ username, password }) {
      asked.push(`${username}/${password.reveal()}`);
      return Promise.resolve({
        kind: "accepted",
        identity: { user: username, mailbox: username, groups: [], attributes: {} },
      });
    },
  };
}

/** Runs an exchange with these responses; the challenges, and how it ended. */
async function run(
  offer: Offer,
  initial: string | undefined,
  ...responses: string[]
): Promise<{ challenges: string[]; conclusion: Conclusion }> {
  const exchange = offer.begin(initial === undefined ? undefined : Buffer.from(initial, "latin1"), VISIT);
  const challenges: string[] = [];
  let step = await exchange.next();
  while (!step.done) {
    challenges.push(Buffer.from(step.value).toString());
    step = await exchange.next(Buffer.from(responses.shift()!, "latin1"));
  }
  return { challenges, conclusion: step.value };
}

function ending({ verdict, claimed }: Conclusion): string {
  return `${verdict.kind === "denied" ? verdict.reason : verdict.kind} ${claimed}`;
}

test("PLAIN takes its message at once or after an empty challenge", async () => {
  const users = judge();
  const offer = makeOffer(plain, users)!;
  assert.equal(offer.plaintext, true);
  const first = await run(offer, "\0alice\0secret");
  assert.deepEqual([first.challenges, ending(first.conclusion)], [[], "accepted alice"]);
  assert.equal(first.conclusion.password?.reveal(), "secret");
  const second = await run(offer, undefined, "alice\0alice\0pass word");
  assert.deepEqual([second.challenges, ending(second.conclusion)], [[""], "accepted alice"]);
  assert.deepEqual(users.asked, ["alice/secret", "alice/pass word"]);
});

test("PLAIN refuses to act as somebody else without asking the judge", async () => {
  const users = judge();
  const { conclusion } = await run(makeOffer(plain, users)!, "bob\0alice\0secret");
  assert.equal(ending(conclusion), "not-authorized alice");
  assert.equal(conclusion.password, undefined);
  assert.deepEqual(users.asked, []);
});

test("a PLAIN message has exactly two NULs and is UTF-8", () => {
  for (const text of ["", "alice", "alice\0secret", "\0alice\0secret\0", "\0\0\0"]) {
    assert.throws(() => readPlain(Buffer.from(text)), MalformedResponse);
  }
  assert.throws(() => readPlain(Buffer.from("\0j\xf6rg\0secret", "latin1")), MalformedResponse);
  const { authzid, evidence } = readPlain(Buffer.from("\0jörg\0ß"));
  assert.deepEqual([authzid, evidence.username, evidence.password.reveal()], ["", "jörg", "ß"]);
  const again = readPlain(Buffer.from(writePlain("a", "b", "c"), "base64"));
  assert.deepEqual([again.authzid, again.evidence.username, again.evidence.password.reveal()], ["a", "b", "c"]);
});

test("LOGIN asks for a name and a password, or only for the password when the name came with the command", async () => {
  const users = judge();
  const offer = makeOffer(login, users)!;
  assert.equal(offer.plaintext, true);
  for (const initial of [undefined, ""]) {
    const { challenges, conclusion } = await run(offer, initial, "alice", "secret");
    assert.deepEqual([challenges, ending(conclusion)], [["Username:", "Password:"], "accepted alice"]);
  }
  const outlook = await run(offer, "alice", "secret");
  assert.deepEqual([outlook.challenges, ending(outlook.conclusion)], [["Password:"], "accepted alice"]);
  assert.equal(outlook.conclusion.password?.reveal(), "secret");
});

test("LOGIN with an empty name asks on, and no judge hears of it", async () => {
  const users = judge();
  const { conclusion } = await run(makeOffer(login, users)!, undefined, "", "secret");
  assert.equal(ending(conclusion), "bad-credentials ");
  assert.deepEqual(users.asked, []);
});

test("LOGIN takes only UTF-8", async () => {
  await assert.rejects(run(makeOffer(login, judge())!, "j\xf6rg", "secret"), MalformedResponse);
  await assert.rejects(run(makeOffer(login, judge())!, "alice", "\xff"), MalformedResponse);
});

const UNREAD: readonly [string, string, string][] = [
  ["an empty name", "", "secret"],
  ["an empty password, which some directories take for anonymous", "alice", ""],
  ["a line end in the name", "alice\r\nDELE 1", "secret"],
  ["a NUL in the name", "alice\0", "secret"],
  ["an escape sequence in the name", "\u001b[2J", "secret"],
  ["a name of 257 characters", "a".repeat(257), "secret"],
  ["a line end in the password", "alice", "secret\nQUIT"],
  ["a NUL in the password", "alice", "secret\0"],
  ["a password of more than 1024 bytes", "alice", "ß".repeat(513)],
];

for (const [what, username, password] of UNREAD) {
  test(`no judge is asked about ${what}`, async () => {
    const users = judge();
    const conclusion = await judgePassword({ username, password: new Secret(password) }, users, VISIT);
    assert.equal(conclusion.verdict.kind, "denied");
    assert.doesNotMatch(JSON.stringify(conclusion.verdict), /secret/);
    assert.deepEqual(users.asked, []);
  });
}

test("a validator that judges no passwords gets no mechanism that needs one", () => {
  assert.equal(makeOffer(plain, { name: "other" }), undefined);
  assert.equal(makeOffer(login, { name: "other" }), undefined);
});

/** What every validator must do, whatever it looks accounts up in. A validator's test calls conformance() with its own. */
import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { after, before, describe, test } from "node:test";
import { Secret } from "../../src/core/secret.ts";
import type { TargetNames, Validator } from "../../src/core/validator.ts";
import type { Verdict } from "../../src/core/verdict.ts";
import type { Visit } from "../../src/core/visit.ts";
import { scramClient } from "../../src/sasl/client/scram.ts";
import { scram } from "../../src/sasl/scram.ts";
import { offerOf, talk } from "../sasl/keys-judge.ts";
import { ntlm2Session, version1, version2, type Attempt } from "./ntlm-client.ts";

/** The names that the validator is to be made with. */
export const NAMES: TargetNames = {
  netbiosDomain: "EXAMPLE",
  netbiosComputer: "MAIL",
  dnsDomain: "example.com",
  dnsComputer: "mail.example.com",
  domainJoined: true,
};

export interface TestAccount {
  readonly name: string;
  readonly password: string;
  readonly domain?: string;
  readonly mailbox?: string;
  readonly groups?: readonly string[];
  readonly attributes?: Readonly<Record<string, string>>;
  readonly disabled?: boolean;
}

/** The accounts that the validator must know, with NT hashes; no others called nobody*. */
export const ACCOUNTS: readonly TestAccount[] = [
  {
    name: "alice",
    password: "Password1",
    domain: "EXAMPLE",
    mailbox: "alice-box",
    groups: ["staff", "mail"],
    attributes: { room: "12" },
  },
  { name: "bob", password: "Bob's own" },
  { name: "carol@example.org", password: "carol's" },
  { name: "dave", password: "dave's", disabled: true },
  { name: "zoë", password: "pässwörd☃" },
  ...Array.from({ length: 20 }, (_, index) => ({ name: `user${index}`, password: `password-${index}` })),
];

export const VISIT: Visit = {
  id: "v1",
  protocol: "imap",
  listener: "imap",
  client: { address: "192.0.2.1", port: 1 },
  secure: true,
  channelBinding: undefined,
  tls: undefined,
};

/** "accepted alice", "denied bad-credentials", "unknown", "unavailable". */
export function summary(verdict: Verdict): string {
  if (verdict.kind === "accepted") return `accepted ${verdict.identity.user}`;
  return verdict.kind === "denied" ? `denied ${verdict.reason}` : verdict.kind;
}

export async function byPassword(validator: Validator, username: string, password: string): Promise<string> {
  assert.ok(validator.password !== undefined);
  return summary(await validator.password({ username, password: new Secret(password) }, VISIT));
}

export async function byNtlm(validator: Validator, evidence: ReturnType<typeof version2>): Promise<string> {
  assert.ok(validator.ntlm !== undefined);
  return summary(await validator.ntlm.verify(evidence, VISIT));
}

const LONG = "x".repeat(100_000);
const IMPLAUSIBLE = [
  "",
  "\0",
  "alice\0",
  "\0alice",
  "alice\r\nx",
  "alice\u0085",
  "\ud800",
  LONG,
  "EXAMPLE\\",
  "@",
  "\\",
  "\\alice",
];

/** What not all validators have. */
export interface Traits {
  /** The accounts have keys for SCRAM-SHA-256 as well. */
  readonly keys?: true;
  /**
   * A domain controller of EXAMPLE judges: it is no store of anybody's attributes, knows no account in other domains by a
   * name with a backslash, and says itself that nobody has a name.
   */
  readonly domain?: true;
  /** `false`: only passwords are judged. */
  readonly ntlm?: false;
}

const OF_THE_STORE = { user: "alice", domain: "EXAMPLE", mailbox: "alice-box", groups: ["mail", "staff"], room: "12" };
const OF_THE_DOMAIN = { user: "alice", domain: "EXAMPLE", mailbox: "alice", groups: [], room: undefined };

export function conformance(title: string, make: () => Promise<Validator>, has: Traits = {}): void {
  describe(`${title} behaves as every validator must:`, () => {
    let validator: Validator;
    before(async () => {
      validator = await make();
    });
    after(() => validator.close?.());
    passwords(() => validator, has);
    const asksNtlm = has.ntlm ?? true;
    if (asksNtlm) responses(() => validator, has);
    if (has.keys) storedKeys(() => validator);
    manyAtOnce(() => validator, asksNtlm);
    sameTime(() => validator, asksNtlm, has.domain ? DOMAIN_ROUNDS : ROUNDS);
    test("a closed validator is unavailable", async () => {
      const closed = await make();
      await closed.close?.();
      assert.equal(await byPassword(closed, "alice", "Password1"), "unavailable");
      if (!asksNtlm) assert.equal(closed.ntlm, undefined);
      else assert.equal(await byNtlm(closed, version2({ user: "alice", password: "Password1" })), "unavailable");
      if (has.keys) assert.equal(await byScram(closed, "alice", "Password1"), "unavailable");
    });
  });
}

function passwords(validator: () => Validator, { domain: isDomain }: Traits): void {
  test("the right password is accepted with the account's identity", async () => {
    const verdict = await validator().password?.({ username: "alice", password: new Secret("Password1") }, VISIT);
    assert.ok(verdict?.kind === "accepted");
    const { user, domain, mailbox, groups, attributes } = verdict.identity;
    const room = attributes["room"];
    assert.deepEqual(
      { user, domain, mailbox, groups: groups.toSorted(), room },
      isDomain ? OF_THE_DOMAIN : OF_THE_STORE,
    );
  });

  test("names are found in every form that clients send", async () => {
    for (const name of ["alice", "ALICE", "EXAMPLE\\alice", "example\\Alice", "alice@EXAMPLE", "alice@example.com"])
      assert.equal(await byPassword(validator(), name, "Password1"), "accepted alice", name);
    for (const name of ["bob", "EXAMPLE\\bob", "bob@example.com"])
      assert.equal(await byPassword(validator(), name, "Bob's own"), "accepted bob", name);
    for (const name of ["carol@example.org", "CAROL@EXAMPLE.ORG", ...(isDomain ? [] : ["example.org\\carol"])])
      assert.equal(await byPassword(validator(), name, "carol's"), "accepted carol", name);
    for (const name of ["zoë", "ZOË"])
      assert.equal(await byPassword(validator(), name, "pässwörd☃"), "accepted zoë", name);
  });

  test("a right password in a domain of others is not accepted", async () => {
    for (const name of ["OTHER\\alice", "alice@other.example", "bob@example.org", "OTHER\\bob"])
      assert.match(
        await byPassword(validator(), name, name.includes("bob") ? "Bob's own" : "Password1"),
        /^(denied bad|unknown)/,
        name,
      );
  });

  test("wrong and empty passwords are bad credentials", async () => {
    const wrong = [
      "",
      "password1",
      "Password",
      "Password11",
      "Password1 ",
      "Password1\0",
      "\0",
      "Bob's own",
      LONG,
      "\ud800",
    ];
    for (const password of wrong)
      assert.equal(
        await byPassword(validator(), "alice", password),
        "denied bad-credentials",
        JSON.stringify(password).slice(0, 30),
      );
  });

  test("names that nobody has are unknown, impossible ones never accepted nor an outage", async () => {
    assert.match(await byPassword(validator(), "nobody", "Password1"), nobody(isDomain));
    assert.equal(await byPassword(validator(), "nobody", ""), "denied bad-credentials");
    for (const name of [...IMPLAUSIBLE, "__proto__", "constructor", "*", "alice*", "' OR 1=1 --", "alice)(uid=*"])
      assert.match(
        await byPassword(validator(), name, "Password1"),
        /^(denied bad-credentials|unknown)$/,
        JSON.stringify(name).slice(0, 30),
      );
  });

  test("that an account is disabled is told only to who knows its password", async () => {
    assert.equal(await byPassword(validator(), "dave", "dave's"), "denied disabled");
    assert.equal(await byPassword(validator(), "dave", "wrong"), "denied bad-credentials");
  });

  test("no verdict shows the password", async () => {
    const verdict = await validator().password?.({ username: "alice", password: new Secret("hunter2") }, VISIT);
    assert.ok(!JSON.stringify(verdict).includes("hunter2"));
  });
}

/** What is said of a name that nobody has. */
function nobody(isDomain: true | undefined): RegExp {
  return isDomain ? /^(denied bad-credentials|unknown)$/ : /^unknown$/;
}

function responses(validator: () => Validator, { domain: isDomain }: Traits): void {
  const alice: Attempt = { user: "alice", domain: "EXAMPLE", password: "Password1" };

  test("a right NTLMv2 response is accepted, with the key for the MIC", async () => {
    const verdict = await validator().ntlm?.verify(version2(alice), VISIT);
    assert.ok(verdict?.kind === "accepted");
    assert.deepEqual(
      [verdict.scheme, verdict.sessionBaseKey?.length, verdict.identity.mailbox],
      ["NTLMv2", 16, isDomain ? "alice" : "alice-box"],
    );
    assert.deepEqual(validator().ntlm?.names(VISIT), NAMES);
  });

  test("names in NTLM are found in every form that clients send", async () => {
    const names: readonly (readonly [string, string])[] = [
      ["alice", ""], ["ALICE", "EXAMPLE"], ["alice", "example"], ["alice", "example.com"],
      ["alice@example.com", ""], ["alice@example.com", "EXAMPLE"],
    ]; // prettier-ignore
    const lenient: typeof names = [["alice", "MAIL"], ["EXAMPLE\\alice", ""]]; // prettier-ignore
    for (const [user, domain] of isDomain ? names : [...names, ...lenient])
      assert.equal(
        await byNtlm(validator(), version2({ user, domain, password: "Password1" })),
        "accepted alice",
        `${domain} ${user}`,
      );
    assert.equal(await byNtlm(validator(), version2({ user: "zoë", password: "pässwörd☃" })), "accepted zoë");
    const carol = { user: "carol@example.org", domain: isDomain ? "EXAMPLE" : "", password: "carol's" };
    assert.equal(await byNtlm(validator(), version2(carol)), "accepted carol");
    assert.equal(await byNtlm(validator(), version2({ ...alice, hashedDomain: "" })), "accepted alice", "curl");
  });

  test("a right response in a domain of others is not accepted", async () => {
    for (const attempt of [
      { ...alice, domain: "EXAMPL" },
      { ...alice, user: "EXAMPL\\alice", domain: "" },
      { ...alice, domain: "OTHER", hashedDomain: "" },
    ])
      assert.match(await byNtlm(validator(), version2(attempt)), /^(denied bad-credentials|unknown)$/);
  });

  test("wrong, foreign, tampered and missing responses are not accepted", async () => {
    const good = version2(alice);
    const flipped = Buffer.from(good.ntResponse);
    flipped[20] = (flipped[20] ?? 0) ^ 1;
    const bad = [
      version2({ ...alice, password: "password1" }),
      version2({ ...alice, password: "" }),
      version2({ ...alice, user: "bob" }),
      { ...good, serverChallenge: new Uint8Array(8) },
      { ...good, ntResponse: flipped },
      { ...good, ntResponse: new Uint8Array(0) },
      { ...good, ntResponse: new Uint8Array(0), lmResponse: new Uint8Array(0) },
      { ...good, names: [{ user: "alice\0", domain: "EXAMPLE" }] },
      { ...good, names: [{ user: "", domain: "" }] },
    ];
    for (const [index, evidence] of bad.entries())
      assert.match(await byNtlm(validator(), evidence), /^(denied bad-credentials|unknown)$/, `number ${index}`);
    assert.match(await byNtlm(validator(), version2({ ...alice, user: "nobody" })), nobody(isDomain));
  });

  test("responses weaker than the listener's minimum are refused, right or wrong", async () => {
    for (const password of ["Password1", "wrong"]) {
      assert.equal(await byNtlm(validator(), ntlm2Session({ ...alice, password })), "denied policy");
      assert.equal(await byNtlm(validator(), version1({ ...alice, password, minimum: "v1-ess" })), "denied policy");
    }
    assert.equal(await byNtlm(validator(), ntlm2Session({ ...alice, minimum: "v1-ess" })), "accepted alice");
    assert.equal(await byNtlm(validator(), version1({ ...alice, minimum: "v1" })), "accepted alice");
    assert.equal(
      await byNtlm(validator(), version1({ ...alice, password: "wrong", minimum: "v1" })),
      "denied bad-credentials",
    );
  });

  test("the second reading of a name is tried as well", async () => {
    const good = version2(alice);
    const evidence = { ...good, names: [{ user: "nobody", domain: "" }, ...good.names] };
    assert.equal(await byNtlm(validator(), evidence), "accepted alice");
  });

  test("a disabled account with the right response is denied as disabled", async () => {
    assert.equal(await byNtlm(validator(), version2({ user: "dave", password: "dave's" })), "denied disabled");
    assert.equal(await byNtlm(validator(), version2({ user: "dave", password: "x" })), "denied bad-credentials");
  });
}

export async function byScram(validator: Validator, username: string, password: string): Promise<string> {
  const settings = { nonce: () => randomBytes(18), decoySecret: Buffer.alloc(32), plusOffered: false };
  const client = scramClient({ hash: "SHA-256", username, password });
  const { conclusion } = await talk(offerOf(scram("SCRAM-SHA-256", settings), validator), client, VISIT);
  return summary(conclusion.verdict);
}

function storedKeys(validator: () => Validator): void {
  test("keys are there for SCRAM-SHA-256, and the right password proves itself with them", async () => {
    assert.ok(validator().keys?.kinds.includes("SCRAM-SHA-256"));
    for (const name of ["alice", "ALICE", "EXAMPLE\\alice", "alice@example.com"])
      assert.equal(await byScram(validator(), name, "Password1"), "accepted alice", name);
    assert.equal(await byScram(validator(), "carol@example.org", "carol's"), "accepted carol");
    for (const name of ["zoë", "zoe\u0308"])
      assert.equal(await byScram(validator(), name, "pässwörd☃"), "accepted zoë");
  });

  test("with a wrong password, a foreign domain or nobody's name keys prove nothing", async () => {
    assert.equal(await byScram(validator(), "alice", "password1"), "denied bad-credentials");
    for (const name of ["nobody", "OTHER\\alice", "alice*", "__proto__"])
      assert.equal(await byScram(validator(), name, "Password1"), "unknown", name);
    for (const name of IMPLAUSIBLE) assert.equal((await validator().keys?.find(name, VISIT))?.kind, "unknown");
  });

  test("that an account is disabled is told only to who proves to know its password", async () => {
    assert.equal(await byScram(validator(), "dave", "dave's"), "denied disabled");
    assert.equal(await byScram(validator(), "dave", "wrong"), "denied bad-credentials");
  });
}

function manyAtOnce(validator: () => Validator, asksNtlm: boolean): void {
  test("of a hundred logons at once, right and wrong, each gets its own verdict", async () => {
    const attempts = Array.from({ length: 100 }, (_, index) => ({
      user: `user${index % 20}`,
      isRight: index % 3 !== 0,
      index,
    }));
    const verdicts = await Promise.all(
      attempts.map(({ user, isRight, index }) => {
        const password = isRight ? `password-${index % 20}` : "wrong";
        return index % 2 === 0 || !asksNtlm
          ? byPassword(validator(), user, password)
          : byNtlm(validator(), version2({ user, password }));
      }),
    );
    const expected = attempts.map(({ user, isRight }) => (isRight ? `accepted ${user}` : "denied bad-credentials"));
    assert.deepEqual(verdicts, expected);
  });
}

/** Medians of many, so that a busy machine does not matter; a slow hash for one of the two would be a factor of 1000. */
const ROUNDS = 300;
/** A domain controller takes milliseconds, of which a busy one has no hundreds to spare. */
const DOMAIN_ROUNDS = 80;
const FACTOR = 4;

function sameTime(validator: () => Validator, asksNtlm: boolean, rounds: number): void {
  test("an unknown name takes as long as a wrong password", async () => {
    const password = (name: string) => byPassword(validator(), name, "wrong");
    const ntlm = (user: string) => byNtlm(validator(), version2({ user, password: "wrong" }));
    for (const ask of asksNtlm ? [password, ntlm] : [password]) {
      const times: Record<string, number[]> = { known: [], unknown: [] };
      for (let round = 0; round < rounds; round++) {
        times["known"]?.push(await timed(() => ask(`user${round % 20}`)));
        times["unknown"]?.push(await timed(() => ask(`nobody${round}`)));
      }
      const [known, unknown] = [median(times["known"]), median(times["unknown"])];
      assert.ok(unknown < known * FACTOR && known < unknown * FACTOR, `known ${known} ms, unknown ${unknown} ms`);
    }
  });
}

async function timed(ask: () => Promise<unknown>): Promise<number> {
  const started = performance.now();
  await ask();
  return performance.now() - started;
}

function median(values: readonly number[] = []): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? NaN;
}

/** Which validator is asked, under which name, and who the client is afterwards. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { rulesFor } from "../../src/access/listener-rules.ts";
import { routedByDomain } from "../../src/access/routed.ts";
import type { DomainRule, IdentityRules } from "../../src/access/rules.ts";
import type { NtlmEvidence, NtlmNames, StoredKeys } from "../../src/core/evidence.ts";
import type { Identity } from "../../src/core/identity.ts";
import { Secret } from "../../src/core/secret.ts";
import type { Validator } from "../../src/core/validator.ts";
import type { Verdict } from "../../src/core/verdict.ts";
import { VISIT } from "../support/visit.ts";
import { EXAMPLE, PARTNER, RULES, SHOWN } from "./rules.ts";

const WHO: Identity = { user: "alice", mailbox: "alice", groups: [], attributes: {} };
const accepted = (more: Partial<Identity> = {}): Verdict => ({ kind: "accepted", identity: { ...WHO, ...more } });

interface Asked {
  readonly by: string;
  readonly about: string | readonly NtlmNames[];
}

interface Ability {
  readonly without?: readonly string[] | undefined;
  readonly bound?: readonly string[];
}

/** A validator that notes what it is asked, and always gives the same answer. */
function judge(by: string, asked: Asked[], verdict: Verdict, { without = [], bound = [] }: Ability = {}): Validator {
  const answer = (about: Asked["about"]): Promise<Verdict> => {
    asked.push({ by, about });
    return Promise.resolve(verdict);
  };
  const kinds: readonly (keyof StoredKeys)[] = by === "ad" ? ["SCRAM-SHA-256"] : ["SCRAM-SHA-256", "SCRAM-SHA-1"];
  const all: Required<Omit<Validator, "close">> = {
    name: by,
    password: ({ username }) => answer(username),
    ntlm: {
      names: () => (by === "users" ? SHOWN : { ...SHOWN, netbiosComputer: by.toUpperCase() }),
      isBoundToNames: bound.includes(by),
      verify: ({ names }) => answer(names),
    },
    keys: {
      kinds,
      find: async (username) => {
        const said = await answer(username);
        return said.kind === "accepted" || said.kind === "denied" ? { kind: "keys", keys: {}, verdict: said } : said;
      },
      likeness: (_mechanism, name) => ({ iterations: 1, saltLength: 1, canonicalName: `${by}:${name}` }),
    },
    bearer: { scope: by, verify: ({ username }) => answer(username) },
    certificate: ({ authzid }) => answer(authzid),
  };
  return Object.fromEntries(Object.entries(all).filter(([key]) => !without.includes(key))) as unknown as Validator;
}

interface Setting {
  readonly rules?: Partial<IdentityRules>;
  readonly listener?: string;
  readonly verdict?: Verdict;
  /** By validator, what it cannot judge. */
  readonly without?: Readonly<Record<string, readonly string[]>>;
  /** Domain controllers. */
  readonly bound?: readonly string[];
}

function setting({ rules = {}, listener = "imap", verdict = accepted(), without = {}, bound = [] }: Setting = {}) {
  const asked: Asked[] = [];
  const names = ["users", "ad", "sql"];
  const validators = new Map(
    names.map((name) => [name, judge(name, asked, verdict, { without: without[name], bound })]),
  );
  const compiled = rulesFor({ ...RULES, ...rules }, { name: listener, validator: "users" });
  const own = validators.get("users")!;
  const warnings: string[] = [];
  const routed = routedByDomain(validators, compiled, own, (why) => warnings.push(why));
  return { asked, validators, compiled, own, routed, warnings };
}

const fail = (why: string): never => assert.fail(why);
const password = new Secret("secret");
const ntlm = (...names: NtlmNames[]) => ({ names }) as unknown as NtlmEvidence;
const certificate = { fingerprint: "00", commonName: undefined, emails: [] };

test("a password goes to the domain's validator, under the name that its rule wants", async () => {
  const { routed, asked } = setting();
  for (const username of ["EXAMPLE\\alice", "alice", "bob@partner.example", "carol@example.org"])
    await routed.password!({ username, password }, VISIT);
  assert.deepEqual(asked, [
    { by: "ad", about: "alice@example.com" },
    { by: "ad", about: "alice@example.com" },
    { by: "sql", about: "bob" },
    { by: "users", about: "carol@example.org" },
  ]);
});

test("NTLM's names reach the validator exactly as they were sent", async () => {
  const { routed, asked } = setting();
  await routed.ntlm!.verify(ntlm({ user: "EXAMPLE\\alice", domain: "GATE" }), VISIT);
  await routed.ntlm!.verify(ntlm({ user: "info@example.com", domain: "" }), VISIT);
  await routed.ntlm!.verify(ntlm({ user: "alice", domain: "" }), VISIT);
  assert.deepEqual(asked, [
    { by: "ad", about: [{ user: "EXAMPLE\\alice", domain: "GATE" }] },
    { by: "ad", about: [{ user: "info@example.com", domain: "" }] },
    { by: "ad", about: [{ user: "alice", domain: "" }] },
  ]);
});

test("each validator is asked once, about all readings that lead to it, until one knows the account", async () => {
  const { routed, asked } = setting({ verdict: { kind: "unknown", why: "nobody" } });
  const [a, b, c] = ["PARTNER", "EXAMPLE", "partner.example"].map((domain) => ({ user: "alice", domain }));
  assert.equal((await routed.ntlm!.verify(ntlm(a!, b!, c!), VISIT)).kind, "unknown");
  assert.deepEqual(asked, [
    { by: "sql", about: [a, c] },
    { by: "ad", about: [b] },
  ]);
  const wrong = setting({ verdict: { kind: "denied", reason: "bad-credentials", why: "wrong" } });
  assert.equal((await wrong.routed.ntlm!.verify(ntlm(a!, b!), VISIT)).kind, "denied");
  assert.equal(wrong.asked.length, 1, "a wrong password is not tried on somebody else's account");
});

test("names that mean nobody are asked of nobody", async () => {
  const { routed, asked } = setting({ listener: "partners" });
  const verdicts = [
    await routed.password!({ username: "x@unknown.example", password }, VISIT),
    await routed.ntlm!.verify(ntlm({ user: "x", domain: "UNKNOWN" }), VISIT),
    await routed.keys!.find("x\0", VISIT),
    await routed.bearer!.verify({ username: "x@unknown.example", token: password }, VISIT),
    await routed.certificate!({ authzid: "x@unknown.example", certificate }, VISIT),
  ];
  assert.deepEqual(
    verdicts.map(({ kind }) => kind),
    Array.from({ length: 5 }, () => "unknown"),
  );
  assert.equal(routed.keys!.likeness!("SCRAM-SHA-1", "x@unknown.example"), undefined);
  assert.deepEqual(asked, []);
});

test("the CHALLENGE has the names of the default domain's validator, but those of a domain controller where there is one", () => {
  const { routed, warnings } = setting();
  assert.equal(routed.ntlm!.names(VISIT).netbiosComputer, "AD");
  assert.deepEqual(warnings, [], "whoever keeps hashes takes all names");
  assert.equal(setting({ without: { ad: ["ntlm"], sql: ["ntlm"] } }).routed.ntlm!.names(VISIT).netbiosComputer, "MAIL");
  const one = setting({ bound: ["sql"] });
  assert.equal(one.routed.ntlm!.names(VISIT).netbiosComputer, "SQL");
  assert.deepEqual(one.warnings, []);
});

test("a second domain controller at a listener is a warning, once", () => {
  const { routed, warnings } = setting({ bound: ["ad", "sql"] });
  for (let each = 0; each < 2; each += 1) assert.equal(routed.ntlm!.names(VISIT).netbiosComputer, "AD");
  assert.equal(routed.ntlm!.isBoundToNames, true);
  assert.equal(warnings.length, 1);
  assert.match(warnings[0]!, /shown GATE\\AD .*\(validator ad\), but sql is GATE\\SQL.*good users/);
});

test("what no validator of the listener can judge is not offered, and what the domain's cannot is no account", async () => {
  const none = ["ntlm", "bearer", "certificate", "keys", "password"];
  const { routed } = setting({ without: { users: none, ad: none, sql: none } });
  assert.deepEqual(Object.keys(routed), ["name"]);
  const partly = setting({ without: { ad: ["password", "ntlm"] } });
  const verdict = await partly.routed.password!({ username: "alice", password }, VISIT);
  assert.deepEqual(verdict, { kind: "unknown", why: "validator ad, which judges EXAMPLE, takes no passwords" });
  assert.equal((await partly.routed.ntlm!.verify(ntlm({ user: "alice", domain: "" }), VISIT)).kind, "unknown");
  assert.deepEqual(partly.asked, [], "least of all the listener's own validator");
});

test("SCRAM is offered where every validator that takes passwords has the keys", async () => {
  assert.deepEqual(setting().routed.keys!.kinds, ["SCRAM-SHA-256"]);
  assert.equal(setting({ without: { sql: ["keys"] } }).routed.keys, undefined);
  const tokens = setting({ without: { users: ["keys", "password"] } }).routed;
  assert.deepEqual(tokens.keys!.kinds, ["SCRAM-SHA-256"], "one that judges only tokens does not matter");
  const { routed, asked } = setting();
  const found = await routed.keys!.find("EXAMPLE\\alice", VISIT);
  assert.ok(found.kind === "keys" && found.verdict.kind === "accepted");
  assert.equal(found.verdict.identity.domain, "EXAMPLE");
  assert.deepEqual(asked, [{ by: "ad", about: "alice@example.com" }]);
  assert.equal(routed.keys!.likeness!("SCRAM-SHA-1", "alice")!.canonicalName, "ad:alice@example.com");
});

test("how a proof went is told to the validator whose keys it was held against", () => {
  const { routed, validators } = setting();
  const told: string[] = [];
  for (const [by, { keys }] of validators)
    Object.assign(keys!, { concluded: (name: string, { kind }: Verdict) => void told.push(`${by} ${name} ${kind}`) });
  routed.keys!.concluded!("EXAMPLE\\alice", accepted(), VISIT);
  routed.keys!.concluded!("bob@partner.example", { kind: "unknown", why: "nobody" }, VISIT);
  routed.keys!.concluded!("x\0", accepted(), VISIT);
  assert.deepEqual(told, ["ad alice@example.com accepted", "sql bob unknown"]);
});

test("tokens and certificates go to the listener's own validator where the domain's cannot judge them", async () => {
  const { routed, asked } = setting({ without: { ad: ["bearer", "certificate"] } });
  await routed.bearer!.verify({ username: "alice@example.com", token: password }, VISIT);
  await routed.bearer!.verify({ username: "bob@partner.example", token: password }, VISIT);
  await routed.bearer!.verify({ username: "", token: password }, VISIT);
  await routed.certificate!({ authzid: "", certificate }, VISIT);
  await routed.certificate!({ authzid: "EXAMPLE\\alice", certificate }, VISIT);
  assert.deepEqual(asked, [
    { by: "users", about: "alice@example.com" },
    { by: "sql", about: "bob" },
    { by: "users", about: "" },
    { by: "users", about: "" },
    { by: "users", about: "EXAMPLE\\alice" },
  ]);
  assert.equal(routed.bearer!.scope, "users");
});

test("a token without a name goes to the only validator that judges tokens, and to none of several", async () => {
  const one = setting({ without: { users: ["bearer"], ad: ["bearer"] } });
  await one.routed.bearer!.verify({ username: "", token: password }, VISIT);
  assert.deepEqual(one.asked, [{ by: "sql", about: "" }]);
  const two = setting({ without: { users: ["bearer"] } });
  assert.equal((await two.routed.bearer!.verify({ username: "", token: password }, VISIT)).kind, "unknown");
});

async function identityAfter(verdict: Verdict, username: string, more: Setting = {}): Promise<Verdict> {
  const { routed } = setting({ verdict, ...more });
  return routed.password!({ username, password }, VISIT);
}

test("after the verdict the domain has its canonical name, and all its names are known", async () => {
  const verdict = await identityAfter(accepted({ domain: "mail.EXAMPLE.com" }), "alice");
  assert.deepEqual(verdict.kind === "accepted" && verdict.identity, {
    ...WHO,
    domain: "EXAMPLE",
    domainNames: ["EXAMPLE", "example.com", "mail.example.com"],
  });
});

test("a validator that only a domain leads to speaks for its own domains alone", async () => {
  const foreign = await identityAfter(accepted({ domain: "EXAMPLE" }), "bob@partner.example");
  assert.deepEqual(foreign, {
    kind: "denied",
    reason: "not-authorized",
    why: "validator sql vouches for somebody of EXAMPLE, but identity.domains gives it only PARTNER",
    user: "alice",
  });
  const unheardOf = await identityAfter(accepted({ domain: "else.example" }), "bob@partner.example");
  assert.equal(unheardOf.kind, "denied");
  const own = await identityAfter(accepted({ domain: "EXAMPLE" }), "carol@example.org");
  assert.equal(own.kind === "accepted" && own.identity.domain, "EXAMPLE", "the listener's own may speak for all");
});

test("an account without a domain is in its validator's only one, and in none of several", async () => {
  const one = await identityAfter(accepted(), "alice");
  assert.equal(one.kind === "accepted" && one.identity.domain, "EXAMPLE");
  const domains: DomainRule[] = [EXAMPLE, { ...PARTNER, validator: "ad" }];
  const several = await identityAfter(accepted(), "alice@partner.example", { rules: { domains } });
  assert.deepEqual(several, {
    kind: "unavailable",
    why: "validator ad does not say which of EXAMPLE, PARTNER the account is in",
  });
  const own = await identityAfter(accepted(), "carol@example.org", { rules: { domains } });
  assert.equal(own.kind === "accepted" && own.identity.domain, undefined);
});

test("the mailbox is the domain's template, else the listener's, else everybody's, else the validator's", async () => {
  const mailbox = async (more: Setting, username = "alice", identity: Partial<Identity> = {}) => {
    const verdict = await identityAfter(accepted({ mailbox: "box", ...identity }), username, more);
    return verdict.kind === "accepted" ? verdict.identity.mailbox : "why" in verdict && verdict.why;
  };
  const everybody = { mailbox: "{mailbox}-{domain}" };
  assert.equal(await mailbox({}), "box");
  assert.equal(await mailbox({ rules: everybody }), "box-EXAMPLE");
  assert.equal(await mailbox({ rules: everybody, listener: "partners" }), "alice@partner.example");
  const domains = [{ ...EXAMPLE, mailbox: "{attr.number}.{user}" }];
  assert.equal(
    await mailbox({ rules: { ...everybody, domains } }, "alice", { attributes: { number: "7" } }),
    "7.alice",
  );
  const without = "the mailbox is {attr.number}.{user}, and the account has no {attr.number}";
  assert.equal(await mailbox({ rules: { domains } }), without, "half a name would be somebody else's");
  assert.equal(
    await mailbox({ rules: { domains: [{ ...EXAMPLE, mailbox: "{attr.constructor}" }] } }),
    "the mailbox is {attr.constructor}, and the account has no {attr.constructor}",
  );
  assert.equal(
    await mailbox({ rules: { domains } }, "alice", { attributes: { number: "7\r\n" } }),
    "the mailbox {attr.number}.{user} becomes no name for this account",
  );
});

test("a mailbox that cannot be named is told to nobody who has not proven the password", async () => {
  const { routed } = setting({ rules: { domains: [{ ...EXAMPLE, mailbox: "{attr.number}" }] } });
  const found = await routed.keys!.find("alice", VISIT);
  assert.equal(found.kind === "keys" && found.verdict.kind, "denied");
});

test("what a validator denies, does not know or cannot judge is passed on as it is", async () => {
  const verdicts: Verdict[] = [
    { kind: "denied", reason: "disabled", why: "off", user: "alice", status: 1 },
    { kind: "unknown", why: "who?" },
    { kind: "unavailable", why: "down" },
  ];
  for (const verdict of verdicts) assert.deepEqual(await identityAfter(verdict, "alice"), verdict);
});

test("where no rule is about the listener its own validator stands there as it is", () => {
  const { validators, own } = setting();
  const compiled = rulesFor({ domains: [], aliases: [], listeners: {} }, { name: "imap", validator: "users" });
  assert.equal(routedByDomain(validators, compiled, own, fail), own);
  const elsewhere: IdentityRules = { ...RULES, domains: [{ ...EXAMPLE, listeners: ["smtp"] }], aliases: [] };
  assert.equal(routedByDomain(validators, rulesFor(elsewhere, { name: "imap", validator: "users" }), own, fail), own);
});

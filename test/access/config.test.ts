/** `identity:` and `access:` in config.yaml: what is taken, what is complained of, and that the documentation's are right. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { describe, test } from "node:test";
import { parse } from "yaml";
import { compileAccess } from "../../src/access/authorize.ts";
import { rulesFor } from "../../src/access/listener-rules.ts";
import type { AccessRule, IdentityRules } from "../../src/access/rules.ts";
import { checkAccess, checkIdentity, type CheckName } from "../../src/config/check-access.ts";
import type { Complain } from "../../src/config/problem.ts";
import { accessSchema } from "../../src/config/schema/access.ts";
import { identitySchema } from "../../src/config/schema/identity.ts";
import { ROOT } from "../support/root.ts";

const LISTENERS = ["imap", "submission"];
const VALIDATORS = ["users", "ad"];

interface Words {
  readonly identity?: unknown;
  readonly access?: unknown;
}

/** What is wrong with it, each with its path. */
function complaints({ identity = {}, access = [] }: Words, listeners = LISTENERS, validators = VALIDATORS): string[] {
  const said: string[] = [];
  const complain: Complain = ({ path, message }) => void said.push(`${path.join(".")}: ${message}`);
  const checkName: CheckName = (path, kind, name) => {
    const known = kind === "listener" ? listeners : validators;
    if (!known.includes(name)) complain({ path, message: `there is no ${kind} "${name}"` });
  };
  for (const [key, schema, value] of [
    ["identity", identitySchema, identity],
    ["access", accessSchema, access],
  ] as const)
    for (const { path, message } of schema.safeParse(value).error?.issues ?? [])
      said.push(`${[key, ...path].join(".")}: ${message}`);
  if (said.length > 0) return said;
  checkIdentity(identitySchema.parse(identity), checkName, complain);
  checkAccess(accessSchema.parse(access), checkName, complain);
  return said;
}

test("what the configuration gives is what the rules are compiled from", () => {
  const identity: IdentityRules = identitySchema.parse({ domains: [{ netbios: "example", dns: ["example.com"] }] });
  const rules = rulesFor(identity, { name: "imap", validator: "users" });
  assert.deepEqual(rules.domainNamed("EXAMPLE.COM"), { netbios: "EXAMPLE", dns: ["example.com"], ask: "as-sent" });
  const access: readonly AccessRule[] = accessSchema.parse([
    { name: "a", networks: ["10.0.0.0/8"], deny: { users: ["x"] } },
  ]);
  assert.equal(typeof compileAccess(access), "function");
  assert.deepEqual(complaints({}), []);
});

describe("is complained of:", () => {
  const example = { netbios: "EXAMPLE", dns: ["example.com"] };
  const table: readonly (readonly [what: string, words: Words, said: readonly string[]])[] = [
    [
      "a domain without a name",
      { identity: { domains: [{ validator: "ad" }] } },
      ["identity.domains.0: the domain has no name"],
    ],
    [
      "a name of two domains at one listener",
      { identity: { domains: [example, { dns: ["EXAMPLE.com"], listeners: ["imap"] }] } },
      ['identity.domains.1: "EXAMPLE.com" is a name of domain 0 already'],
    ],
    [
      "validators and listeners that are not there",
      { identity: { domains: [{ ...example, validator: "dc", listeners: ["pop"] }], listeners: { smtp: {} } } },
      [
        'identity.domains.0.listeners.0: there is no listener "pop"',
        'identity.domains.0.validator: there is no validator "dc"',
        'identity.listeners.smtp: there is no listener "smtp"',
      ],
    ],
    [
      "a form that wants another name",
      {
        identity: {
          domains: [
            { netbios: "A", ask: "user@dns" },
            { dns: ["b.example"], ask: "NETBIOS\\user" },
          ],
        },
      },
      [
        'identity.domains.0.ask: user@dns wants a name under "dns:"',
        'identity.domains.1.ask: NETBIOS\\user wants a name under "netbios:"',
      ],
    ],
    [
      "a default domain that is none, or none of this listener's",
      {
        identity: {
          domains: [{ ...example, listeners: ["imap"] }],
          defaultDomain: "OTHER",
          listeners: { submission: { defaultDomain: "EXAMPLE" } },
        },
      },
      [
        'identity.defaultDomain: no domain here is called "OTHER"',
        'identity.listeners.submission.defaultDomain: no domain here is called "EXAMPLE"',
      ],
    ],
    [
      "a mailbox that users of two domains would share",
      { identity: { domains: [example, { netbios: "OTHER" }], mailbox: "{user}" } },
      ["identity.mailbox: users of the same name in EXAMPLE and OTHER would open the same mailbox"],
    ],
    [
      "a mailbox for everybody, and one of unknown parts",
      { identity: { mailbox: "info", domains: [{ ...example, mailbox: "{name}" }] } },
      [
        "identity.domains.0.mailbox: expected {user}, {domain}, {dnsDomain}, {mailbox} or {attr.x}",
        "identity.mailbox: expected {user}, {domain}, {dnsDomain}, {mailbox} or {attr.x}",
      ],
    ],
    [
      "an alias with two meanings",
      {
        identity: {
          aliases: [
            { name: "info", means: "alice" },
            { name: "INFO", means: "bob" },
          ],
        },
      },
      ["identity.aliases.1.name: alias 0 has this name"],
    ],
    [
      "access rules that say nothing, or the same name twice",
      { access: [{ name: "a" }, { name: "a", allow: {} }] },
      [
        "access.0: a neither allows nor denies anybody",
        "access.1.name: rule 0 has this name",
        "access.1.allow: names nobody",
      ],
    ],
    [
      "access rules for what is not there",
      { access: [{ name: "a", listeners: ["pop"], deny: { users: ["x"] } }] },
      ['access.0.listeners.0: there is no listener "pop"'],
    ],
    [
      "a SID that is none",
      { access: [{ name: "a", deny: { sids: ["staff"] } }] },
      ["access.0.deny.sids.0: expected a SID such as S-1-5-21-1004336348-1177238915-682003330-513"],
    ],
  ];
  for (const [what, words, said] of table) test(what, () => assert.deepEqual(complaints(words), said));
});

test("two domains may have the same name at different listeners", () => {
  const domains = [
    { netbios: "EXAMPLE", listeners: ["imap"] },
    { netbios: "EXAMPLE", validator: "ad", listeners: ["submission"] },
  ];
  assert.deepEqual(complaints({ identity: { domains, mailbox: "{user}" } }), []);
});

test("the documentation's rules are right", () => {
  const blocks = ["identity", "access"].flatMap((page) => {
    const markdown = readFileSync(new URL(`docs/${page}.md`, ROOT), "utf8");
    return [...markdown.matchAll(/```yaml\n([^]*?)```/g)].map(([, yaml = ""]) => parse(yaml) as Words);
  });
  assert.ok(blocks.filter(({ identity, access }) => identity !== undefined || access !== undefined).length >= 4);
  for (const { identity, access } of blocks) {
    assert.deepEqual(
      complaints({ identity, access }, ["imap", "submission", "partners"], ["users", "ad", "partner"]),
      [],
    );
  }
});

/** With which name and password Postern logs on behind, and when it rather does not. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { credentialsFor, fillTemplate } from "../../src/backends/credentials.ts";
import type { Guest, LogonMethod } from "../../src/core/backend.ts";
import { Secret } from "../../src/core/secret.ts";

const IDENTITY = {
  user: "alice",
  domain: "EXAMPLE",
  mailbox: "alice@example.com",
  groups: [],
  attributes: { pw: "p1", host: "a" },
};
const GUEST: Guest = { identity: IDENTITY, password: new Secret("own"), helo: undefined };
const password = new Secret("gateway-secret");

function guest(identity: Partial<typeof IDENTITY>): Guest {
  return { ...GUEST, identity: { ...IDENTITY, ...identity } };
}

const METHODS: readonly [string, LogonMethod, object][] = [
  ["password", { method: "password" }, { user: "alice@example.com", password: "own", authzid: undefined }],
  [
    "master",
    { method: "master", user: "gw", separator: "*", password },
    { user: "alice@example.com*gw", password: "gateway-secret", authzid: undefined },
  ],
  [
    "authzid",
    { method: "authzid", user: "gw", password },
    { user: "gw", password: "gateway-secret", authzid: "alice@example.com" },
  ],
  [
    "account with one password",
    { method: "account", user: "{user}+{domain}", password },
    { user: "alice+EXAMPLE", password: "gateway-secret", authzid: undefined },
  ],
  [
    "account with its own password",
    { method: "account", user: "{mailbox}", passwordAttribute: "pw" },
    { user: "alice@example.com", password: "p1", authzid: undefined },
  ],
];

for (const [what, method, expected] of METHODS) {
  test(`method ${what}`, () => assert.deepEqual(credentialsFor(method, GUEST), expected));
}

test("a mechanism that shows no password has none to hand on", () => {
  assert.match(String(credentialsFor({ method: "password" }, { ...GUEST, password: undefined })), /does not show/);
});

test("an attribute that is not there is no password, also when every object has something of its name", () => {
  for (const passwordAttribute of ["other", "toString", "constructor", "__proto__"]) {
    assert.match(
      String(credentialsFor({ method: "account", user: "{user}", passwordAttribute }, GUEST)),
      /no attribute/,
    );
  }
});

test("templates put in what is known, and nothing for what is not", () => {
  assert.equal(
    fillTemplate("{user}|{domain}|{mailbox}|{attr.host}|{attr.no}|{x}|{attr.toString}", GUEST),
    "alice|EXAMPLE|alice@example.com|a||{x}|",
  );
  assert.equal(
    fillTemplate("{user}", guest({ user: "$&{domain}" })),
    "$&{domain}",
    "what was put in is not read again",
  );
});

test("control characters in names or passwords end it before a server hears of them", () => {
  for (const mailbox of ["a\nb", "a\rb", "a\0b"]) {
    assert.match(
      String(credentialsFor({ method: "authzid", user: "gw", password }, guest({ mailbox }))),
      /control characters/,
    );
    assert.match(
      String(credentialsFor({ method: "master", user: "gw", separator: "*", password }, guest({ mailbox }))),
      /control/,
    );
  }
  const bad = { ...GUEST, password: new Secret("a\r\nDELE 1") };
  assert.match(String(credentialsFor({ method: "password" }, bad)), /control characters/);
});

test("no name at all opens nobody's mailbox: an empty authorization identity would be the gateway's own", () => {
  assert.equal(typeof credentialsFor({ method: "authzid", user: "gw", password }, guest({ mailbox: "" })), "string");
  assert.equal(
    typeof credentialsFor({ method: "master", user: "gw", separator: "*", password }, guest({ mailbox: "" })),
    "string",
  );
  assert.equal(typeof credentialsFor({ method: "account", user: "{attr.no}", password }, GUEST), "string");
});

test("a mailbox with the master's separator in it could be another's mailbox", () => {
  const method: LogonMethod = { method: "master", user: "gw", separator: "*", password };
  assert.equal(typeof credentialsFor(method, guest({ mailbox: "bob*root" })), "string");
});

test("why there are none never shows a password", () => {
  const bad: Guest = { ...GUEST, password: new Secret("hunter2\r\n") };
  assert.doesNotMatch(String(credentialsFor({ method: "password" }, bad)), /hunter2/);
});

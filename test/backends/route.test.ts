/** Routes: globs over names and domains, listeners, the first match. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { makeRouter, reachable } from "../../src/backends/route.ts";
import type { Route } from "../../src/core/backend.ts";
import type { Identity } from "../../src/core/identity.ts";
import { VISIT } from "../support/visit.ts";

function route(backend: string, when: Partial<Route> = {}): Route {
  return { user: undefined, domain: undefined, listeners: undefined, backend, ...when };
}

function identity(user: string, more: Partial<Identity> = {}): Identity {
  return { user, mailbox: user, groups: [], attributes: {}, ...more };
}

function routed(when: Partial<Route>, who: Identity, listener = "front"): boolean {
  return makeRouter([route("here", when)])(who, { ...VISIT, listener }) === "here";
}

test("the first route whose conditions all hold wins, and nobody is sent anywhere without one", () => {
  const router = makeRouter([
    route("tests", { user: "test-*", listeners: ["front"] }),
    route("rest", { domain: "example.com" }),
  ]);
  assert.equal(router(identity("test-1"), VISIT), "tests");
  assert.equal(router(identity("test-1"), { ...VISIT, listener: "side" }), undefined);
  assert.equal(router(identity("alice", { domain: "example.com" }), VISIT), "rest");
  assert.equal(router(identity("alice"), VISIT), undefined);
});

test("stars and question marks stand for any text and any one character, everything else for itself", () => {
  assert.ok(routed({ user: "a*e" }, identity("alice")));
  assert.ok(routed({ user: "a*e" }, identity("ae")));
  assert.ok(routed({ user: "al?ce" }, identity("alice")));
  assert.ok(routed({ user: "*" }, identity("")));
  assert.ok(!routed({ user: "al?ce" }, identity("alce")));
  assert.ok(!routed({ user: "alice" }, identity("malice")));
  assert.ok(!routed({ user: "a.c" }, identity("abc")));
  assert.ok(!routed({ user: "a+" }, identity("aa")));
  assert.ok(routed({ user: "a[b]{c}(d)^$|\\" }, identity("a[b]{c}(d)^$|\\")));
  assert.ok(routed({ user: "j?rg" }, identity("jörg")));
  assert.ok(routed({ user: "x?" }, identity("x🙂")), "one character, also where it is two units");
});

test("case does not matter", () => {
  assert.ok(routed({ user: "Alice" }, identity("aLICE")));
  assert.ok(routed({ domain: "*.EXAMPLE.org" }, identity("alice", { domain: "mail.example.ORG" })));
});

test("the domain is the account's, or that of its mailbox; a mailbox without one has none", () => {
  assert.ok(routed({ domain: "example.com" }, identity("alice", { mailbox: "alice@example.com" })));
  assert.ok(!routed({ domain: "alice" }, identity("alice")));
  assert.ok(!routed({ domain: "a*" }, identity("alice", { domain: "EXAMPLE" })));
});

test("a user's mailbox is a name of the user's as well", () => {
  assert.ok(routed({ user: "*@example.com" }, identity("alice", { mailbox: "alice@example.com" })));
});

test("a route for groups is for their members alone, by name or by SID", () => {
  const token = { sids: ["S-1-5-21-1-2-3-513"], userIndex: undefined, primaryGroup: 0 };
  const who = identity("alice", { groups: ["Staff"], token });
  assert.ok(routed({ groups: ["guests", "STAFF"] }, who));
  assert.ok(routed({ groups: ["s-1-5-21-1-2-3-513"] }, who));
  assert.ok(!routed({ groups: ["sta*", "S-1-5-21-1-2-3-512"] }, who));
  assert.ok(!routed({ groups: ["staff"] }, identity("bob")));
  assert.ok(!routed({ groups: ["staff"], user: "bob" }, who), "together with the other conditions");
});

test("a listener can reach the backends of its routes", () => {
  const routes = [
    route("a", { listeners: ["x"] }),
    route("b", { listeners: ["x", "y"] }),
    route("a"),
    route("c", { listeners: ["y"] }),
  ];
  assert.deepEqual(reachable(routes, "x"), ["a", "b"]);
  assert.deepEqual(reachable(routes, "y"), ["b", "a", "c"]);
  assert.deepEqual(reachable(routes, "z"), ["a"]);
});

/** A connection and its one user. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { Link, type LinkUser } from "../../src/wire/link.ts";

test("whoever uses a connection hears once that it is over, and is let go of", () => {
  const heard: string[] = [];
  const user: LinkUser = {
    heard: () => true,
    drained: () => heard.push("drained"),
    ended: () => heard.push("ended"),
    broken: () => heard.push("broken"),
    closed: () => heard.push("closed"),
  };
  const link = new Link("client");
  link.user = user;
  link.over();
  link.over();
  assert.deepEqual(heard, ["closed"]);
  assert.notEqual(link.user, user);
});

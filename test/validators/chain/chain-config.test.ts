/** `type: chain` in config.yaml: its keys, names that are not there, circles, and the order in which to make validators. */
import assert from "node:assert/strict";
import { test } from "node:test";
import {
  chainSchema,
  checkChains,
  completeChain,
  membersFirst,
  type ChainValidatorConfig,
} from "../../../src/config/validators/chain.ts";

function complete(given: object): { config: ChainValidatorConfig; messages: string[] } {
  const messages: string[] = [];
  const surroundings = {
    folder: "/",
    now: new Date(0),
    complain: ({ path, message }: { path: readonly (string | number)[]; message: string }) =>
      void messages.push(`${path.join(".")}: ${message}`),
  };
  const config = completeChain("all", chainSchema.parse({ type: "chain", ...given }), surroundings);
  return { config, messages };
}

test("members are names, or names with what their answers do", () => {
  const { config, messages } = complete({ members: ["domain", { validator: "users", onUnavailable: "continue" }] });
  assert.deepEqual(config.members, [
    { validator: "domain", onDenied: "stop", onUnavailable: "stop" },
    { validator: "users", onDenied: "stop", onUnavailable: "continue" },
  ]);
  assert.deepEqual(messages, []);
});

test("a member twice and names from a stranger are complained about", () => {
  const { messages } = complete({ members: ["a", "b", "a"], namesFrom: "c" });
  assert.deepEqual(messages, [
    'validators.all.members.2: "a" is in this chain already',
    'validators.all.namesFrom: "c" is no member of this chain',
  ]);
  assert.equal(chainSchema.safeParse({ type: "chain", members: [] }).success, false);
  assert.equal(
    chainSchema.safeParse({ type: "chain", members: [{ validator: "a", onDenied: "maybe" }] }).success,
    false,
  );
});

const file = (name: string) => ({ name, type: "file" });
const chain = (name: string, ...members: string[]) => ({ ...complete({ members }).config, name });

function complaintsOf(...validators: Parameters<typeof checkChains>[0]): string[] {
  const messages: string[] = [];
  const checkName = (path: readonly unknown[], _: string, name: string, known: readonly string[]) =>
    known.includes(name) || void messages.push(`${path.join(".")}: no ${name}`) === undefined;
  checkChains(validators, checkName, ({ message }) => void messages.push(message));
  return messages;
}

test("members that do not exist and chains that lead back to themselves are found", () => {
  assert.deepEqual(complaintsOf(file("a"), chain("all", "a", "b")), ["validators.all.members.1: no b"]);
  assert.deepEqual(complaintsOf(chain("x", "y"), chain("y", "z"), chain("z", "y")), [
    'the chain "y" leads back to itself',
    'the chain "z" leads back to itself',
  ]);
  assert.deepEqual(complaintsOf(file("a"), chain("x", "a"), chain("y", "x", "a")), []);
});

test("members come before their chains, and circles do not come at all", () => {
  const order = membersFirst([chain("y", "x", "b"), chain("x", "a"), file("a"), file("b"), chain("z", "z")]);
  assert.deepEqual(
    order.map(({ name }) => name),
    ["a", "x", "b", "y"],
  );
});

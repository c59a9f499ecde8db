/**
 * Client x protocol x mechanism x TLS: for each combination that a client has, the right password gets in (to the user's
 * own mailbox, or the mail arrives), a wrong one does not, and the log says how. The results make a table.
 */
import assert from "node:assert/strict";
import { appendFileSync } from "node:fs";
import { after, before, describe, test } from "node:test";
import type { ProtocolName } from "../../src/core/visit.ts";
import { RESULTS, type Result } from "../run/table.ts";
import type { LogRecord } from "./gateway.ts";
import { arrival, inbox, loginAt, type Login, type Outcome, type Tls, type Way } from "./login.ts";
import { openWorld, withoutWorld, WRONG, type World } from "./world.ts";

export interface Client {
  readonly name: string;
  readonly version: string;
  /** Why it cannot run here. */
  readonly missing: string | false;
  /** Which NTLM responses it makes. */
  readonly ntlm?: "v1" | "v2";
  readonly ways: readonly Way[];
  /** Logs on, reads the first message or sends one, and leaves. Resolves also when it is refused. */
  visit(login: Login): Promise<Outcome>;
}

/** All ways of these protocols, mechanisms and kinds of TLS. */
export function ways(
  protocols: readonly ProtocolName[],
  mechanisms: readonly Way["mechanism"][],
  tls: readonly Tls[],
): Way[] {
  return protocols.flatMap((protocol) =>
    mechanisms.flatMap((mechanism) => tls.map((each) => ({ protocol, mechanism, tls: each }))),
  );
}

export function testClient(client: Client): void {
  const { name, version, missing } = client;
  describe(`${name} ${version}`, { skip: missing || withoutWorld() }, () => {
    let world!: World;
    before(async () => void (world = await openWorld()));
    after(() => world?.close());
    for (const way of client.ways) {
      test(`${name} gets in by ${inWords(way)} with the right password only`, async () => {
        await comesIn(world, client, way);
        await staysOut(world, client, way);
        note(client, way);
      });
    }
    if (client.ntlm === "v1") testRefusalOfNtlmV1(client, () => world);
  });
}

function inWords({ protocol, mechanism, tls }: Way): string {
  return `${protocol.toUpperCase()} ${mechanism} ${tls === "none" ? "without TLS" : `over ${tls}`}`;
}

function isV1(client: Client, way: Way): boolean {
  return way.mechanism === "NTLM" && client.ntlm === "v1";
}

/** The listener for a way: `pop3`, `pop3s`, `pop3-v1` ... */
function listenerFor(client: Client, way: Way): string {
  if (isV1(client, way)) return `${way.protocol}-v1`;
  return way.tls === "TLS" ? `${way.protocol}s` : way.protocol;
}

async function visit(world: World, client: Client, way: Way, listener: string, password?: string) {
  const from = world.gateway.records.length;
  const login = loginAt(world, listener, way, password === undefined ? {} : { password });
  const outcome = await client.visit(login);
  const logged = (what: string, isIt: (record: LogRecord) => boolean): Promise<LogRecord> =>
    world.gateway.logged(`${client.name}, ${inWords(way)}: ${what}; it said: ${outcome.said}`, isIt, from);
  return { ...outcome, token: login.token, logged };
}

async function comesIn(world: World, client: Client, way: Way): Promise<void> {
  const listener = listenerFor(client, way);
  const { isIn, mail, said, token, logged } = await visit(world, client, way, listener);
  assert.ok(isIn, `not let in: ${said}\n${world.gateway.said}`);
  const record = await logged("a session", ({ message }) => message === "session");
  if (way.protocol === "smtp") await arrival(world, token);
  else if (mail !== undefined) assert.match(mail, /Only alice reads this\./);
  const { user, tls, mechanism, scheme, result } = record;
  assert.deepEqual(
    { user, tls, mechanism, result },
    { user: "alice", tls: way.tls !== "none", mechanism: way.mechanism, result: "entered" },
  );
  if (way.mechanism === "NTLM") assert.match(String(scheme), client.ntlm === "v1" ? /^(NTLMv1|LM)/ : /^NTLMv2/);
}

async function staysOut(world: World, client: Client, way: Way): Promise<void> {
  const listener = listenerFor(client, way);
  const { isIn, said, token, logged } = await visit(world, client, way, listener, WRONG);
  assert.ok(!isIn, `let in with a wrong password: ${said}`);
  const record = await logged("a refusal", ({ result }) => result === "denied");
  assert.equal(record["mechanism"], way.mechanism);
  assert.equal(inbox(world, token), undefined, "mail was sent with a wrong password");
}

/** A listener left at its defaults accepts only NTLMv2, and says so in the log. */
function testRefusalOfNtlmV1(client: Client, world: () => World): void {
  for (const protocol of new Set(client.ways.map((way) => way.protocol))) {
    const way = client.ways.find((each) => each.protocol === protocol && each.mechanism === "NTLM");
    if (!way) continue;
    test(`${client.name} with NTLMv1 is refused by ${protocol.toUpperCase()} listeners that want NTLMv2`, async () => {
      const listener = way.tls === "TLS" ? `${protocol}s` : protocol;
      const { isIn, said, token, logged } = await visit(world(), client, way, listener);
      assert.ok(!isIn, `let in by NTLMv1: ${said}`);
      const record = await logged("a refusal", ({ result }) => result === "denied");
      assert.match(String(record["why"]), /NTLMv1|LM/);
      assert.equal(inbox(world(), token), undefined);
    });
  }
}

function note(client: Client, way: Way): void {
  const path = process.env[RESULTS];
  if (path === undefined) return;
  const ntlm = way.mechanism === "NTLM" ? { ntlm: client.ntlm ?? "v2" } : {};
  const result: Result = { client: `${client.name} ${client.version}`.trim(), ...way, ...ntlm };
  appendFileSync(path, `${JSON.stringify(result)}\n`);
}

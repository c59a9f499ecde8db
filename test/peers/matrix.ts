/**
 * Client x protocol x mechanism x TLS: for each combination that a client has, the right password gets in (to the user's
 * own mailbox, or the mail arrives), a wrong one does not, and the log says how. The results make a table.
 */
import assert from "node:assert/strict";
import { appendFileSync } from "node:fs";
import { after, before, describe, test } from "node:test";
import { RESULTS, type Result } from "../run/table.ts";
import { inWords, type Client } from "./client.ts";
import type { LogRecord } from "./gateway.ts";
import { arrival, inbox, loginAt, reasonFor, takesToken, type Way } from "./login.ts";
import { openWorld, withoutWorld, WRONG, type World } from "./world.ts";

export function testClient(client: Client): void {
  const { name, version, missing } = client;
  describe(`${name} ${version}`, { skip: missing || withoutWorld() }, () => {
    let world!: World;
    before(async () => void (world = await openWorld()));
    after(() => world?.close());
    for (const way of client.ways.filter((each) => !isForSandbox(each))) {
      test(`${name} gets in by ${inWords(way)} with the right password only`, async () => {
        await comesIn(world, client, way);
        await staysOut(world, client, way);
        note(client, way);
      });
    }
    if (client.ntlm === "v1") testRefusalOfNtlmV1(client, () => world);
  });
}

function isV1(client: Client, way: Way): boolean {
  return way.mechanism === "NTLM" && client.ntlm === "v1";
}

/** The listener for a way: `pop3`, `pop3s`, `pop3-v1` ... */
function listenerFor(client: Client, way: Way): string {
  if (isV1(client, way)) return `${way.protocol}-v1`;
  return way.tls === "TLS" ? `${way.protocol}s` : way.protocol;
}

/** The world's accounts have no tokens, and no passwords in clear as CRAM-MD5 wants; the sandbox's have both. */
export function isForSandbox(way: Way): boolean {
  return takesToken(way) || way.mechanism === "CRAM-MD5";
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
  assert.match(String(record["why"]), reasonFor(way));
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

/** A line for the table of clients. */
export function note(client: Client, way: Way): void {
  const path = process.env[RESULTS];
  if (path === undefined) return;
  const ntlm = way.mechanism === "NTLM" ? { ntlm: client.ntlm ?? "v2" } : {};
  const result: Result = { client: `${client.name} ${client.version}`.trim(), ...way, ...ntlm };
  appendFileSync(path, `${JSON.stringify(result)}\n`);
}

/** The conformance accounts as rows, and what all tests of the `sql` validator ask of a database. */
import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { encodeBase64 } from "../../../src/core/base64.ts";
import { Secret } from "../../../src/core/secret.ts";
import type { Validator } from "../../../src/core/validator.ts";
import type { Verdict } from "../../../src/core/verdict.ts";
import { ntHash } from "../../../src/ntlm/hashes.ts";
import { deriveKeys } from "../../../src/scram/keys.ts";
import { sqlValidator, type Database, type ServerAddress, type SqlOptions } from "../../../src/validators/sql/sql.ts";
import { eventually } from "../../peers/programs.ts";
import type { DatabaseServer } from "../../peers/postgres.ts";
import { ACCOUNTS, byNtlm, byPassword, NAMES, summary, VISIT } from "../conformance.ts";
import { version2 } from "../ntlm-client.ts";

export interface AccountRow {
  readonly name: string;
  readonly nt: string;
  readonly scram: string;
  readonly domain: string | null;
  readonly mailbox: string | null;
  readonly groups: readonly string[];
  readonly room: string | null;
  readonly disabled: boolean;
}

const salt = Buffer.from("one salt for all");

export const ROWS: readonly AccountRow[] = await Promise.all(
  ACCOUNTS.map(async ({ name, password, domain, mailbox, groups, attributes, disabled }) => {
    const { storedKey, serverKey } = await deriveKeys("SCRAM-SHA-256", password, { iterations: 4096, salt });
    return {
      name,
      nt: ntHash(password).toString("hex"),
      scram: `4096,${[salt, storedKey, serverKey].map(encodeBase64).join()}`,
      domain: domain ?? null,
      mailbox: mailbox ?? null,
      groups: groups ?? [],
      room: attributes?.["room"] ?? null,
      disabled: disabled === true,
    };
  }),
);

export function validatorOn(database: Database, query: string, options: Partial<SqlOptions> = {}): Validator {
  const mechanisms = ["PLAIN", "NTLM", "SCRAM-SHA-256"] as const;
  return sqlValidator({ name: "sql", database, query, mechanisms, names: NAMES, ...options });
}

export async function ask(validator: Validator, username = "alice", password = "Password1"): Promise<Verdict> {
  return (await validator.password?.({ username, password: new Secret(password) }, VISIT))!;
}

export const why = (verdict: Verdict): string => (verdict.kind === "accepted" ? "" : verdict.why);

/** Names that would be something else if they ever became part of a query, for each of the databases. */
const INJECTIONS = [
  "' OR '1'='1", "alice' --", "alice'; DROP TABLE accounts; --", "\\' OR 1=1 #", "alice\\", '" OR ""="', "alice'/*", "*/ OR 1=1 /*",
  "%", "_lice", "alice%", "$1", ":user", "?", "${user}", "$$ OR true $$", "alice') OR ('1'='1", "0x616c696365", "NULL", "alice\u2019 OR 1=1",
  "EXAMPLE\\' OR '1'='1", "' UNION SELECT 'alice' --", "x@' OR '1'='1", "alice\u00a0", "\u02bc OR 1=1", "pg_sleep(10)",
]; // prettier-ignore

/** `query` and accounts as for conformance. */
export function injections(title: string, make: () => Validator): void {
  test(`${title}: no name is ever part of the query`, async () => {
    const validator = make();
    for (const name of INJECTIONS) {
      assert.match(await byPassword(validator, name, "Password1"), /^(unknown|denied bad-credentials)$/, name);
      assert.match(
        await byNtlm(validator, version2({ user: name, domain: name, password: "Password1" })),
        /^(unknown|denied bad-credentials)$/,
        name,
      );
      assert.notEqual((await validator.keys?.find(name, VISIT))?.kind, "unavailable", name);
    }
    assert.equal(await byPassword(validator, "alice", "Password1"), "accepted alice", "and the table is still there");
    await validator.close?.();
  });
}

/** Logons run while the server is killed and started again: each is right or told that nobody can say, and all are right after. */
export function restarts(title: string, make: () => Validator, server: () => DatabaseServer): void {
  test(`${title}: a server that is killed and started again costs no wrong answer`, async () => {
    const validator = make();
    const seen = new Map<string, number>();
    let [isOver, running] = [false, 0];
    const client = async (number: number) => {
      const [user, right] = [`user${number}`, number % 2 === 0];
      while (!isOver) {
        const verdict = await byPassword(validator, user, right ? `password-${number}` : "wrong");
        const kind = verdict === (right ? `accepted ${user}` : "denied bad-credentials") ? "right" : verdict;
        seen.set(kind, (seen.get(kind) ?? 0) + 1);
        running += 1;
        await sleep(5);
      }
    };
    const clients = Array.from({ length: 10 }, (_, number) => client(number));
    while (running < 50) await sleep(10);
    await server().kill();
    await sleep(200);
    await server().start();
    const before = seen.get("right") ?? 0;
    const end = Date.now() + 20_000;
    while ((seen.get("right") ?? 0) < before + 100 && Date.now() < end) await sleep(10);
    isOver = true;
    await Promise.all(clients);
    assert.deepEqual([...seen.keys()].sort(), ["right", "unavailable"]);
    assert.ok((seen.get("right") ?? 0) >= before + 100, "logons are judged again");
    assert.equal(summary(await ask(validator)), "accepted alice");
    await validator.close?.();
  });
}

/** Stops the processes until they are thawed; a signal takes its time, and the threads of a server one by one. */
async function frozen(pids: readonly number[], act: () => Promise<void>): Promise<void> {
  for (const pid of pids) process.kill(pid, "SIGSTOP");
  try {
    await eventually("all threads stand still", () => (pids.every(isStill) ? true : undefined));
    await act();
  } finally {
    for (const pid of pids) process.kill(pid, "SIGCONT");
  }
}

/** proc_pid_stat(5): the state is the third field, after the name in parentheses. */
function isStill(pid: number): boolean {
  const states = readdirSync(`/proc/${pid}/task`).map(
    (thread) => /\) (\S)/.exec(readFileSync(`/proc/${pid}/task/${thread}/stat`, "utf8"))?.[1],
  );
  return states.every((state) => state === "T");
}

/** `slow`: a query that takes ten seconds for the user `sleeper`. */
export function hangs(title: string, make: (options: Partial<SqlOptions>) => Validator): void {
  test(`${title}: a query that hangs costs only its own logon, and ends by its time limit`, async () => {
    const validator = make({ timeout: 1000, connections: 2 });
    assert.equal(summary(await ask(validator)), "accepted alice");
    const started = performance.now();
    const slow = ask(validator, "sleeper", "x").then(
      (verdict) => [summary(verdict), performance.now() - started] as const,
    );
    await sleep(100);
    const others = performance.now();
    for (let round = 0; round < 10; round++) assert.equal(summary(await ask(validator)), "accepted alice");
    assert.ok(performance.now() - others < 800, "others do not wait");
    const [verdict, time] = await slow;
    assert.equal(verdict, "unavailable");
    assert.ok(time < 2500, `${time} ms`);
    await sleep(1200);
    const all = await Promise.all(Array.from({ length: 300 }, () => ask(validator, "sleeper", "x")));
    assert.deepEqual(new Set(all.map(summary)), new Set(["unavailable"]));
    assert.equal(all.filter((each) => /too many/.test(why(each))).length, 300 - 256 - 2);
    await sleep(1200);
    assert.equal(summary(await ask(validator)), "accepted alice", "and afterwards there are connections again");
    await validator.close?.();
  });
}

/** Each query or address must be an outage whose reason matches, without a secret in it. `right`: a query that works. */
export function outages(title: string, right: string, make: () => ServerAddress, wrong: readonly Outage[]): void {
  test(`${title}: ${wrong.length} mistakes in query and address are outages that say why, but no secret`, async () => {
    for (const { query = right, address, why: expected } of wrong) {
      const validator = validatorOn({ ...make(), ...address }, query);
      const verdict = await ask(validator);
      assert.equal(summary(verdict), "unavailable", `${query} ${JSON.stringify(address)}`);
      assert.match(why(verdict), expected);
      assert.doesNotMatch(why(verdict), /hunter2/);
      await validator.close?.();
    }
  });
}

export interface Outage {
  readonly query?: string;
  readonly address?: Partial<ServerAddress>;
  readonly why: RegExp;
}

/** `pids`: of all processes that answer. */
export function standsStill(
  title: string,
  make: (options: Partial<SqlOptions>) => Validator,
  pids: () => Promise<readonly number[]>,
): void {
  test(`${title}: a server that has stopped answering costs each logon its time limit`, async () => {
    const validator = make({ timeout: 500 });
    assert.equal(summary(await ask(validator)), "accepted alice");
    await frozen(await pids(), async () => {
      const started = performance.now();
      assert.equal(summary(await ask(validator)), "unavailable");
      assert.ok(performance.now() - started < 1500);
    });
    assert.equal(summary(await ask(validator)), "accepted alice");
    await validator.close?.();
  });
}

export function throughSocket(title: string, query: string, make: () => ServerAddress): void {
  test(`${title}: the socket of the file system serves too`, async () => {
    const validator = validatorOn(make(), query);
    assert.equal(summary(await ask(validator)), "accepted alice");
    await validator.close?.();
  });
}

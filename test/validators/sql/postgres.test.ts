/** Validator `sql` with PostgreSQL from Debian. */
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import pg from "pg";
import { Secret } from "../../../src/core/secret.ts";
import type { ServerAddress } from "../../../src/validators/sql/sql.ts";
import { startPostgres, withoutPostgres, type DatabaseServer } from "../../peers/postgres.ts";
import { LOOPBACK } from "../../peers/programs.ts";
import { byPassword, conformance, summary, VISIT } from "../conformance.ts";
import {
  ask,
  hangs,
  injections,
  outages,
  restarts,
  ROWS,
  standsStill,
  throughSocket,
  validatorOn,
  why,
} from "./accounts.ts";

const COLUMNS = "name, nt, scram_sha_256, domain, mailbox, groups, disabled, room";
const QUERY = `SELECT ${COLUMNS} FROM accounts -- by :this or that
  WHERE lower(name) = lower(:name) OR split_part(lower(name), '@', 1) = :user`;
const SLOW = `SELECT ${COLUMNS}, CASE WHEN :user = 'sleeper' THEN pg_sleep(10)::text END FROM accounts WHERE name = :user OR :user = 'sleeper'`;

describe("PostgreSQL", { skip: withoutPostgres() }, () => {
  let server: DatabaseServer;
  let address: ServerAddress;
  let admin: pg.Client;
  const withAddress = (query: string, options = {}) => validatorOn(address, query, options);

  before(async () => {
    server = await startPostgres();
    const { port } = server;
    address = {
      kind: "postgres",
      host: LOOPBACK,
      port,
      database: "postgres",
      user: "postgres",
      password: new Secret("postern"),
    };
    admin = new pg.Client({ host: LOOPBACK, port, database: "postgres", user: "postgres", password: "postern" });
    admin.on("error", () => undefined);
    await admin.connect();
    await admin.query(`CREATE TABLE accounts (name text PRIMARY KEY, nt text, scram_sha_256 text, domain text, mailbox text,
      groups text[], disabled boolean, room text)`);
    for (const { name, nt, scram, domain, mailbox, groups, disabled, room } of ROWS)
      await admin.query("INSERT INTO accounts VALUES ($1, $2, $3, $4, $5, $6, $7, $8)", [
        name, nt, scram, domain, mailbox, groups, disabled, room,
      ]); // prettier-ignore
  });
  after(async () => {
    await admin.end().catch(() => undefined);
    await server.stop();
  });

  conformance("The sql validator with PostgreSQL", () => Promise.resolve(withAddress(QUERY)), { keys: true });
  injections("PostgreSQL", () => withAddress(QUERY));
  hangs("PostgreSQL", (options) => withAddress(SLOW, options));

  test("the columns' types are those of PostgreSQL: bytes, arrays, times, flags, numbers", async () => {
    const query = `SELECT :name::varchar AS name, decode('64f12cddaa88057e06a81b54e73b949b', 'hex') AS nt,
      ARRAY['a', 'b,c']::varchar[] AS groups, true AS must_change, timestamp '2001-02-03 04:05' AS password_expires,
      timestamptz '2999-01-01 00:00+02' AS expires, 7::bigint AS quota, '{"a":1}'::jsonb ->> 'a' AS json, NULL AS nothing`;
    const validator = withAddress(query);
    const verdict = await ask(validator);
    assert.equal(summary(verdict), "denied must-change-password");
    const fine = withAddress(
      query.replace("true AS must_change", "false AS must_change").replace("2001-02", "2999-02"),
    );
    const accepted = await ask(fine);
    assert.ok(accepted.kind === "accepted", why(accepted));
    assert.deepEqual(accepted.identity.groups, ["a", "b,c"]);
    assert.deepEqual(accepted.identity.attributes, { quota: "7", json: "1" });
    await Promise.all([validator.close?.(), fine.close?.()]);
  });

  test("listener and protocol can be asked for, and no domain is NULL", async () => {
    const query = `SELECT name, nt FROM accounts WHERE name = :user AND :listener = 'imap' AND :protocol = 'imap'
      AND (:domain::text IS NULL OR :domain::text = 'example')`;
    const validator = withAddress(query);
    assert.equal(await byPassword(validator, "alice", "Password1"), "accepted alice");
    assert.equal(await byPassword(validator, "EXAMPLE\\alice", "Password1"), "accepted alice");
    const visit = { ...VISIT, listener: "smtp" };
    const elsewhere = await validator.password?.({ username: "alice", password: new Secret("Password1") }, visit);
    assert.equal(elsewhere?.kind, "unknown");
    await validator.close?.();
  });

  test("a user name in several domains leads to the one that is meant", async () => {
    const query = `SELECT u || '@' || d AS name, nt FROM (VALUES ('alice', 'example.com'), ('alice', 'example.org')) AS v (u, d),
      (SELECT nt FROM accounts WHERE name = 'alice') AS a WHERE u = :user`;
    const validator = withAddress(query);
    for (const name of ["alice@example.org", "alice@example.com", "alice"]) {
      const verdict = await ask(validator, name);
      assert.ok(verdict.kind === "accepted", name);
      assert.equal(verdict.identity.domain, name.endsWith("org") ? "example.org" : "example.com");
    }
    assert.equal(summary(await ask(validator, "alice@example.net")), "unknown");
    await validator.close?.();
  });

  outages("PostgreSQL", QUERY, () => address, [
    {
      query: "SELECT name, nt FROM accounts, generate_series(1, 2) WHERE name = :user",
      why: /two rows for the account alice/,
    },
    { query: "SELECT name, nt FROM accounts WHERE :user <> ''", why: /more than 8 rows/ },
    { query: "SELECT nt FROM accounts WHERE name = :user", why: /no column name/ },
    { query: "SELECT name FROM accounts WHERE name = :user", why: /neither a password nor nt/ },
    { query: "SELECT name, 'hunter2' AS nt FROM accounts WHERE name = :user", why: /column nt: an NT hash/ },
    { query: "SELECT name, nt, 'hunter2' AS expires FROM accounts WHERE name = :user", why: /expires= is neither/ },
    {
      query: "SELECT name, '\\xff'::bytea AS password FROM accounts WHERE name = :user",
      why: /column password is not text/,
    },
    {
      query: "SELECT name, nt, '{}'::json AS room FROM accounts WHERE name = :user",
      why: /column room is not of a type/,
    },
    { query: 'SELECT name, nt, room AS "NT" FROM accounts WHERE name = :user', why: /column nt is there twice/ },
    { query: "SELECT name, ('hunter2'::text)::int AS nt FROM accounts WHERE name = :user", why: /asked: 22P02$/ },
    { query: "SELECT nme FROM accounts WHERE name = :user", why: /42703: column "nme" does not exist/ },
    { query: "SELECT name FROM nowhere WHERE name = :user", why: /42P01: relation "nowhere" does not exist/ },
    { query: "DELETE FROM accounts WHERE name = :user RETURNING name", why: /42601/ },
    { address: { password: new Secret("hunter2") }, why: /28P01/ },
    { address: { password: undefined }, why: /the database cannot be asked/ },
    { address: { database: "nowhere" }, why: /3D000/ },
    { address: { port: 1 }, why: /ECONNREFUSED/ },
    { address: { tls: { verify: true } }, why: /the database cannot be asked/ },
  ]);
  throughSocket("PostgreSQL", QUERY, () => ({ ...address, socket: server.socket }));
  standsStill(
    "PostgreSQL",
    (options) => withAddress(QUERY, options),
    async () => {
      const query = "SELECT pid FROM pg_stat_activity WHERE application_name = 'postern'";
      const { rows } = await admin.query<{ pid: number }>(query);
      return [server.process.pid, ...rows.map(({ pid }) => pid)];
    },
  );
  restarts(
    "PostgreSQL",
    () => withAddress(QUERY, { timeout: 2000 }),
    () => server,
  );
});

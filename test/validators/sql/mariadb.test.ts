/** Validator `sql` with MariaDB from Debian. */
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { createConnection } from "mysql2/promise";
import { Secret } from "../../../src/core/secret.ts";
import type { ServerAddress } from "../../../src/validators/sql/sql.ts";
import { startMariadb, withoutMariadb } from "../../peers/mariadb.ts";
import type { DatabaseServer } from "../../peers/postgres.ts";
import { LOOPBACK } from "../../peers/programs.ts";
import { conformance, summary } from "../conformance.ts";
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

const COLUMNS = "name, nt, scram_sha_256, domain, mailbox, `groups`, disabled, room";
const QUERY = `SELECT ${COLUMNS} FROM accounts # by :this or that
  WHERE name = :name OR SUBSTRING_INDEX(name, '@', 1) = :user`;
const SLOW = `SELECT ${COLUMNS}, IF(:user = 'sleeper', SLEEP(10), 0) AS slept FROM accounts WHERE name = IF(:user = 'sleeper', 'alice', :user)`;

describe("MariaDB", { skip: withoutMariadb() }, () => {
  let server: DatabaseServer;
  let address: ServerAddress;
  const withAddress = (query: string, options = {}) => validatorOn(address, query, options);

  before(async () => {
    server = await startMariadb();
    const { port } = server;
    address = {
      kind: "mysql",
      host: LOOPBACK,
      port,
      database: "mail",
      user: "postern",
      password: new Secret("postern"),
    };
    const admin = await createConnection({ host: LOOPBACK, port, user: "postern", password: "postern" });
    await admin.query("CREATE DATABASE mail CHARACTER SET utf8mb4");
    await admin.query(`CREATE TABLE mail.accounts (name VARCHAR(250) COLLATE utf8mb4_general_ci PRIMARY KEY, nt BINARY(16),
      scram_sha_256 TEXT, domain TEXT, mailbox TEXT, \`groups\` JSON, disabled TINYINT(1), room TEXT)`);
    for (const { name, nt, scram, domain, mailbox, groups, disabled, room } of ROWS)
      await admin.execute("INSERT INTO mail.accounts VALUES (?, UNHEX(?), ?, ?, ?, ?, ?, ?)", [
        name, nt, scram, domain, mailbox, JSON.stringify(groups), disabled ? 1 : 0, room,
      ]); // prettier-ignore
    await admin.end();
  });
  after(() => server.stop());

  conformance("The sql validator with MariaDB", () => Promise.resolve(withAddress(QUERY)), { keys: true });
  injections("MariaDB", () => withAddress(QUERY));
  hangs("MariaDB", (options) => withAddress(SLOW, options));

  test("the columns' types are those of MySQL: bytes, times in UTC, numbers, lists with commas", async () => {
    const query = `SELECT name, nt, 'a,b' AS \`groups\`, CAST('2001-02-03 04:05:06' AS DATETIME) AS password_expires,
      CAST('2999-01-01' AS DATE) AS expires, CAST(7 AS UNSIGNED) AS quota, 0 AS locked FROM accounts WHERE name = :user`;
    const validator = withAddress(query);
    assert.equal(summary(await ask(validator)), "denied password-expired");
    const fine = withAddress(query.replace("2001-02", "2999-02"));
    const accepted = await ask(fine);
    assert.ok(accepted.kind === "accepted", why(accepted));
    assert.deepEqual(accepted.identity.groups, ["a", "b"]);
    assert.deepEqual(accepted.identity.attributes, { quota: "7" });
    await Promise.all([validator.close?.(), fine.close?.()]);
  });

  outages("MariaDB", QUERY, () => address, [
    {
      query: "SELECT nme FROM accounts WHERE name = :user",
      why: /ER_BAD_FIELD_ERROR: Unknown column 'nme'/,
    },
    {
      query: "SELECT name, nt FROM accounts, (SELECT 1 UNION SELECT 2) AS two WHERE name = :user",
      why: /two rows for the account alice/,
    },
    { query: "SELECT name, nt, 'x' AS name FROM accounts WHERE name = :user", why: /ER_DUP_FIELDNAME/ },
    { query: "SELECT name, '{' AS nt FROM accounts WHERE name = :user", why: /column nt: an NT hash/ },
    {
      query: "SELECT name, nt, '[1' AS workstations FROM accounts WHERE name = :user",
      why: /column workstations begins as a JSON array/,
    },
    { address: { password: new Secret("hunter2") }, why: /ER_ACCESS_DENIED_ERROR/ },
    { address: { database: "nowhere" }, why: /ER_BAD_DB_ERROR/ },
    { address: { port: 1 }, why: /ECONNREFUSED/ },
    { address: { tls: { verify: true } }, why: /the database cannot be asked/ },
  ]);
  throughSocket("MariaDB", QUERY, () => ({ ...address, socket: server.socket }));
  standsStill(
    "MariaDB",
    (options) => withAddress(QUERY, options),
    () => Promise.resolve([server.process.pid]),
  );
  restarts(
    "MariaDB",
    () => withAddress(QUERY, { timeout: 2000 }),
    () => server,
  );
});

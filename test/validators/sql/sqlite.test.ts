/** Validator `sql` with SQLite, where this Node has it. */
import assert from "node:assert/strict";
import { chmodSync, mkdtempSync, renameSync, rmSync } from "node:fs";
import { isBuiltin } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { byPassword, conformance, summary } from "../conformance.ts";
import { ask, injections, ROWS, validatorOn, why } from "./accounts.ts";

const COLUMNS = "name, nt, scram_sha_256, domain, mailbox, groups, disabled, room";
const QUERY = `SELECT ${COLUMNS} FROM [accounts] /* by :this or that */ WHERE name = :name OR user = :user OR folded = :user`;
/** Counts for minutes when the user is `sleeper`. */
const SLOW = `WITH RECURSIVE count(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM count WHERE n < CASE WHEN :user = 'sleeper' THEN 1000000000 ELSE 1 END)
  SELECT ${COLUMNS} FROM accounts WHERE name = :user AND (SELECT max(n) FROM count) > 0
  OR :user = 'sleeper' AND (SELECT max(n) FROM count) < 0`;

const hasSqlite = isBuiltin("node:sqlite");

test("a Node without SQLite is said at once", { skip: hasSqlite && "this Node has SQLite" }, () => {
  assert.throws(() => validatorOn({ kind: "sqlite", path: "/nowhere" }, QUERY), /SQLite needs Node 22\.13 or newer/);
});

interface Sqlite {
  readonly DatabaseSync: new (path: string) => {
    exec(text: string): void;
    prepare(text: string): { run(...values: unknown[]): void };
    close(): void;
  };
}

function fill(path: string): void {
  const { DatabaseSync } = process.getBuiltinModule("node:sqlite") as unknown as Sqlite;
  const database = new DatabaseSync(path);
  database.exec(`CREATE TABLE accounts (name TEXT COLLATE NOCASE, user TEXT COLLATE NOCASE, folded TEXT, nt BLOB, scram_sha_256 TEXT,
    domain TEXT, mailbox TEXT, groups TEXT, disabled INTEGER, room TEXT)`);
  const insert = database.prepare("INSERT INTO accounts VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)");
  for (const { name, nt, scram, domain, mailbox, groups, disabled, room } of ROWS) {
    const [user] = name.split("@");
    insert.run(
      name,
      user,
      user?.toLowerCase(),
      Buffer.from(nt, "hex"),
      scram,
      domain,
      mailbox,
      groups.join(),
      disabled ? 1 : 0,
      room,
    );
  }
  database.close();
}

describe("SQLite", { skip: !hasSqlite && "this Node has no SQLite" }, () => {
  const folder = mkdtempSync(join(tmpdir(), "postern-sqlite-"));
  const path = join(folder, "accounts.db");
  const withFile = (query: string, options = {}) => validatorOn({ kind: "sqlite", path }, query, options);
  before(() => fill(path));
  after(() => rmSync(folder, { recursive: true }));

  conformance("The sql validator with SQLite", () => Promise.resolve(withFile(QUERY)), { keys: true });
  injections("SQLite", () => withFile(QUERY));

  test("mistakes in the query and files that are none are outages that say why", async () => {
    const wrong: readonly (readonly [string, string, RegExp])[] = [
      [path, "SELECT nme FROM accounts WHERE name = :user", /no such column: nme/],
      [
        path,
        "SELECT name, nt FROM accounts, (SELECT 1 UNION SELECT 2) WHERE name = :user",
        /two rows for the account alice/,
      ],
      [
        path,
        "SELECT name, json('hunter2') AS nt FROM accounts WHERE name = :user",
        /database cannot be asked|column nt/,
      ],
      [`${path}x`, QUERY, /ENOENT/],
      [import.meta.filename, QUERY, /SQLite result code 26|not a database/],
    ];
    for (const [file, query, expected] of wrong) {
      const validator = validatorOn({ kind: "sqlite", path: file }, query);
      const verdict = await ask(validator);
      assert.equal(summary(verdict), "unavailable", query);
      assert.match(why(verdict), expected);
      assert.doesNotMatch(why(verdict), /hunter2/);
      await validator.close?.();
    }
  });

  test("a new file that was moved to the old one's place is the one that counts", async () => {
    const validator = withFile(QUERY);
    assert.equal(summary(await ask(validator)), "accepted alice");
    const { DatabaseSync } = process.getBuiltinModule("node:sqlite") as unknown as Sqlite;
    fill(`${path}.new`);
    const next = new DatabaseSync(`${path}.new`);
    next.exec("DELETE FROM accounts WHERE name = 'alice'");
    next.close();
    renameSync(path, `${path}.old`);
    renameSync(`${path}.new`, path);
    assert.equal(summary(await ask(validator)), "unknown");
    assert.equal(await byPassword(validator, "bob", "Bob's own"), "accepted bob");
    renameSync(`${path}.old`, path);
    chmodSync(path, 0o600);
    assert.equal(summary(await ask(validator)), "accepted alice");
    await validator.close?.();
  });

  test("a query that counts for minutes ends by its time limit and holds up neither this process nor the next logon", async () => {
    const validator = withFile(SLOW, { timeout: 500 });
    assert.equal(summary(await ask(validator)), "accepted alice");
    let ticks = 0;
    const clock = setInterval(() => (ticks += 1), 10);
    const started = performance.now();
    assert.equal(summary(await ask(validator, "sleeper", "x")), "unavailable");
    assert.ok(performance.now() - started < 2000);
    clearInterval(clock);
    assert.ok(ticks > 10, `${ticks} ticks`);
    assert.equal(summary(await ask(validator)), "accepted alice");
    await validator.close?.();
  });
});

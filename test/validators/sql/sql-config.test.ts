/** `type: sql` and `type: http` in config.yaml: defaults, and what is complained about. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { completeHttp, httpSchema } from "../../../src/config/validators/http.ts";
import { completeSql, sqlSchema, type SqlValidatorConfig } from "../../../src/config/validators/sql.ts";

function surroundings() {
  const messages: string[] = [];
  const complain = ({ path, message }: { path: readonly (string | number)[]; message: string }) =>
    void messages.push(`${path.join(".")}: ${message}`);
  return { folder: "/etc/postern", now: new Date(0), complain, messages };
}

function sql(given: object): { config: SqlValidatorConfig; messages: string[] } {
  const around = surroundings();
  const parsed = sqlSchema.parse({ type: "sql", query: "SELECT 1 WHERE :user = ''", ...given });
  return { config: completeSql("staff", parsed, around), messages: around.messages };
}

test("a database on this machine is asked without TLS, any other one with", () => {
  const here = sql({ postgres: { database: "mail", user: "postern" } });
  assert.deepEqual(here.config.database, {
    kind: "postgres",
    host: "127.0.0.1",
    port: 5432,
    socket: undefined,
    database: "mail",
    user: "postern",
    password: undefined,
    tls: undefined,
  });
  const there = sql({ mysql: { host: "db.example.com", database: "mail", user: "postern" } }).config.database;
  assert.deepEqual("port" in there && [there.port, there.tls], [3306, { ca: undefined, verify: true }]);
  const { messages } = sql({ mysql: { host: "db.example.com", database: "mail", user: "postern", tls: "off" } });
  assert.deepEqual(messages, ["validators.staff.mysql.tls: hashes of passwords come from db.example.com in clear"]);
});

test("a file's path is relative to the configuration's folder", () => {
  assert.deepEqual(sql({ sqlite: { path: "accounts.db" } }).config.database, {
    kind: "sqlite",
    path: "/etc/postern/accounts.db",
  });
});

test("no database, two of them and words that are not known are complained about", () => {
  assert.deepEqual(sql({}).messages, ["validators.staff: a validator asks one database"]);
  const both = sql({ sqlite: { path: "x" }, postgres: { database: "mail", user: "postern" } });
  assert.deepEqual(both.messages, ["validators.staff: a validator asks one database"]);
  assert.equal(sqlSchema.safeParse({ type: "sql", query: "x", mechanisms: ["EXTERNAL"] }).success, false);
  assert.equal(sqlSchema.safeParse({ type: "sql", query: "x\0" }).success, false);
  assert.equal(sqlSchema.safeParse({ type: "sql", query: "SELECT 1\n\tFROM t" }).success, true);
});

test("a web service has a mode, and mechanisms that fit it", () => {
  const around = surroundings();
  const parse = (given: object) =>
    completeHttp("web", httpSchema.parse({ type: "http", url: "https://a.example/x", ...given }), around);
  assert.deepEqual(parse({}).work, { mode: "verify", mechanisms: ["PLAIN"] });
  assert.deepEqual(parse({ authentication: { hmac: { key: "s3cret" } } }).authentication?.kind, "hmac");
  assert.deepEqual(around.messages, []);
  parse({ mode: "lookup", mechanisms: ["NTLM", "EXTERNAL"] });
  assert.deepEqual(around.messages, [
    'validators.web.mechanisms.1: EXTERNAL cannot be judged by a service with "mode: lookup"',
  ]);
  const both = { bearer: "x", basic: { user: "u", password: "p" } };
  assert.equal(httpSchema.safeParse({ type: "http", url: "https://a.example/x", authentication: both }).success, false);
  assert.equal(httpSchema.safeParse({ type: "http", url: "http://a.example/x" }).success, false);
  const named = { hmac: { key: "x", keyId: 'a"b' } };
  assert.equal(
    httpSchema.safeParse({ type: "http", url: "https://a.example/x", authentication: named }).success,
    false,
  );
});

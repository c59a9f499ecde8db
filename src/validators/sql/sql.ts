/** Validator `sql`: accounts in PostgreSQL, MySQL, MariaDB or SQLite, found by one configured query; the room accounts judges. */
import type { Account } from "../../accounts/account.ts";
import { judgeByMechanism } from "../../accounts/by-mechanism.ts";
import type { AccountSource, Found, SoughtName } from "../../accounts/source.ts";
import type { Validator } from "../../core/validator.ts";
import type { Unavailable } from "../../core/verdict.ts";
import type { Visit } from "../../core/visit.ts";
import { runWithin } from "../http/deadline.ts";
import { Gate } from "../gate.ts";
import { QueryFailure, type Driver, type DriverOptions } from "./driver.ts";
import { mysqlDriver } from "./drivers/mysql.ts";
import { postgresDriver } from "./drivers/postgres.ts";
import { sqliteDriver } from "./drivers/sqlite.ts";
import type { Database, SqlOptions } from "./options.ts";
import { prepareQuery, ROW_LIMIT, type Parameter } from "./placeholders.ts";
import { accountOfRow, type Row } from "./row.ts";

export type { Database, DatabaseFile, ServerAddress, SqlOptions } from "./options.ts";

const TIMEOUT = 5000;
const CONNECTIONS = 4;
/** So many questions may wait: mail clients come back in crowds after an outage, and each costs about a millisecond. */
const QUEUE = 256;

/** Connects when the first logon comes. Throws Error with a sentence for the administrator about query and database. */
export function sqlValidator(options: SqlOptions): Validator {
  const { name, names, mechanisms, worker, secret } = options;
  const remedy = "the query has to give it as a column";
  return judgeByMechanism(sourceOf(options), mechanisms, { name, names, worker, secret, remedy });
}

function sourceOf({ database, query, timeout = TIMEOUT, connections = CONNECTIONS }: SqlOptions): AccountSource {
  const { text, parameters } = prepareQuery(query, database.kind);
  const driver = driverFor(database, { text, connections, timeout });
  const gate = new Gate(connections, QUEUE);
  const words = {
    late: unavailable(`the database did not answer within ${timeout / 1000} s`),
    full: unavailable("too many questions wait for the database"),
  };
  return {
    find(sought, visit) {
      // MySQL takes "alice " for "alice", and no account's name ends or begins so.
      if (sought.user.trim() !== sought.user) return [];
      const values = parameters.map((parameter) => valueOf(parameter, sought, visit));
      return runWithin<Found>(gate, timeout, () => ask(driver, values), words);
    },
    close: () => driver.close(),
  };
}

function driverFor(database: Database, options: DriverOptions): Driver {
  switch (database.kind) {
    case "postgres":
      return postgresDriver(database, options);
    case "mysql":
      return mysqlDriver(database, options);
    case "sqlite":
      return sqliteDriver(database, options);
  }
}

/** Names are the same in any case, so that one form will do for the query; `:name` is as the client wrote it. */
function valueOf(parameter: Parameter, { name, user, domain }: SoughtName, visit: Visit): string | null {
  switch (parameter) {
    case "user":
      return user.toLowerCase();
    case "domain":
      return domain?.toLowerCase() ?? null;
    case "name":
      return name;
    case "listener":
      return visit.listener;
    case "protocol":
      return visit.protocol;
  }
}

async function ask(driver: Driver, values: readonly (string | null)[]): Promise<Found> {
  try {
    return accountsOf(await driver.query(values));
  } catch (error) {
    if (error instanceof QueryFailure) return unavailable(error.message);
    throw error;
  }
}

/** Two rows for one account are nobody: which of them is meant would be chance. */
function accountsOf(rows: readonly Row[]): Found {
  if (rows.length > ROW_LIMIT) return unavailable(`the query gives more than ${ROW_LIMIT} rows for one name`);
  const accounts = new Map<string, Account>();
  for (const row of rows) {
    const account = accountOfRow(row);
    if (typeof account === "string") return unavailable(`a row cannot be used: ${account}`);
    const { name, domains } = account;
    const key = `${name}\n${domains.join()}`.toLowerCase();
    if (accounts.has(key)) return unavailable(`the query gives two rows for the account ${name}`);
    accounts.set(key, account);
  }
  return [...accounts.values()];
}

function unavailable(why: string): Unavailable {
  return { kind: "unavailable", why };
}

/** MySQL and MariaDB through `mysql2`: a pool, each question as a prepared statement (COM_STMT_EXECUTE). */
import type { Pool, PoolConnection, PoolOptions } from "mysql2/promise";
import { failure, once, QueryFailure, type Driver, type DriverOptions } from "../driver.ts";
import type { ServerAddress } from "../options.ts";
import type { Row } from "../row.ts";

const IDLE = 60_000;

export function mysqlDriver(address: ServerAddress, { text, connections, timeout }: DriverOptions): Driver {
  let [pool, isClosed]: [Pool | undefined, boolean] = [undefined, false];
  const greeted = new WeakSet<object>();
  const opened = once(async () => {
    const { createPool } = await import("mysql2/promise");
    if (isClosed) throw new QueryFailure("the validator is closed");
    pool = createPool(poolOptions(address, connections, timeout));
    return pool;
  });
  const ask = async (connection: PoolConnection, values: readonly (string | null)[]): Promise<readonly Row[]> => {
    const { connection: inner } = connection as unknown as { readonly connection: object };
    if (!greeted.has(inner)) await connection.query(settings(timeout));
    greeted.add(inner);
    const [rows] = await connection.execute(text, [...values]);
    return rows as Row[];
  };
  return {
    async query(values) {
      try {
        const connection = await (await opened()).getConnection();
        return await onConnection(connection, () => ask(connection, values), timeout);
      } catch (error) {
        throw failure(error, isAboutUs);
      }
    },
    async close() {
      isClosed = true;
      await pool?.end();
    },
  };
}

/** A connection whose query has failed or not ended is given up: nobody knows what it would answer next. */
async function onConnection<T>(connection: PoolConnection, work: () => Promise<T>, timeout: number): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new QueryFailure(`no answer within ${timeout / 1000} s`)), timeout);
  });
  try {
    const result = await Promise.race([work(), late]);
    connection.release();
    return result;
  } catch (error) {
    connection.destroy();
    throw error;
  } finally {
    clearTimeout(timer);
  }
}

/** Times come in UTC, and the server ends what takes too long: MariaDB and MySQL each read their own comment. */
function settings(timeout: number): string {
  return (
    `SET SESSION time_zone = '+00:00'` +
    ` /*M!100101 , SESSION max_statement_time = ${timeout / 1000} */ /*!50708 , SESSION max_execution_time = ${timeout} */`
  );
}

function poolOptions(address: ServerAddress, connections: number, timeout: number): PoolOptions {
  const { host, port, socket, database, user, password, tls } = address;
  return {
    ...(socket === undefined ? { host, port } : { socketPath: socket }),
    database,
    user,
    password: password?.reveal() ?? "",
    ...(tls && { ssl: { rejectUnauthorized: tls.verify, ...(tls.ca !== undefined && { ca: tls.ca }) } }),
    charset: "utf8mb4_bin",
    timezone: "Z",
    dateStrings: true,
    connectionLimit: connections,
    maxIdle: connections,
    idleTimeout: IDLE,
    connectTimeout: timeout,
    enableKeepAlive: true,
    multipleStatements: false,
  };
}

const ABOUT_US: ReadonlySet<string> = new Set([
  "ER_ACCESS_DENIED_ERROR",
  "ER_DBACCESS_DENIED_ERROR",
  "ER_TABLEACCESS_DENIED_ERROR",
  "ER_BAD_DB_ERROR",
  "ER_BAD_FIELD_ERROR",
  "ER_NO_SUCH_TABLE",
  "ER_PARSE_ERROR",
  "ER_DUP_FIELDNAME",
]);

function isAboutUs(code: string): boolean {
  return ABOUT_US.has(code);
}

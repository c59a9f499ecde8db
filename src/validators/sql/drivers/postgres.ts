/** PostgreSQL through `pg`: a pool, each question by the extended query protocol (PostgreSQL 55.2.3), text never put together. */
import type { Pool, PoolConfig } from "pg";
import { failure, once, QueryFailure, type Driver, type DriverOptions } from "../driver.ts";
import type { ServerAddress } from "../options.ts";
import type { Row } from "../row.ts";

/** An idle connection is given back after this, in milliseconds. */
const IDLE = 60_000;

export function postgresDriver(address: ServerAddress, { text, connections, timeout }: DriverOptions): Driver {
  let [pool, isClosed]: [Pool | undefined, boolean] = [undefined, false];
  const opened = once(async () => {
    const { default: pg } = await import("pg");
    if (isClosed) throw new QueryFailure("the validator is closed");
    pool = new pg.Pool({ ...poolConfig(address, connections, timeout), types: typesOf(pg.types) });
    // Of idle connections that the server has closed: the pool makes new ones.
    pool.on("error", () => undefined);
    return pool;
  });
  return {
    async query(values) {
      try {
        const ready = await opened();
        return (await ready.query<Row>({ text, values: [...values] })).rows;
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

/** Everything is said: what is left out, `pg` would take from the environment. */
function poolConfig(address: ServerAddress, connections: number, timeout: number): PoolConfig {
  const { host, port, socket, database, user, password, tls } = address;
  return {
    host: socket ?? host,
    port,
    database,
    user,
    password: password?.reveal() ?? "",
    ssl: tls ? { rejectUnauthorized: tls.verify, ...(tls.ca !== undefined && { ca: tls.ca }) } : false,
    max: connections,
    connectionTimeoutMillis: timeout,
    idleTimeoutMillis: IDLE,
    // The server's own limit ends the query there; ours gives the connection up when the server does not answer at all.
    statement_timeout: timeout,
    query_timeout: timeout,
    application_name: "postern",
    keepAlive: true,
    allowExitOnIdle: true,
  };
}

const TIMESTAMP = 1114;
const DATE = 1082;

/** Times without a zone would be read in this machine's zone, days as a midnight there: both stay as they are written. */
function typesOf(types: { getTypeParser(oid: number, format?: "text" | "binary"): unknown }): PoolConfig["types"] {
  const plain = (value: string) => value;
  return {
    getTypeParser: (oid: number, format?: "text" | "binary") =>
      oid === TIMESTAMP || oid === DATE ? plain : types.getTypeParser(oid, format),
  };
}

/** SQLSTATE classes (PostgreSQL appendix A): authorization, no such database, syntax and access. */
function isAboutUs(code: string): boolean {
  return /^(?:28|3D|42)/.test(code);
}

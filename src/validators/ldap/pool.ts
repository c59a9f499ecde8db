/** A few connections that are used by one at a time, to the first server that works; the others wait, bounded. */
import { Gate } from "../gate.ts";
import { openConnection, type Connection } from "./connection.ts";
import { DirectoryFailure, failureOf, resultCode } from "./failure.ts";
import type { LdapServer } from "./options.ts";
import type { Servers } from "./servers.ts";
import { hostPort } from "../../wire/networks.ts";

export interface PoolOptions {
  readonly servers: Servers;
  readonly ca: string | undefined;
  readonly timeout: number;
  readonly size: number;
  readonly queue: number;
  /** Done once with each new connection: the service account's bind. */
  readonly prepare?: ((connection: Connection) => Promise<void>) | undefined;
}

export class Pool {
  readonly #options: PoolOptions;
  readonly #gate: Gate;
  readonly #idle: Connection[] = [];
  readonly #open = new Set<Connection>();
  #isClosed = false;

  constructor(options: PoolOptions) {
    this.#options = options;
    this.#gate = new Gate(options.size, options.queue);
  }

  /**
   * Does `work` on a connection of its own. Rejects as `work` does where the server gave a result that is about the
   * question, else with DirectoryFailure. What a kept connection or a failing server spoils is done once more.
   */
  async use<T>(work: (connection: Connection) => Promise<T>): Promise<T> {
    const isLate = { value: false };
    const done = this.#gate.run(() => (isLate.value ? Promise.reject(LATE) : this.#twice(work)));
    if (done === undefined) throw new DirectoryFailure("too many are waiting for the directory");
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<never>((_, reject) => {
      timer = setTimeout(() => {
        isLate.value = true;
        reject(LATE);
      }, this.#options.timeout * PATIENCE);
    });
    try {
      return await Promise.race([done, late]);
    } finally {
      clearTimeout(timer);
    }
  }

  close(): void {
    this.#isClosed = true;
    for (const connection of this.#open) connection.close();
    this.#open.clear();
    this.#idle.length = 0;
  }

  async #twice<T>(work: (connection: Connection) => Promise<T>): Promise<T> {
    const kept = this.#takeIdle();
    const first = await this.#attempt(kept ?? (await this.#connect()), work, kept !== undefined);
    if (first.kind === "done") return first.value;
    const second = await this.#attempt(await this.#connect(), work, false);
    if (second.kind === "done") return second.value;
    throw second.failure;
  }

  /** Throws what speaks about the question; a failure that another connection may mend is returned. */
  async #attempt<T>(
    connection: Connection,
    work: (connection: Connection) => Promise<T>,
    isKept: boolean,
  ): Promise<Attempt<T>> {
    const { server } = connection;
    try {
      const value = await work(connection);
      this.#giveBack(connection);
      return { kind: "done", value };
    } catch (error) {
      const failure = failureOf(error, hostPort(server));
      const code = resultCode(error);
      if (code !== undefined && !failure.isPassing) {
        this.#giveBack(connection);
        throw error;
      }
      this.#drop(connection);
      if (!failure.isPassing || (code === undefined && !isKept)) {
        if (failure.isPassing) this.#options.servers.fail(server, failure.message);
        throw failure;
      }
      // A kept connection that was closed says nothing about its server; one that is silent does.
      if (code !== undefined || SILENT.test(failure.message)) this.#options.servers.fail(server, failure.message);
      return { kind: "failed", failure };
    }
  }

  #takeIdle(): Connection | undefined {
    for (let connection = this.#idle.pop(); connection; connection = this.#idle.pop()) {
      if (connection.isUsable && !this.#options.servers.isResting(connection.server)) return connection;
      this.#drop(connection);
    }
    return undefined;
  }

  async #connect(): Promise<Connection> {
    const { servers } = this.#options;
    const failures: string[] = [];
    for (const server of servers.candidates()) {
      if (this.#isClosed) break;
      try {
        const connection = await this.#openAt(server);
        servers.succeed(server);
        return connection;
      } catch (error) {
        const failure = failureOf(error, hostPort(server));
        servers.fail(server, failure.message);
        // A service account that is refused is refused everywhere, and each attempt may bring it nearer to being locked.
        if (!failure.isPassing) throw failure;
        failures.push(failure.message);
      }
    }
    throw new DirectoryFailure(failures.join("; ") || servers.lastFailure, false);
  }

  async #openAt(server: LdapServer): Promise<Connection> {
    const connection = await openConnection(server, this.#options);
    this.#open.add(connection);
    try {
      await this.#options.prepare?.(connection);
      if (this.#isClosed) throw new DirectoryFailure("the validator is closed", false);
      return connection;
    } catch (error) {
      this.#drop(connection);
      throw failureOf(error, `${hostPort(server)} refuses the service account`);
    }
  }

  #giveBack(connection: Connection): void {
    if (connection.isUsable && !this.#isClosed) this.#idle.push(connection);
    else this.#drop(connection);
  }

  #drop(connection: Connection): void {
    this.#open.delete(connection);
    connection.close();
  }
}

type Attempt<T> =
  { readonly kind: "done"; readonly value: T } | { readonly kind: "failed"; readonly failure: DirectoryFailure };

const SILENT = /timed out/;
/** Times the limit for one step: a connection, its TLS and bind, the question, and some waiting. */
const PATIENCE = 3;
const LATE = new DirectoryFailure("the directory did not answer in time", false);

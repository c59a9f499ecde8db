/**
 * One domain controller: a few connections with one call at a time each (MS-NRPC 3.3.4.2), those who wait for one, and
 * whether it is worth asking.
 */
import type { NetlogonConnection } from "../../netlogon/netlogon.ts";
import type { Log } from "../file/log.ts";
import type { Machine } from "./machine.ts";
import type { ControllerAddress } from "./options.ts";
import { pauseAfter } from "./pause.ts";
import { Sessions } from "./sessions.ts";
import { WaitingLine } from "./waiting-line.ts";

export interface ControllerSettings {
  readonly machine: Machine;
  readonly connections: number;
  /** Milliseconds for a handshake, and for a connection. */
  readonly connectTimeout: number;
  readonly log: Log;
}

/** No connection was to be had, and nothing was asked. */
export class NoConnection extends Error {
  override readonly name = "NoConnection";
  /** The controller is down, so that another may be asked; else those before us took all the time. */
  readonly isDown: boolean;

  constructor(message: string, isDown: boolean) {
    super(message);
    this.isDown = isDown;
  }
}

interface Outage {
  readonly since: number;
  readonly why: string;
  readonly attempts: number;
}

export class Controller {
  readonly title: string;
  readonly address: ControllerAddress;
  readonly #settings: ControllerSettings;
  readonly #sessions: Sessions;
  readonly #line = new WaitingLine();
  readonly #idle = new Set<NetlogonConnection>();
  /** Connections that are open, and those on their way. */
  #count = 0;
  #opening = 0;
  #outage: Outage | undefined;
  #probe: NodeJS.Timeout | undefined;
  #isClosed = false;

  constructor(title: string, address: ControllerAddress, settings: ControllerSettings) {
    this.title = title;
    this.address = address;
    this.#settings = settings;
    this.#sessions = new Sessions(settings.machine, address, settings.connectTimeout);
  }

  /** Why it is not worth asking now; undefined where it is. It is tried again and again without anybody's asking. */
  get outage(): string | undefined {
    return this.#outage && `${this.title}: ${this.#outage.why}`;
  }

  /** A connection for one call, to be given back. Throws NoConnection after `timeout` milliseconds, or when it goes down. */
  lease(timeout: number): Promise<NetlogonConnection> {
    if (this.outage !== undefined) return Promise.reject(new NoConnection(this.outage, true));
    const [idle] = this.#idle;
    if (idle && this.#idle.delete(idle)) return Promise.resolve(idle);
    const connection = this.#line.wait(timeout, () => new NoConnection(`${this.title} was busy for too long`, false));
    this.#grow();
    return connection;
  }

  release(connection: NetlogonConnection): void {
    if (!connection.isOpen) return; // #lost counts it
    if (this.#outage || this.#isClosed) return connection.close();
    if (!this.#line.serve(connection)) this.#idle.add(connection);
  }

  /** A call was not answered. Opening a connection anew shows whether the controller hangs or only that call did. */
  suspect(): void {
    this.#closeIdle();
  }

  /** It does not take this connection's key any more. */
  renew(connection: NetlogonConnection): void {
    this.#sessions.spoil(connection);
    connection.close();
    this.#closeIdle();
  }

  close(): void {
    this.#isClosed = true;
    clearTimeout(this.#probe);
    this.#closeIdle();
    this.#line.failAll(new NoConnection(`${this.title} is not asked any more`, true));
  }

  #grow(): void {
    while (this.#count < this.#settings.connections && this.#opening < this.#line.length) void this.#open();
  }

  async #open(): Promise<void> {
    this.#count++;
    this.#opening++;
    try {
      this.#add(await this.#sessions.connect());
    } catch (error) {
      this.#count--;
      // Others that were opened at the same moment fail as well.
      if (!this.#outage) this.#goDown(error);
    } finally {
      this.#opening--;
    }
  }

  #add(connection: NetlogonConnection): void {
    void connection.closed.then(() => this.#lost(connection));
    this.release(connection);
  }

  #lost(connection: NetlogonConnection): void {
    this.#count--;
    this.#idle.delete(connection);
    if (!this.#outage && !this.#isClosed) this.#grow();
  }

  #goDown(error: unknown): void {
    if (this.#isClosed) return;
    const why = error instanceof Error ? error.message : String(error);
    const { since = Date.now(), attempts = 0, why: before } = this.#outage ?? {};
    const pause = pauseAfter(error, attempts);
    this.#outage = { since, why, attempts: attempts + 1 };
    const fields = { controller: this.title, error: why, retryIn: pause };
    this.#settings.log(why === before ? "debug" : "warn", "a domain controller cannot be asked", fields);
    this.#sessions.reset();
    this.#closeIdle();
    this.#line.failAll(new NoConnection(`${this.title}: ${why}`, true));
    this.#probe = setTimeout(() => void this.#tryAgain(), pause).unref();
  }

  async #tryAgain(): Promise<void> {
    this.#count++;
    try {
      const connection = await this.#sessions.connect();
      const { since = 0 } = this.#outage ?? {};
      this.#outage = undefined;
      const fields = { controller: this.title, outage: Date.now() - since };
      this.#settings.log("info", "a domain controller can be asked again", fields);
      this.#add(connection);
    } catch (error) {
      this.#count--;
      this.#goDown(error);
    }
  }

  #closeIdle(): void {
    for (const connection of this.#idle) connection.close();
    this.#idle.clear();
  }
}

/**
 * The session with one controller, made when it is needed and made anew when its key is worth nothing any more. Never two
 * handshakes at once: a controller keeps one key for each computer, and the later one would spoil the earlier.
 */
import { NetlogonError } from "../../netlogon/error.ts";
import type { NetlogonConnection, NetlogonSession } from "../../netlogon/netlogon.ts";
import { establish, type Machine } from "./machine.ts";
import type { ControllerAddress } from "./options.ts";

type Session = Promise<NetlogonSession>;

export class Sessions {
  readonly #machine: Machine;
  readonly #address: ControllerAddress;
  readonly #timeout: number;
  readonly #origins = new WeakMap<NetlogonConnection, Session>();
  #current: Session | undefined;

  /** `timeout`: milliseconds for a handshake, and for a connection. */
  constructor(machine: Machine, address: ControllerAddress, timeout: number) {
    this.#machine = machine;
    this.#address = address;
    this.#timeout = timeout;
  }

  /** Another connection. Throws NetlogonError, or Error for our own state file. */
  async connect(): Promise<NetlogonConnection> {
    const current = this.#current;
    if (!current) return this.#open(this.#begin());
    const session = await current;
    try {
      return this.#note(await session.open({ timeout: this.#timeout }), current);
    } catch (error) {
      // After a restart the key is forgotten, and the port may be another.
      this.#forget(current);
      if (error instanceof NetlogonError && error.kind === "timeout") throw error;
    }
    return this.#open(this.#current ?? this.#begin());
  }

  /** The connection's key is not taken any more; no use where a new one is there already. */
  spoil(connection: NetlogonConnection): void {
    const origin = this.#origins.get(connection);
    if (origin) this.#forget(origin);
  }

  reset(): void {
    this.#current = undefined;
  }

  #begin(): Session {
    const session = establish(this.#machine, this.#address, this.#timeout);
    this.#current = session;
    session.catch(() => this.#forget(session));
    return session;
  }

  async #open(session: Session): Promise<NetlogonConnection> {
    return this.#note(await (await session).open({ timeout: this.#timeout }), session);
  }

  #note(connection: NetlogonConnection, session: Session): NetlogonConnection {
    this.#origins.set(connection, session);
    return connection;
  }

  #forget(session: Session): void {
    if (this.#current === session) this.#current = undefined;
  }
}

/** Who waits for a connection, in the order of arrival, each for a limited time. */
import type { NetlogonConnection } from "../../netlogon/netlogon.ts";

interface Waiter {
  readonly take: (connection: NetlogonConnection) => void;
  readonly fail: (error: Error) => void;
}

export class WaitingLine {
  readonly #waiters = new Set<Waiter>();

  get length(): number {
    return this.#waiters.size;
  }

  /** Rejects with `late` after so many milliseconds. */
  wait(timeout: number, late: () => Error): Promise<NetlogonConnection> {
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        this.#waiters.delete(waiter);
        reject(late());
      }, timeout);
      const waiter: Waiter = {
        take: (connection) => (clearTimeout(timer), resolve(connection)),
        fail: (error) => (clearTimeout(timer), reject(error)),
      };
      this.#waiters.add(waiter);
    });
  }

  /** To the first in the line; false where nobody waits. */
  serve(connection: NetlogonConnection): boolean {
    const [first] = this.#waiters;
    if (!first) return false;
    this.#waiters.delete(first);
    first.take(connection);
    return true;
  }

  failAll(error: Error): void {
    for (const waiter of this.#waiters) waiter.fail(error);
    this.#waiters.clear();
  }
}

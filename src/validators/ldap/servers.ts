/** Which servers are worth a try: in the order of the configuration, those that failed a moment ago last or not at all. */
import type { Log } from "../file/log.ts";
import type { LdapServer } from "./options.ts";
import { hostPort } from "../../wire/networks.ts";

/** How long a server is left alone after it has failed, in milliseconds: doubled each time. */
const FIRST_REST = 500;
const LONGEST_REST = 10_000;

interface State {
  failures: number;
  restsUntil: number;
}

export class Servers {
  readonly #servers: readonly LdapServer[];
  readonly #states = new Map<LdapServer, State>();
  readonly #log: (level: "warn" | "info", message: string, server: LdapServer, why?: string) => void;
  #lastFailure = "no server has been asked";

  constructor(servers: readonly LdapServer[], validator: string, log: Log) {
    this.#servers = servers;
    this.#log = (level, message, { host, port }, why) =>
      log(level, message, { validator, server: hostPort({ host, port }), ...(why !== undefined && { why }) });
  }

  /** Empty while all of them rest. */
  candidates(): readonly LdapServer[] {
    return this.#servers.filter((server) => !this.isResting(server));
  }

  isResting(server: LdapServer): boolean {
    return (this.#states.get(server)?.restsUntil ?? 0) > performance.now();
  }

  /** Why the last one that failed did. */
  get lastFailure(): string {
    return `no server is to be had at the moment: ${this.#lastFailure}`;
  }

  fail(server: LdapServer, why: string): void {
    const failures = (this.#states.get(server)?.failures ?? 0) + 1;
    const rest = Math.min(FIRST_REST * 2 ** (failures - 1), LONGEST_REST);
    this.#states.set(server, { failures, restsUntil: performance.now() + rest });
    this.#lastFailure = why;
    if (failures === 1) this.#log("warn", "a directory server fails", server, why);
  }

  succeed(server: LdapServer): void {
    if (!this.#states.delete(server)) return;
    this.#log("info", "a directory server works again", server);
  }
}

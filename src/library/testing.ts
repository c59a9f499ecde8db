/**
 * `postern/testing`: a whole mail world inside a test: POP3, IMAP and SMTP with TLS on loopback, accounts, and everything
 * that clients do as events. Nothing is kept.
 */
import { startSandbox as start, type Sandbox, type SandboxOptions } from "../start-sandbox.ts";
import { EventLog, type EventOf, type SandboxEvent, type SandboxEventKind } from "./testing/events.ts";

export type { PortName, SandboxAccount } from "../start-sandbox.ts";
export type { NtlmMinimum } from "../core/evidence.ts";
export type { EventOf, SandboxEvent, SandboxEventKind, SandboxResult } from "./testing/events.ts";

/** `host` is 127.0.0.1, ports are any free ones and the account is EXAMPLE\alice with password "secret" unless given. */
export type TestSandboxOptions = Partial<
  Omit<SandboxOptions, "ports" | "watcher" | "log"> & { readonly ports: Partial<SandboxOptions["ports"]> }
>;

export interface TestSandbox extends Sandbox {
  readonly host: string;
  /** Everything so far, oldest first; at most 10000. Passwords and responses are not in it. */
  readonly events: readonly SandboxEvent[];
  /**
   * The next event of this kind that was not waited for before, perhaps one that has happened already. Rejects with an
   * Error that lists what did happen, after `timeout` milliseconds (5000).
   */
  next<K extends SandboxEventKind>(
    kind: K,
    options?: { readonly timeout?: number; readonly where?: (event: EventOf<K>) => boolean },
  ): Promise<EventOf<K>>;
}

const HOST = "127.0.0.1";
const ACCOUNTS = [{ user: "alice", domain: "EXAMPLE", password: "secret" }];
const ANY_PORTS: SandboxOptions["ports"] = { pop3: 0, imap: 0, smtp: 0, pop3s: 0, imaps: 0, smtps: 0 };
const PATIENCE = 5000;

/** Starts a sandbox; `close()` it when the test is over. Rejects with the system's error when a port is taken. */
export async function startSandbox(options: TestSandboxOptions = {}): Promise<TestSandbox> {
  const { host = HOST, accounts = ACCOUNTS, policy = "v2", dialect = "auto", ports, ...others } = options;
  const log = new EventLog();
  const settings = {
    host,
    accounts,
    policy,
    dialect,
    ports: { ...ANY_PORTS, ...ports },
    watcher: log.watcher,
    ...others,
  };
  const sandbox = await start(settings);
  return {
    ...sandbox,
    host,
    events: log.events,
    next: (kind, { timeout = PATIENCE, where = () => true } = {}) => log.next(kind, timeout, where),
  };
}

/** A gateway on free loopback ports with accounts written in the test. */
import type { Config } from "../../src/config/config.ts";
import type { Validator } from "../../src/core/validator.ts";
import { Gateway, type GatewayOptions } from "../../src/gateway.ts";
import type { Fields } from "../../src/observe/line.ts";
import type { Level, Log } from "../../src/observe/log.ts";
import { accountsValidator } from "../../src/validators/file/file.ts";
import { configOf, type Pieces } from "./config.ts";
import { dial, type Talker } from "./talker.ts";

export const ACCOUNTS = "alice:{PLAIN}secret\nbob:{PLAIN}Password1\n";

export interface LogLine extends Fields {
  readonly level: Level;
  readonly message: string;
}

/** A log that a test reads. */
export function listLog(): { log: Log; lines: LogLine[] } {
  const lines: LogLine[] = [];
  const log: Log = {
    write: (level, message, fields) => void lines.push({ level, message, ...fields }),
    debugs: false,
    flush: () => Promise.resolve(),
  };
  return { log, lines };
}

export interface RunningGateway {
  readonly gateway: Gateway;
  readonly config: Config;
  /** One line a session, and the rest. */
  readonly lines: readonly LogLine[];
  /** The port of the first listener, or of the one named. */
  port(listener?: string): number;
  dial(listener?: string): Promise<Talker>;
  stop(): Promise<void>;
}

export interface Extras extends Partial<GatewayOptions> {
  readonly accounts?: string;
  readonly validator?: Validator;
}

export async function startGateway(pieces: Pieces, extras: Extras = {}): Promise<RunningGateway> {
  const config = configOf(pieces);
  const { log, lines } = listLog();
  const { accounts = ACCOUNTS, validator, ...options } = extras;
  const judge = (each: Config): Validator =>
    validator ?? accountsValidator({ name: "users", text: accounts, names: each.server.target });
  const validators = (each: Config): Promise<ReadonlyMap<string, Validator>> =>
    Promise.resolve(new Map([["users", judge(each)]]));
  const gateway = await Gateway.start(config, { log, validators, ...options });
  const port = (listener?: string): number => gateway.ports.get(listener ?? config.listeners[0]!.name)!;
  return {
    gateway,
    config,
    lines,
    port,
    dial: (listener) => dial(port(listener)),
    stop: () => gateway.stop(),
  };
}

/** Waits until `holds`, for things that happen a moment after the last byte. Rejects with `what` when they do not. */
export async function eventually(holds: () => boolean, what: string, milliseconds = 5_000): Promise<void> {
  const end = Date.now() + milliseconds;
  while (!holds()) {
    if (Date.now() > end) throw new Error(`not in time: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

/** Postern as its users start it: accounts made by `postern user add`, then `postern serve` with a configuration file. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { stringify } from "yaml";
import { eventually, run, Running } from "./programs.ts";

export const MAIN = fileURLToPath(new URL("../../src/cli/main.js", import.meta.url));

/** Runs a command of Postern's to its end. */
export function postern(args: readonly string[], input?: string): ReturnType<typeof run> {
  return run(process.execPath, [MAIN, ...args], input === undefined ? {} : { input });
}

export interface AccountOptions {
  readonly password: string;
  readonly attributes?: Readonly<Record<string, string>>;
}

/** An account file as `postern user add` writes it; the commands run side by side, as the file's lock allows. */
export async function writeAccounts(path: string, accounts: Readonly<Record<string, AccountOptions>>): Promise<void> {
  const adding = Object.entries(accounts).map(async ([name, { password, attributes = {} }]) => {
    const extra = Object.entries(attributes).flatMap(([key, value]) => ["--attr", `${key}=${value}`]);
    // scrypt: the quickest to make; the hashes have tests of their own.
    const args = [
      "user",
      "add",
      name,
      "--file",
      path,
      "--scheme",
      "scrypt",
      "--password-stdin",
      "--scram-sha-1",
      ...extra,
    ];
    const { code, said } = await postern(args, `${password}\n`);
    if (code !== 0) throw new Error(`postern ${args.join(" ")}: ${said}`);
  });
  await Promise.all(adding);
}

/** A line of Postern's log in JSON. */
export type LogRecord = Readonly<Record<string, string | number | boolean | undefined>>;

export class Gateway {
  readonly configPath: string;
  readonly #process: Running;

  private constructor(configPath: string, environment: Readonly<Record<string, string>>) {
    this.configPath = configPath;
    this.#process = new Running(process.execPath, [MAIN, "serve", configPath], environment);
  }

  /** Resolves when Postern says that it is ready. Rejects with what it said when it ends before. */
  static async start(folder: string, config: object, environment = {}): Promise<Gateway> {
    const configPath = join(folder, "config.yaml");
    writeFileSync(configPath, stringify(config));
    const gateway = new Gateway(configPath, environment);
    await gateway.logged("ready", ({ message }) => message === "ready");
    return gateway;
  }

  get pid(): number {
    return this.#process.pid;
  }

  get exited(): Running["exited"] {
    return this.#process.exited;
  }

  /** All that it has said so far. */
  get said(): string {
    return this.#process.said;
  }

  get records(): LogRecord[] {
    const lines = this.said.split("\n").slice(0, -1);
    return lines.flatMap((line) => (line.startsWith("{") ? [JSON.parse(line) as LogRecord] : []));
  }

  /** The port of a listener, which may be bound to port 0. */
  port(listener: string): number {
    const found = this.records.findLast(
      (record) => record["message"] === "listening" && record["listener"] === listener,
    );
    if (found === undefined) throw new Error(`no listener ${listener}: ${this.said}`);
    return Number(found["port"]);
  }

  /** Waits for a record behind the first `from` ones. */
  logged(what: string, isIt: (record: LogRecord) => boolean, from = 0): Promise<LogRecord> {
    return eventually(`in Postern's log: ${what}`, () => {
      const found = this.records.slice(from).find(isIt);
      if (!found && !this.#process.isAlive) throw new Error(`Postern has ended without "${what}": ${this.said}`);
      return found;
    });
  }

  /** Writes another configuration and has it read. */
  async reload(config: object | string): Promise<void> {
    const from = this.records.length;
    writeFileSync(this.configPath, typeof config === "string" ? config : stringify(config));
    this.kill("SIGHUP");
    await this.logged("reloaded", ({ message }) => /old|again/.test(String(message)), from);
  }

  kill(signal: NodeJS.Signals): void {
    this.#process.kill(signal);
  }

  stop(): Promise<number | NodeJS.Signals> {
    return this.#process.stop();
  }
}

/** `postern serve`: the service. SIGHUP reads the configuration again, SIGTERM and SIGINT let sessions finish. */
import type { Command } from "commander";
import { formatProblem, readConfig, type Config } from "../config/read.ts";
import type { Validator } from "../core/validator.ts";
import { Gateway } from "../gateway.ts";
import { openLog, type Log } from "../observe/log.ts";
import { notify } from "../observe/notify.ts";
import { fileValidator } from "../validators/file/file.ts";

export function registerServe(program: Command): void {
  program
    .command("serve")
    .description("serve the listeners of a configuration")
    .argument("[config]", "the configuration file", "config.yaml")
    .action(serve);
}

async function serve(path: string): Promise<void> {
  const config = read(path, (line) => console.error(line));
  if (!config) {
    process.exitCode = 1;
    return;
  }
  const log = openLog(config.logging);
  surviveFaults(log);
  const gateway = await Gateway.start(config, { log, validators: (each) => makeValidators(each, log) });
  for (const [listener, port] of gateway.ports) log.write("info", "listening", { listener, port });
  log.write("info", "ready", { version: process.version, pid: process.pid });
  notify("READY=1");
  process.on("SIGHUP", () => void reload(path, gateway, log));
  for (const signal of ["SIGTERM", "SIGINT"] as const) process.once(signal, () => void drain(gateway, log));
}

/** Warnings and errors go to `say`; undefined when there is an error. */
function read(path: string, say: (line: string) => void): Config | undefined {
  const { config, problems } = readConfig(path, process.env);
  for (const problem of problems) say(formatProblem(problem));
  return config;
}

async function makeValidators(config: Config, log: Log): Promise<ReadonlyMap<string, Validator>> {
  const names = config.server.target;
  const write = (level: "error" | "warn" | "info" | "debug", message: string, fields: object): void =>
    log.write(level, message, fields as Record<string, string>);
  const made = config.validators.map((each) =>
    fileValidator({ name: each.name, path: each.path, worker: each.worker, names, log: write }),
  );
  return new Map(made.map((validator) => [validator.name, validator]));
}

async function reload(path: string, gateway: Gateway, log: Log): Promise<void> {
  notify(`RELOADING=1\nMONOTONIC_USEC=${process.hrtime.bigint() / 1000n}`);
  try {
    const config = read(path, (problem) => log.write("warn", "configuration", { problem }));
    if (config) await gateway.reload(config);
    log.write(
      config ? "info" : "error",
      config ? "configuration read again" : "configuration has errors: the old one stays in force",
    );
  } catch (error) {
    log.write("error", "reload failed: the old configuration stays in force", { why: (error as Error).message });
  }
  notify("READY=1");
}

async function drain(gateway: Gateway, log: Log): Promise<void> {
  notify("STOPPING=1");
  log.write("info", "stopping", { sessions: gateway.connections });
  await gateway.drain();
  await log.flush();
  process.exit(0);
}

/** What slipped through is a fault of ours in one connection: it is told loudly, and the others live on. */
function surviveFaults(log: Log): void {
  const tell = (fault: unknown): void =>
    log.write("error", "internal fault", { fault: fault instanceof Error ? fault.stack : String(fault) });
  process.on("uncaughtException", tell);
  process.on("unhandledRejection", tell);
}

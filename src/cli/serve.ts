/**
 * `postern serve`: the service. SIGHUP reads the configuration again, SIGTERM and SIGINT let sessions finish; a second
 * one ends them.
 */
import type { Command } from "commander";
import { formatProblem, readConfig, type Config } from "../config/read.ts";
import { Gateway } from "../gateway.ts";
import type { Guard } from "../guard/guard.ts";
import { openGuard, type OpenGuardOptions } from "../guard/open.ts";
import { openLog, type Log } from "../observe/log.ts";
import { notify } from "../observe/notify.ts";
import { collectAfterCrowds } from "./after-crowds.ts";
import { tuneV8 } from "./tune-v8.ts";
import { tooFewFiles } from "./open-files.ts";
import { makeValidators } from "../make-validators.ts";
import { Radar } from "../radar/radar.ts";
import { DEFAULT_CONFIG } from "./configuration.ts";

export function registerServe(program: Command): void {
  program
    .command("serve")
    .description("serve the listeners of a configuration")
    .argument("[config]", "the configuration file", DEFAULT_CONFIG)
    .action(serve);
}

async function serve(path: string): Promise<void> {
  tuneV8();
  const config = read(path, (line) => console.error(line));
  if (!config) {
    process.exitCode = 1;
    return;
  }
  const log = openLog(config.logging);
  surviveFaults(log);
  const starting = start(config, log);
  obeySignals(path, starting, log);
  const { gateway } = await starting;
  collectAfterCrowds(() => gateway.connections);
  warnOfLimits(config, log);
  tellPorts(gateway, new Map(), log);
  log.write("info", "ready", { version: process.version, pid: process.pid });
  tellSystemd("READY=1", log);
}

function warnOfLimits({ limits }: Config, log: Log): void {
  const why = tooFewFiles(limits.connections.total);
  if (why !== undefined) log.write("warn", why);
}

interface Service {
  readonly gateway: Gateway;
  readonly guard: Guard;
}

/** Radar and guard are opened once: they outlive every configuration. */
async function start(config: Config, log: Log): Promise<Service> {
  const warn = (message: string, fields: Readonly<Record<string, string>>): void => log.write("warn", message, fields);
  const radar = config.radar && (await Radar.open({ ...config.radar, path: config.radar.state, warn }));
  const opened = await openGuard({ ...placesOf(config), rules: config.guard, log: log.write.bind(log) });
  const validators = (each: Config) => makeValidators(each, log, opened.guard);
  return { gateway: await Gateway.start(config, { log, radar, guard: opened, validators }), guard: opened.guard };
}

/** A guard that is switched off keeps nothing, and has nobody to let out. */
function placesOf({ guard: { enabled, state, control } }: Config): Pick<OpenGuardOptions, "state" | "control"> {
  return enabled ? { state, control } : { state: undefined, control: undefined };
}

/** From the first moment: a signal that nobody listens for would end the process. Reloads wait for each other. */
function obeySignals(path: string, starting: Promise<Service>, log: Log): void {
  let isStopping = false;
  let last: Promise<unknown> = starting;
  const inTurn = (act: (service: Service) => Promise<void>): void => {
    // Where starting fails there is nothing left to do, and `serve` says why.
    last = last.then(async () => act(await starting)).catch(() => undefined);
  };
  process.on("SIGHUP", () => {
    if (!isStopping) inTurn((service) => reload(path, service, log));
  });
  for (const signal of ["SIGTERM", "SIGINT"] as const) {
    process.on(signal, () => {
      if (isStopping) return stopAtOnce(log);
      isStopping = true;
      inTurn(({ gateway }) => drain(gateway, log));
    });
  }
}

function tellSystemd(state: string, log: Log): void {
  void notify(state, (why) => log.write("warn", "systemd cannot be told how we are", { state, why }));
}

/** `known`: those that were told before. */
function tellPorts({ ports }: Gateway, known: Gateway["ports"], log: Log): void {
  for (const [listener, port] of ports)
    if (known.get(listener) !== port) log.write("info", "listening", { listener, port });
}

/** Warnings and errors go to `say`; undefined when there is an error. */
function read(path: string, say: (line: string) => void): Config | undefined {
  const { config, problems } = readConfig(path, process.env);
  for (const problem of problems) say(formatProblem(problem));
  return config;
}

async function reload(path: string, { gateway, guard }: Service, log: Log): Promise<void> {
  tellSystemd(`RELOADING=1\nMONOTONIC_USEC=${process.hrtime.bigint() / 1000n}`, log);
  const before = gateway.ports;
  try {
    const config = read(path, (problem) => log.write("warn", "configuration", { problem }));
    if (config) {
      await gateway.reload(config);
      guard.configure(config.guard);
      warnOfLimits(config, log);
    }
    tellPorts(gateway, before, log);
    log.write(
      config ? "info" : "error",
      config ? "configuration read again" : "configuration has errors: the old one stays in force",
    );
  } catch (error) {
    log.write("error", "reload failed: the old configuration stays in force", { why: (error as Error).message });
  }
  tellSystemd("READY=1", log);
}

async function drain(gateway: Gateway, log: Log): Promise<void> {
  tellSystemd("STOPPING=1", log);
  log.write("info", "stopping", { sessions: gateway.connections });
  await gateway.drain();
  await log.flush();
  process.exit(0);
}

/** Somebody does not want to wait for the sessions. */
function stopAtOnce(log: Log): void {
  log.write("warn", "stopping at once");
  void log.flush();
  process.exit(1);
}

/** What slipped through is a fault of ours in one connection: it is told loudly, and the others live on. */
function surviveFaults(log: Log): void {
  const tell = (fault: unknown): void =>
    log.write("error", "internal fault", { fault: fault instanceof Error ? fault.stack : String(fault) });
  process.on("uncaughtException", tell);
  process.on("unhandledRejection", tell);
}

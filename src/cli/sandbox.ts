/** `postern sandbox`: everything needed to look at a mail client's logon, in one command; nothing is kept. */
import { InvalidArgumentError, Option, type Command } from "commander";
import type { NtlmMinimum } from "../core/evidence.ts";
import type { Dialect } from "../config/config.ts";
import { startSandbox, type PortName, type Sandbox, type SandboxAccount } from "../start-sandbox.ts";
import { printHelp, printReady, terminalWatcher } from "./sandbox-terminal.ts";
import { jsonReady, jsonWatcher } from "./sandbox-json.ts";

interface SandboxFlags extends Record<PortName, number> {
  readonly host: string;
  readonly user: readonly SandboxAccount[];
  readonly policy: NtlmMinimum;
  readonly dialect: Dialect;
  readonly json?: true;
  readonly quiet?: true;
}

const DEMO: SandboxAccount = { user: "alice", domain: "EXAMPLE", password: "Password1" };
const DEFAULT_PORTS: Readonly<Record<PortName, number>> = {
  pop3: 1110,
  imap: 1143,
  smtp: 1587,
  pop3s: 1995,
  imaps: 1993,
  smtps: 1465,
};

export function registerSandbox(program: Command): void {
  const command = program
    .command("sandbox")
    .description("gateway, mailboxes, certificate and a demo account in one process, to look at a client's logon")
    .option("--host <address>", "address to listen on", "127.0.0.1");
  for (const [name, port] of Object.entries(DEFAULT_PORTS))
    command.option(`--${name} <port>`, "port (0 = any)", toPort, port);
  command
    .option(
      "--user <DOMAIN\\name:password>",
      "account, instead of EXAMPLE\\alice:Password1 (repeatable)",
      toAccounts,
      [],
    )
    .addOption(
      new Option("--policy <minimum>", "weakest NTLM response to accept")
        .choices(["v2", "v1-ess", "v1", "lm"])
        .default("v1"),
    )
    .addOption(
      new Option("--dialect <dialect>", "form of the replies").choices(["auto", "rfc", "exchange"]).default("auto"),
    )
    .option("--json", "the ready line and all events as JSON lines")
    .option("--quiet", "only verdicts, no dialogues")
    .action(sandbox);
}

async function sandbox(flags: SandboxFlags): Promise<void> {
  const { host, policy, dialect, json, quiet } = flags;
  const accounts = flags.user.length > 0 ? flags.user : [DEMO];
  const watcher = json ? jsonWatcher() : terminalWatcher({ quiet: quiet === true });
  const ports = Object.fromEntries(
    (Object.keys(DEFAULT_PORTS) as PortName[]).map((name) => [name, flags[name]]),
  ) as Record<PortName, number>;
  const running = await startSandbox({ host, ports, accounts, policy, dialect, watcher });
  if (json) jsonReady(running, host);
  else {
    printReady(running, host);
    if (!quiet) printHelp(running, host, policy);
  }
  for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => void end(running, json === true));
}

async function end(running: Sandbox, json: boolean): Promise<void> {
  if (!json) console.log("\nThe sandbox is closed, its mail is gone.");
  await running.close();
  process.exit(0);
}

function toPort(text: string): number {
  const port = /^\d{1,5}$/.test(text) ? Number(text) : 65536;
  if (port > 65535) throw new InvalidArgumentError("A port is a number from 0 to 65535.");
  return port;
}

function toAccounts(text: string, before: readonly SandboxAccount[]): readonly SandboxAccount[] {
  const [, domain = DEMO.domain, user = "", password = ""] = /^(?:([^\\:]+)\\)?([^\\:]+):(.+)$/s.exec(text) ?? [];
  if (user === "") throw new InvalidArgumentError("An account looks like 'EXAMPLE\\alice:Password1'.");
  if (before.some((each) => each.user.toLowerCase() === user.toLowerCase()))
    throw new InvalidArgumentError(`${user} is there already.`);
  return [...before, { domain, user, password }];
}

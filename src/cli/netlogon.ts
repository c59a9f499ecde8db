/** `postern netlogon ...`: our machine account in a Windows domain: joining, trying it, changing its password. */
import type { Command } from "commander";
import { join } from "./netlogon/join.ts";
import { rotate } from "./netlogon/rotate.ts";
import { tryOut } from "./netlogon/try-out.ts";

const FROM_CONFIG = `
The domain, the computer and the state file are those of a validator of type netlogon in the configuration; options that are
given count instead. With --domain, --dns-domain, --computer and --state no configuration is needed.

Exit codes: 0 done, 1 not done or the answer is no, 2 used wrongly.`;

const JOIN_HELP = `
With an administrator's password, over LDAPS: the account is made, or with --reset given a new password.
  postern netlogon join --admin Administrator
With an account that somebody has prepared, and its first password on standard input; it is changed at once:
  postern netlogon join --prepared --password-stdin
${FROM_CONFIG}`;

export function registerNetlogon(program: Command): void {
  const netlogon = program
    .command("netlogon")
    .description("our machine account in a Windows domain: join, test, rotate");
  const verb = (name: string, description: string) =>
    netlogon
      .command(name)
      .description(description)
      .option("--config <file>", "the configuration file (default: config.yaml)")
      .option("--validator <name>", "which of its validators")
      .option("--domain <name>", "NetBIOS name of the domain")
      .option("--dns-domain <name>", "DNS name of the domain")
      .option("--computer <name>", "our machine account, without the dollar sign")
      .option("--state <file>", "the file with the machine password")
      .option("--controller <host>", "a domain controller (default: by DNS); may be repeated", collect, [])
      .option("--name-server <address>", "whom to ask for them; may be repeated", collect, [])
      .option("--json", "as JSON");
  verb("join", "make or take over the machine account, and write the state file")
    .option("--admin <name>", "who may make computer accounts: Administrator, EXAMPLE\\admin or admin@example.com")
    .option("--prepared", "the account is there already, and its password is asked for")
    .option("--password-stdin", "read the password from standard input")
    .option("--reset", "the account is there already: give it a new password")
    .option("--container <dn>", "where a new account goes (default: CN=Computers and the domain)")
    .option("--ca <file>", "PEM file with the authority of the domain controllers' certificates")
    .addHelpText("after", JOIN_HELP)
    .action(join);
  verb("test", "try each domain controller step by step, and with a user's name a logon")
    .argument("[user]", "whose password is asked for and tried once")
    .option("--password-stdin", "read the password from standard input")
    .addHelpText("after", FROM_CONFIG)
    .action(tryOut);
  verb("rotate", "change the machine password now").addHelpText("after", FROM_CONFIG).action(rotate);
}

function collect(value: string, before: readonly string[]): readonly string[] {
  return [...before, value];
}

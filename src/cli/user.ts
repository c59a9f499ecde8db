/** `postern user ...`: the accounts of a validator of type file. */
import { Option, type Command } from "commander";
import { MAKEABLE } from "../accounts/hashes/hashes.ts";
import { add, passwd, remove, setDisabled } from "./user/change.ts";
import { list, verify } from "./user/look.ts";

export function registerUser(program: Command): void {
  const user = program.command("user").description("the accounts in a file: add, change, list, try");
  const verb = (name: string, description: string) =>
    user
      .command(name)
      .description(description)
      .option("--file <path>", "the account file")
      .option("--config <path>", "take the account file from this configuration (default: config.yaml)")
      .option("--validator <name>", "which of the configuration's validators");
  withPassword(verb("add <name>", "add an account: alice, or alice@example.com"))
    .option("--domain <name>", "the domain that clients may name with the account")
    .option("--mailbox <name>", "the mailbox to open at the backend (default: the account's name)")
    .option("--group <name>", "a group; may be repeated", collect, [])
    .option("--cert <rule>", "who logs on by certificate: sha256:HEX, or email; may be repeated", collect, [])
    .option("--attr <key=value>", "an attribute for backend names such as {attr.key}; may be repeated", collect, [])
    .action(add);
  withPassword(verb("passwd <name>", "set a new password")).action(passwd);
  verb("disable <name>", "refuse the account, and say so to who knows its password").action(setDisabled(true));
  verb("enable <name>", "let a disabled account log on again").action(setDisabled(false));
  verb("remove <name>", "remove an account").action(remove);
  verb("list", "list the accounts and the mechanisms that each can use, without their secrets")
    .option("--json", "as JSON")
    .action(list);
  verb("verify <name>", "try a password; the exit code is 0 if it is right, 1 if not")
    .option("--password-stdin", "read the password from standard input")
    .action(verify);
}

function withPassword(command: Command): Command {
  const schemes = Object.keys(MAKEABLE);
  return command
    .option("--password-stdin", "read the password from standard input")
    .option("--no-nt", "store no NT hash: safer if the file is stolen, but the account cannot use NTLM")
    .option("--no-scram", "store no keys for SCRAM: the account cannot use SCRAM-SHA-256")
    .option("--scram-sha-1", "store keys for SCRAM-SHA-1 as well, for clients that know no better")
    .option("--cram-md5", "store the password itself, which CRAM-MD5 needs; whoever reads the file has it")
    .addOption(new Option("--scheme <name>", "how the password is hashed").choices(schemes).default("argon2id"));
}

function collect(value: string, before: readonly string[]): readonly string[] {
  return [...before, value];
}

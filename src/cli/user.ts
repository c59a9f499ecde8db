/** `postern user ...`: the accounts of a validator of type file. */
import { Option, type Command } from "commander";
import { MAKEABLE } from "../accounts/hashes/hashes.ts";
import { addAppPassword, listAppPasswords, revokeAppPassword } from "./user/app-password.ts";
import { add, passwd, remove, set, setDisabled } from "./user/change.ts";
import { list } from "./user/list.ts";
import { verify } from "./user/verify.ts";
import { collect, withWords } from "./user/words.ts";

export function registerUser(program: Command): void {
  const user = program.command("user").description("the accounts in a file: add, change, list, try");
  const verb = (name: string, description: string) => withFile(user.command(name).description(description));
  withWords(withPassword(verb("add <name>", "add an account: alice, or alice@example.com"))).action(add);
  withWords(verb("set <name>", "change what is said of an account: names, groups, when and where it may log on"))
    .option("--clear <field>", "remove a field, such as expires or an attribute; may be repeated", collect, [])
    .action(set);
  withPassword(verb("passwd <name>", "set a new password")).action(passwd);
  verb("disable <name>", "refuse the account, and say so to who knows its password").action(setDisabled(true));
  verb("enable <name>", "let a disabled account log on again").action(setDisabled(false));
  verb("remove <name>", "remove an account").action(remove);
  verb("list", "list the accounts, their state and the mechanisms that each can use, without their secrets")
    .option("--json", "as JSON")
    .action(list);
  verb("verify <name>", "try a password; the exit code is 0 if it is right and the account may log on, 1 if not")
    .option("--password-stdin", "read the password from standard input")
    .option("--listener <name>", "as at this listener (default: one that the account may use)")
    .option("--address <ip>", "as from this address, which app passwords may ask for", "127.0.0.1")
    .option("--workstation <name>", "as from an NTLM client that names this workstation")
    .action(verify);
  registerAppPassword(user);
}

function registerAppPassword(user: Command): void {
  const app = user.command("app-password").description("further passwords of an account, each for one program");
  const verb = (name: string, description: string) => withFile(app.command(name).description(description));
  verb("add <account> <name>", "make one and print it, this once")
    .option("--listeners <names>", "the only listeners that it is good for, parted by commas")
    .option("--networks <networks>", "the only networks that it is good from: 10.0.0.0/8,2001:db8::/32")
    .option("--expires <time>", "until when it is good: 2026-12-31, or 2026-12-31T18:00Z")
    .action(addAppPassword);
  verb("list <account>", "list an account's app passwords, without the passwords")
    .option("--json", "as JSON")
    .action(listAppPasswords);
  verb("revoke <account> <name>", "remove one").action(revokeAppPassword);
}

function withFile(command: Command): Command {
  return command
    .option("--file <path>", "the account file")
    .option("--config <path>", "take the account file from this configuration (default: config.yaml)")
    .option("--validator <name>", "which of the configuration's validators");
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

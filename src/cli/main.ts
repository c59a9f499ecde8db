#!/usr/bin/env node
/** The command `postern`: each verb in a file of its own. Exit codes: 0 done, 1 the answer is no, 2 used wrongly. */
import { readFileSync } from "node:fs";
import { Command } from "commander";
import { registerCheck } from "./check.ts";
import { registerDecode } from "./decode.ts";
import { registerExplain } from "./explain.ts";
import { registerNetlogon } from "./netlogon.ts";
import { registerPolicy } from "./policy.ts";
import { loadRadarSource } from "./radar-source.ts";
import { registerRadar } from "./radar.ts";
import { registerSandbox } from "./sandbox.ts";
import { registerServe } from "./serve.ts";
import { registerUnlock } from "./unlock.ts";
import { registerUser } from "./user.ts";

const USAGE = 2;

const { version } = JSON.parse(readFileSync(new URL("../../../package.json", import.meta.url), "utf8")) as {
  version: string;
};

const program = new Command("postern")
  .description(
    "Authentication gateway for mail: any client's logon (NTLM/SPA, PLAIN, LOGIN) in front of any POP3, IMAP or SMTP server.",
  )
  .version(version)
  .showHelpAfterError("(postern --help lists the commands)")
  .exitOverride((error) => process.exit(error.exitCode === 0 ? 0 : USAGE));

registerServe(program);
registerCheck(program);
registerSandbox(program);
registerDecode(program);
registerUser(program);
registerPolicy(program);
registerExplain(program);
registerNetlogon(program);
registerUnlock(program);
registerRadar(program, loadRadarSource);

await program.parseAsync().catch((error: unknown) => {
  console.error(`postern: ${error instanceof Error ? error.message : String(error)}`);
  process.exitCode = 1;
});

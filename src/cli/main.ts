#!/usr/bin/env node
/** The command `postern`: each verb in a file of its own. Exit codes: 0 done, 1 the answer is no, 2 used wrongly. */
import { readFileSync } from "node:fs";
import { Command } from "commander";

const USAGE = 2;

/** Only what is run is loaded: all of it together takes three times as long as most commands do. */
const COMMANDS: Readonly<Record<string, () => Promise<(program: Command) => void>>> = {
  serve: async () => (await import("./serve.ts")).registerServe,
  check: async () => (await import("./check.ts")).registerCheck,
  sandbox: async () => (await import("./sandbox.ts")).registerSandbox,
  decode: async () => (await import("./decode.ts")).registerDecode,
  user: async () => (await import("./user.ts")).registerUser,
  policy: async () => (await import("./policy.ts")).registerPolicy,
  explain: async () => (await import("./explain.ts")).registerExplain,
  netlogon: async () => (await import("./netlogon.ts")).registerNetlogon,
  unlock: async () => (await import("./unlock.ts")).registerUnlock,
  radar: async () => {
    const [{ registerRadar }, { loadRadarSource }] = await Promise.all([
      import("./radar.ts"),
      import("./radar-source.ts"),
    ]);
    return (program) => registerRadar(program, loadRadarSource);
  },
};

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

const [verb = ""] = process.argv.slice(2);
const load = Object.hasOwn(COMMANDS, verb) ? [COMMANDS[verb]!] : Object.values(COMMANDS);
for (const register of await Promise.all(load.map((each) => each()))) register(program);

await program.parseAsync().catch((error: unknown) => {
  console.error(`postern: ${error instanceof Error ? error.message : String(error)}`);
  process.exitCode = 1;
});

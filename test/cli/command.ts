/** Runs one command of the CLI as a process of its own, without the others. */
import { spawn } from "node:child_process";

export interface Outcome {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** `module` exports `register`, and the program is set up as main.ts does it. */
export function runCommand(
  module: string,
  register: string,
  cwd: string,
  args: readonly string[],
  input = "",
): Promise<Outcome> {
  const url = new URL(`../../src/cli/${module}`, import.meta.url).href;
  const program = `
    import { Command } from ${JSON.stringify(import.meta.resolve("commander"))};
    import { ${register} } from ${JSON.stringify(url)};
    const program = new Command("postern").exitOverride((error) => process.exit(error.exitCode === 0 ? 0 : 2));
    ${register}(program);
    await program.parseAsync(${JSON.stringify(args)}, { from: "user" }).catch((error) => {
      console.error("postern: " + error.message);
      process.exitCode = 1;
    });`;
  const child = spawn(process.execPath, ["--input-type=module", "-e", program], { cwd, timeout: 30_000 });
  child.stdin.end(input);
  let [stdout, stderr] = ["", ""];
  child.stdout.setEncoding("utf8").on("data", (text: string) => (stdout += text));
  child.stderr.setEncoding("utf8").on("data", (text: string) => (stderr += text));
  return new Promise((resolve) => child.on("close", (code) => resolve({ code, stdout, stderr })));
}

/** `postern check`: every problem of a configuration with its line and column, or what it would serve. */
import type { Command } from "commander";
import { jsonSchemaText } from "../config/json-schema.ts";
import { formatProblem, readConfig, type Config, type Problem } from "../config/read.ts";
import { inspectStore } from "../validators/file/inspect.ts";
import { fileValidators, inWords, summarise } from "./check/summary.ts";
import { DEFAULT_CONFIG } from "./configuration.ts";

export function registerCheck(program: Command): void {
  program
    .command("check")
    .description("check a configuration and its account files, and say what would be served")
    .argument("[config]", "the configuration file", DEFAULT_CONFIG)
    .option("--json", "problems and summary as JSON")
    .option("--schema", "print the JSON Schema of config.yaml instead")
    .action(check);
}

function check(path: string, { json, schema }: { readonly json?: true; readonly schema?: true }): void {
  if (schema) return void process.stdout.write(jsonSchemaText());
  const { config, problems: found } = readConfig(path, process.env);
  const problems = [...found, ...(config ? accountProblems(config) : [])];
  const isRight = problems.every(({ severity }) => severity === "warning");
  process.exitCode = isRight ? 0 : 1;
  const summary = config && summarise(config);
  if (json) return console.log(JSON.stringify({ ok: isRight, problems, ...(summary && { summary }) }, undefined, 2));
  for (const problem of problems) console.error(formatProblem(problem));
  if (isRight && summary) console.log([`${path} is right.`, ...inWords(summary)].join("\n"));
}

function accountProblems(config: Config): Problem[] {
  return fileValidators(config).flatMap(({ path }) =>
    inspectStore(path).problems.map(({ line, message, severity }) => ({
      ...{ file: path, line: Math.max(line, 1), column: 1, path: "" },
      ...{ message, remedy: "", severity },
    })),
  );
}

/** The configuration that a command is about. */
import { existsSync } from "node:fs";
import type { Command } from "commander";
import type { Config } from "../config/config.ts";

export const DEFAULT_CONFIG = "config.yaml";

/** Of the folder where the command runs; undefined: there is none. */
export function defaultConfig(): string | undefined {
  return existsSync(DEFAULT_CONFIG) ? DEFAULT_CONFIG : undefined;
}

/** Ends the command with a usage error where it cannot be used. */
export async function usableConfig(path: string, command: Command): Promise<Config> {
  // Half of the time that some commands take would go into loading what they mostly do not need.
  const { formatProblem, readConfig } = await import("../config/read.ts");
  const { config, problems } = readConfig(path, process.env);
  if (config) return config;
  const lines = [...problems.map(formatProblem), `${path} cannot be used: mend it, then ask again`];
  return command.error(lines.join("\n"), { exitCode: 2 });
}

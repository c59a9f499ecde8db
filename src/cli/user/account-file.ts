/** Which account file a `postern user` command means. */
import type { Command } from "commander";
import { defaultConfig } from "../configuration.ts";

export interface FileOptions {
  readonly file?: string;
  readonly config?: string;
  readonly validator?: string;
}

/** Ends the command with a usage error where it is not clear which file is meant. */
export async function accountFile({ file, config, validator }: FileOptions, command: Command): Promise<string> {
  if (file !== undefined) return file;
  const where = config ?? defaultConfig();
  if (where === undefined) return command.error("error: give --file, or --config with a configuration");
  // Half of the time that these commands take would go into loading what most of them do not need.
  const { readAccountFiles } = await import("../../config/read.ts");
  const files = readAccountFiles(where, process.env);
  const fitting = files.filter(({ name }) => validator === undefined || name === validator);
  const [only, ...others] = fitting;
  if (only === undefined)
    return command.error(`error: ${where} has no validator ${validator ?? ""} of type file`.replace("  ", " "));
  const names = fitting.map(({ name }) => name).join(", ");
  if (others.length > 0)
    command.error(`error: ${where} has several account files: give --validator with one of ${names}`);
  return only.path;
}

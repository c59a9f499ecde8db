/** What `postern unlock` needs of a configuration: where the gateway's socket is. */
import { formatProblem, readConfig } from "../../config/read.ts";

export interface GuardSource {
  /** undefined: the configuration has none. */
  readonly control: string | undefined;
}

/** Throws with a message for the operator when the configuration cannot be read. */
export type LoadGuardSource = (configPath: string) => GuardSource;

export const loadGuardSource: LoadGuardSource = (path) => {
  const { config, problems } = readConfig(path, process.env);
  if (!config) throw new Error(problems.map(formatProblem).join("\n"));
  return { control: config.guard.control };
};

/** What `postern radar` needs of a configuration: where the state is, and which target names are ours. */
import { formatProblem, readConfig } from "../config/read.ts";
import { listenerPolicyOf } from "../listener-policy.ts";
import { isOurs as isOurTarget } from "../ntlm/target-name.ts";
import { policyOf } from "../policy/demands.ts";
import type { RadarSource } from "./radar.ts";

/** Throws Error with the problems when the configuration cannot be read. */
export function loadRadarSource(path: string): RadarSource {
  const { config, problems } = readConfig(path, process.env);
  if (!config) throw new Error(problems.map(formatProblem).join("\n"));
  const targets = new Map(
    config.listeners.map((listener) => [listener.name, policyOf(listenerPolicyOf(config, listener)).targets]),
  );
  const isOurs = (listener: string, target: string): boolean => {
    const own = targets.get(listener);
    return own !== undefined && isOurTarget(target, own);
  };
  return { state: config.radar?.state, isOurs };
}

/** Who judges a listener's clients: its own validator, or the one that the domain of the client's name leads to. */
import { rulesFor } from "./access/listener-rules.ts";
import { routedByDomain } from "./access/routed.ts";
import type { Config, ListenerConfig } from "./config/config.ts";
import type { Validator } from "./core/validator.ts";

export function listenerJudge(
  { identity }: Config,
  listener: ListenerConfig,
  validators: ReadonlyMap<string, Validator>,
): Validator {
  return routedByDomain(validators, rulesFor(identity, listener), validators.get(listener.validator)!);
}

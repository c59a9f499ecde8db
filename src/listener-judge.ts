/** Who judges a listener's clients: its own validator, or the one that the domain of the client's name leads to. */
import { rulesFor } from "./access/listener-rules.ts";
import { routedByDomain } from "./access/routed.ts";
import type { Config, ListenerConfig } from "./config/config.ts";
import type { Validator } from "./core/validator.ts";
import type { Log } from "./observe/log.ts";

export function listenerJudge(
  { identity }: Config,
  listener: ListenerConfig,
  validators: ReadonlyMap<string, Validator>,
  log: Log,
): Validator {
  const warn = (why: string): void => log.write("warn", why, { listener: listener.name });
  return routedByDomain(validators, rulesFor(identity, listener), validators.get(listener.validator)!, warn);
}

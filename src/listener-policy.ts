/** From the configuration's words to the policy room's: what a listener demands of NTLM, and the names it answers to. */
import type { Config, ListenerConfig } from "./config/config.ts";
import type { PolicyListener, SitePolicy } from "./policy/words.ts";

export function listenerPolicyOf({ server, tls }: Config, { name, protocol, ntlm }: ListenerConfig): PolicyListener {
  const { netbiosComputer, dnsComputer } = server.target;
  const hosts = [server.name, netbiosComputer, dnsComputer ?? server.name, ...tls.flatMap(({ names }) => names)];
  return { name, protocol, ntlm, hosts: [...new Set(hosts.map((host) => host.toLowerCase()))] };
}

/** Rules and exceptions, for all listeners. */
export function sitePolicyOf({ policy }: Config): SitePolicy {
  return policy;
}

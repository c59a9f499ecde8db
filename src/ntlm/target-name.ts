/** The service that a client means to log on to, MsvAvTargetName in MS-NLMP 2.2.2.1: `class/host[:port][/name]`. */

/** What a server answers to, in any case. */
export interface Targets {
  /** Service classes: "imap", "IMAP4", "host" ... */
  readonly services: readonly string[];
  /** Names and addresses; `*.example.com` stands for one label, as in certificates. */
  readonly hosts: readonly string[];
}

export interface ServicePrincipalName {
  /** Both in lower case; an address in brackets without them. */
  readonly service: string;
  readonly host: string;
}

/** undefined for what is no service principal name. */
export function parseServicePrincipalName(text: string): ServicePrincipalName | undefined {
  const [service = "", instance = ""] = text.toLowerCase().split("/", 2);
  const host = instance.startsWith("[") ? instance.slice(1, instance.indexOf("]")) : withoutPort(instance);
  return service === "" || host === "" ? undefined : { service, host: withoutDot(host) };
}

export function isOurs(targetName: string, { services, hosts }: Targets): boolean {
  const name = parseServicePrincipalName(targetName);
  if (!name) return false;
  const isService = services.some((service) => service.toLowerCase() === name.service);
  return isService && hosts.some((host) => isHost(name.host, withoutDot(host.toLowerCase())));
}

function isHost(host: string, ours: string): boolean {
  if (!ours.startsWith("*.")) return host === ours;
  const dot = host.indexOf(".");
  return dot > 0 && host.slice(dot) === ours.slice(1);
}

/** One colon is a port's; a bare IPv6 address has more. */
function withoutPort(instance: string): string {
  const colon = instance.indexOf(":");
  return colon >= 0 && colon === instance.lastIndexOf(":") ? instance.slice(0, colon) : instance;
}

/** `mail.example.com.`, the absolute form, is the same host. */
function withoutDot(host: string): string {
  return host.endsWith(".") ? host.slice(0, -1) : host;
}

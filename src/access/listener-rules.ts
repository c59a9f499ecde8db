/** Identity rules as one listener sees them: its domains under all their names, its defaults, its aliases. */
import { domainToASCII } from "node:url";
import type { TargetNames } from "../core/validator.ts";
import type { Alias, DomainRule, IdentityRules } from "./rules.ts";

export interface ListenerRules {
  /** The validator of the listener itself. */
  readonly own: string;
  readonly domains: readonly DomainRule[];
  readonly defaultDomain: DomainRule | undefined;
  readonly mailbox: string | undefined;
  readonly refusesUnknown: boolean;
  readonly aliases: readonly Alias[];
  /** The domain that has this name; the name's case, a final dot and its alphabet (IDNA) do not matter. */
  readonly domainNamed: (name: string) => DomainRule | undefined;
}

/** Compiles what holds at this listener. */
export function rulesFor(
  rules: IdentityRules,
  listener: { readonly name: string; readonly validator: string },
): ListenerRules {
  const isHere = ({ listeners }: Pick<DomainRule, "listeners">) => !listeners || listeners.includes(listener.name);
  const domains = rules.domains.filter(isHere);
  const byName = new Map(domains.flatMap((domain) => namesOf(domain).map((name) => [domainKey(name), domain])));
  const here = Object.hasOwn(rules.listeners, listener.name) ? rules.listeners[listener.name] : undefined;
  const defaultDomain = here?.defaultDomain ?? rules.defaultDomain;
  return {
    own: listener.validator,
    domains,
    defaultDomain: defaultDomain === undefined ? undefined : byName.get(domainKey(defaultDomain)),
    mailbox: here?.mailbox ?? rules.mailbox,
    refusesUnknown: (here?.unknownDomains ?? rules.unknownDomains) === "refuse",
    aliases: rules.aliases.filter(isHere),
    domainNamed: (name) => byName.get(domainKey(name)),
  };
}

/** All its names, the NetBIOS name first. */
export function namesOf({ netbios, dns }: DomainRule): string[] {
  return [...(netbios === undefined ? [] : [netbios]), ...dns];
}

/** The one name under which rules, logs and templates know the domain: the NetBIOS name, else the first DNS name. */
export function canonicalName(domain: DomainRule): string {
  return namesOf(domain)[0] ?? "";
}

/** Who judges the domain's users here. */
export function validatorOf({ validator }: DomainRule, { own }: Pick<ListenerRules, "own">): string {
  return validator ?? own;
}

/** Whether a client may have this from the CHALLENGE, as libntlm and Cyrus do whatever the user typed. */
export function isTargetName(name: string, shown: TargetNames | undefined): boolean {
  const { netbiosDomain, netbiosComputer, dnsDomain, dnsComputer } = shown ?? {};
  const wanted = domainKey(name);
  return [netbiosDomain, netbiosComputer, dnsDomain, dnsComputer].some(
    (each) => each !== undefined && domainKey(each) === wanted,
  );
}

/** Letters beyond ASCII; anything that an address could hold beside letters is no business of IDNA's here. */
const INTERNATIONAL = /^(?=.*[^\x00-\x7f])[\p{L}\p{M}\p{N}.-]+$/u;

function domainKey(name: string): string {
  const bare = name.endsWith(".") ? name.slice(0, -1) : name;
  return (INTERNATIONAL.test(bare) && domainToASCII(bare)) || bare.toLowerCase();
}

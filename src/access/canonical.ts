/**
 * What comes after the verdict: the account's domain under its canonical name, and the mailbox that the rules name. A
 * validator that only a domain's rule leads to speaks for its own domains, and for no other.
 */
import type { Identity } from "../core/identity.ts";
import type { Denied, Unavailable } from "../core/verdict.ts";
import { canonicalName, namesOf, validatorOf, type ListenerRules } from "./listener-rules.ts";
import { dnsDomainOf } from "./resolve.ts";
import type { DomainRule } from "./rules.ts";
import { fillMailbox } from "./template.ts";

/** `validator` has accepted this identity. */
export function canonicalIdentity(
  identity: Identity,
  validator: string,
  rules: ListenerRules,
): Identity | Denied | Unavailable {
  const rule = ruleAbout(identity, validator, rules);
  const refusal = validator === rules.own ? undefined : overreach(identity, rule, validator, rules);
  if (refusal !== undefined) return refusal;
  const domain = rule === undefined ? identity.domain : canonicalName(rule);
  const known: Identity = {
    ...identity,
    ...(domain !== undefined && { domain }),
    ...(rule !== undefined && { domainNames: namesOf(rule) }),
  };
  const template = rule?.mailbox ?? rules.mailbox;
  if (template === undefined) return known;
  const filled = fillMailbox(template, known, dnsDomainOf(rule, domain));
  return "why" in filled ? { kind: "unavailable", why: filled.why } : { ...known, mailbox: filled.mailbox };
}

/** The domain is the validator's word. Where it says none, it can only be one if the validator judges only one. */
function ruleAbout({ domain }: Identity, validator: string, rules: ListenerRules): DomainRule | undefined {
  if (domain !== undefined && domain !== "") return rules.domainNamed(domain);
  const [only, ...others] = domainsOf(validator, rules);
  return others.length === 0 ? only : undefined;
}

function domainsOf(validator: string, rules: ListenerRules): DomainRule[] {
  return rules.domains.filter((rule) => validatorOf(rule, rules) === validator);
}

function overreach(
  { user, domain }: Identity,
  rule: DomainRule | undefined,
  validator: string,
  rules: ListenerRules,
): Denied | Unavailable | undefined {
  if (rule !== undefined && validatorOf(rule, rules) === validator) return undefined;
  const own = domainsOf(validator, rules).map(canonicalName).join(", ");
  if (domain === undefined || domain === "")
    return { kind: "unavailable", why: `validator ${validator} does not say which of ${own} the account is in` };
  const why = `validator ${validator} vouches for somebody of ${domain}, but identity.domains gives it only ${own}`;
  return { kind: "denied", reason: "not-authorized", why, user };
}

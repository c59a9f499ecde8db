/**
 * Who is meant by a name as clients send it: `EXAMPLE\alice`, `alice@example.com`, `alice`, with or without NTLM's domain
 * beside it (MS-NLMP 2.2.1.3). Says which validator is to be asked, and under which name; judges nobody.
 */
import type { NtlmNames } from "../core/evidence.ts";
import { isPlausibleName, splitName } from "../core/identity.ts";
import type { TargetNames } from "../core/validator.ts";
import { canonicalName, isTargetName, validatorOf, type ListenerRules } from "./listener-rules.ts";
import type { DomainRule, NameForm } from "./rules.ts";

/** One step of the way from what was sent to who is meant, in a sentence. */
export interface Step {
  readonly about: "name" | "alias" | "domain" | "validator" | "ask";
  readonly words: string;
}

export interface Meaning {
  readonly kind: "meant";
  /** Without its domain. */
  readonly user: string;
  /** The domain's canonical name; as the client named it where no rule knows it; undefined: it named none. */
  readonly domain: string | undefined;
  readonly dnsDomain: string | undefined;
  /** The rule about the domain. */
  readonly rule: DomainRule | undefined;
  readonly validator: string;
  /** What the validator is told instead of the name as sent. Never for NTLM, whose responses are over the names as sent. */
  readonly askAs: string;
  readonly steps: readonly Step[];
}

export interface NoMeaning {
  readonly kind: "nobody";
  readonly why: string;
  readonly steps: readonly Step[];
}

/**
 * `sent.domain` is NTLM's DomainName, "" for mechanisms that have one field for both; `shown` are the names that NTLM's
 * CHALLENGE had. Never throws.
 */
export function resolveName(sent: NtlmNames, rules: ListenerRules, shown?: TargetNames): Meaning | NoMeaning {
  const steps: Step[] = [];
  if (!isPlausibleName(sent.user) || (sent.domain !== "" && !isPlausibleName(sent.domain)))
    return { kind: "nobody", why: "the name is empty, too long or has control characters", steps };
  const asSent = readName(sent, rules, steps, shown);
  const alias = aliasOf(asSent, rules);
  if (alias !== undefined) steps.push({ about: "alias", words: `an alias: ${quoted(alias)} is meant` });
  const reading = alias === undefined ? asSent : readName({ user: alias, domain: "" }, rules, steps);
  if (reading.user === "") return { kind: "nobody", why: "there is a domain, but no user name", steps };
  return meaningOf(reading, alias ?? sent.user, rules, steps);
}

function meaningOf(reading: Reading, asSent: string, rules: ListenerRules, steps: Step[]): Meaning | NoMeaning {
  const { user, domain: named } = reading;
  const rule = ruleOf(reading, rules, steps);
  if (rule === undefined && named !== undefined && rules.refusesUnknown)
    return { kind: "nobody", why: `no rule knows the domain ${quoted(named)} (unknownDomains: refuse)`, steps };
  const validator = rule === undefined ? rules.own : validatorOf(rule, rules);
  const reason = rule?.validator === undefined ? "the listener's own" : "by the domain's rule";
  steps.push({ about: "validator", words: `${validator}, ${reason}` });
  const askAs = rule === undefined ? asSent : inForm(rule.ask, user, asSent, rule);
  if (!isPlausibleName(askAs)) return { kind: "nobody", why: "with its domain the name is too long", steps };
  if (askAs !== asSent) steps.push({ about: "ask", words: `asked as ${quoted(askAs)} (${rule!.ask})` });
  const domain = rule === undefined ? named : canonicalName(rule);
  return { kind: "meant", user, domain, dnsDomain: dnsDomainOf(rule, domain), rule, validator, askAs, steps };
}

/** A domain that no rule knows is a DNS domain if it looks like one. */
export function dnsDomainOf(rule: DomainRule | undefined, domain: string | undefined): string | undefined {
  return rule === undefined ? (domain?.includes(".") === true ? domain : undefined) : rule.dns[0];
}

interface Reading {
  readonly user: string;
  /** As the client named it. */
  readonly domain: string | undefined;
}

/** Of two domains the one in the user field is the user's own; the one beside it is often only the CHALLENGE's. */
function readName(sent: NtlmNames, rules: ListenerRules, steps: Step[], shown?: TargetNames): Reading {
  const { user, domain } = splitLocal(sent.user);
  const say = (words: string): void => void steps.push({ about: "name", words: `${quoted(sent.user)} ${words}` });
  if (domain !== undefined && !isOverruled(domain, sent, rules, shown)) {
    const inner = withoutSameDomain(user, domain, rules);
    say(`is user ${quoted(inner)} of domain ${quoted(domain)}`);
    return { user: inner, domain };
  }
  const beside = sent.domain === "." ? "" : sent.domain;
  if (beside === "") {
    say(user === sent.user ? "names no domain" : `is user ${quoted(user)} and names no domain`);
    return { user, domain: undefined };
  }
  if (rules.domainNamed(beside) === undefined && isTargetName(beside, shown)) {
    say(`names no domain: ${quoted(beside)} beside it is this server's own name, from the CHALLENGE`);
    return { user, domain: undefined };
  }
  say(`came with the domain ${quoted(beside)} beside it`);
  return { user: domain === undefined ? user : sent.user, domain: beside };
}

/** `\alice` and `.\alice` are Windows' ways to name no domain. */
function splitLocal(name: string): { user: string; domain: string | undefined } {
  const local = /^\.?\\/.exec(name)?.[0];
  return splitName(local === undefined ? name : name.slice(local.length));
}

/** `alice@elsewhere.example` beside a domain that a rule knows and the CHALLENGE did not name: the user typed both. */
function isOverruled(
  domain: string,
  { user, domain: beside }: NtlmNames,
  rules: ListenerRules,
  shown: TargetNames | undefined,
): boolean {
  if (user.includes("\\") || rules.domainNamed(domain) !== undefined) return false;
  return rules.domainNamed(beside) !== undefined && !isTargetName(beside, shown);
}

/** `EXAMPLE\alice@example.com` says the same domain twice. */
function withoutSameDomain(user: string, domain: string, rules: ListenerRules): string {
  const inner = splitName(user);
  const outer = rules.domainNamed(domain);
  const isSame = inner.domain !== undefined && outer !== undefined && rules.domainNamed(inner.domain) === outer;
  return isSame ? inner.user : user;
}

function ruleOf({ domain }: Reading, rules: ListenerRules, steps: Step[]): DomainRule | undefined {
  const say = (words: string): void => void steps.push({ about: "domain", words });
  if (domain === undefined) {
    if (rules.defaultDomain !== undefined) say(`none named: ${inWords(rules.defaultDomain)} by default`);
    else if (rules.domains.length > 0) say("none named, and there is no defaultDomain here");
    return rules.defaultDomain;
  }
  const rule = rules.domainNamed(domain);
  if (rule !== undefined) say(inWords(rule));
  else if (rules.domains.length > 0) say(`no rule knows ${quoted(domain)} at this listener`);
  return rule;
}

/** Read as names are read here, so that an alias in any form is found under all forms of its name. */
function aliasOf(reading: Reading, rules: ListenerRules): string | undefined {
  if (rules.aliases.length === 0) return undefined;
  const known = aliasesKnown.get(rules) ?? compileAliases(rules);
  aliasesKnown.set(rules, known);
  return known.get(accountKey(reading, rules));
}

const aliasesKnown = new WeakMap<ListenerRules, ReadonlyMap<string, string>>();

function compileAliases(rules: ListenerRules): ReadonlyMap<string, string> {
  const keyOf = (name: string) => accountKey(readName({ user: name, domain: "" }, rules, []), rules);
  return new Map(rules.aliases.map(({ name, means }) => [keyOf(name), means]));
}

function accountKey({ user, domain }: Reading, rules: ListenerRules): string {
  const rule = domain === undefined ? rules.defaultDomain : rules.domainNamed(domain);
  return JSON.stringify([user.toLowerCase(), rule ? canonicalName(rule) : (domain ?? "").toLowerCase()]);
}

/** The configuration's check sees to it that the domain has the name that its form wants. */
function inForm(form: NameForm, user: string, asSent: string, { netbios, dns }: DomainRule): string {
  if (form === "user") return user;
  if (form === "user@dns" && dns[0] !== undefined) return `${user}@${dns[0]}`;
  return form === "NETBIOS\\user" && netbios !== undefined ? `${netbios}\\${user}` : asSent;
}

function inWords(rule: DomainRule): string {
  const dns = rule.netbios === undefined ? rule.dns.slice(1) : rule.dns;
  return dns.length === 0 ? canonicalName(rule) : `${canonicalName(rule)} (${dns.join(", ")})`;
}

/** Names have no control characters by now; a backslash stays one, as people know it. */
function quoted(name: string): string {
  return `"${name}"`;
}

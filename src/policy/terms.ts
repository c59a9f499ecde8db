/** Which terms a logon may stand on, by listener, network and user: compiled once, looked up at each logon. */
import type { NtlmNames } from "../core/evidence.ts";
import type { Visit } from "../core/visit.ts";
import type { AcceptorPolicy, Terms } from "../ntlm/policy.ts";
import { makeNetworks } from "../wire/networks.ts";
import { policyOf, relaxed, tightened } from "./demands.ts";
import { endOfDay } from "./expiry.ts";
import { makeUserTest } from "./globs.ts";
import { exceptionName, type PolicyListener, type PolicyRule, type Scope, type SitePolicy } from "./words.ts";

/** The ordinary terms first. Without names: all that could hold for anybody who comes from there. */
export type PolicyFor = (visit: Visit, names?: readonly NtlmNames[]) => readonly Terms[];

/** Compiles one listener's policy. `clock`: milliseconds since 1970. Throws RangeError for what is no date or network. */
export function compilePolicy(
  listener: PolicyListener,
  site: SitePolicy = {},
  clock: () => number = Date.now,
): PolicyFor {
  const base = policyOf(listener);
  const isHere = ({ listeners }: Scope) => !listeners || listeners.includes(listener.name);
  const all: Compiled = {
    rules: (site.rules ?? []).filter(isHere).map(compileRule),
    exceptions: compileExceptions(site, base).filter(isHere),
  };
  const ordinary: readonly Terms[] = [{ policy: base }];
  if (all.rules.length + all.exceptions.length === 0) return () => ordinary;
  const choose = chooserByNetwork(all);
  return (visit, names) => {
    const { rules, exceptions } = choose(visit);
    const first = tighten(base, rules, visit, names);
    const fitting = exceptions.filter(({ fits }) => fits(visit, names));
    if (fitting.length === 0) return first ? [first] : ordinary;
    return [first ?? ordinary[0]!, ...fitting.map((exception) => termsOf(exception, first, clock()))];
  };
}

interface Compiled {
  readonly rules: readonly Rule[];
  readonly exceptions: readonly Exception[];
}

/** One look tells most clients' addresses from all networks that are mentioned: a look at each would cost as much. */
function chooserByNetwork(all: Compiled): (visit: Visit) => Compiled {
  const networks = [...all.rules, ...all.exceptions].flatMap((each) => each.networks ?? []);
  if (networks.length === 0) return () => all;
  const isMentioned = makeNetworks(networks);
  const isAnywhere = (each: Scope) => each.networks === undefined;
  const elsewhere = { rules: all.rules.filter(isAnywhere), exceptions: all.exceptions.filter(isAnywhere) };
  return ({ client }) => (isMentioned(client.address) ? all : elsewhere);
}

/** undefined when no rule is about this logon. */
function tighten(base: AcceptorPolicy, rules: readonly Rule[], visit: Visit, names: Names): Terms | undefined {
  const fitting = rules.filter((rule) => (names || !rule.users) && rule.fits(visit, names));
  if (fitting.length === 0) return undefined;
  const policy = fitting.reduce((sofar, rule) => tightened(sofar, rule.require), base);
  return { policy, tightenedBy: fitting.map(({ name }) => name) };
}

function termsOf(exception: Exception, first: Terms | undefined, now: number): Terms {
  const policy = first ? relaxed(first.policy, exception.allow) : exception.policy;
  const lapsed = now >= exception.end ? exception.lapsed : undefined;
  return { policy, exception: exception.shownName, lapsed };
}

type Names = readonly NtlmNames[] | undefined;
type Fits = (visit: Visit, names: Names) => boolean;
type Rule = ReturnType<typeof compileRule>;
type Exception = ReturnType<typeof compileExceptions>[number];

function compileRule(rule: PolicyRule) {
  return { ...rule, fits: compileScope(rule) };
}

function compileExceptions({ exceptions = [] }: SitePolicy, base: AcceptorPolicy) {
  return exceptions.map((exception, index) => {
    const shownName = exceptionName(exception, index);
    const end = endOfDay(exception.expires);
    if (end === undefined) throw new RangeError(`exception ${shownName} expires on no date: ${exception.expires}`);
    const lapsed = `it expired on ${exception.expires} (owner: ${exception.owner})`;
    // For the many logons that no rule is about.
    const policy = relaxed(base, exception.allow);
    return { ...exception, shownName, end, lapsed, policy, fits: compileScope(exception) };
  });
}

/** Users are cheaper to look up than networks, so they come first. */
function compileScope({ users, networks }: Scope): Fits {
  const isUser = users && makeUserTest(users);
  const isInside = networks && makeNetworks(networks);
  return (visit, names) => (!isUser || !names || isUser(names)) && (!isInside || isInside(visit.client.address));
}

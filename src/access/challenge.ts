/**
 * The names in a listener's CHALLENGE_MESSAGE (MS-NLMP 2.2.1.2), which go out before the client has named anybody: one
 * validator gives them for all, and a domain controller behind another may refuse responses that repeat them.
 */
import { can, type Able, type TargetNames, type Validator } from "../core/validator.ts";
import type { Visit } from "../core/visit.ts";
import { validatorOf, type ListenerRules } from "./listener-rules.ts";

/**
 * Of those that take NTLM: the one of the default domain, else the listener's own, else the first. undefined: none does.
 */
export function challengerOf(
  among: ReadonlyMap<string, Validator>,
  rules: ListenerRules,
  own: Validator,
): Able<"ntlm"> | undefined {
  const byDefault = rules.defaultDomain && among.get(validatorOf(rules.defaultDomain, rules));
  const candidates = [byDefault, own, ...among.values()];
  return candidates.find((each): each is Able<"ntlm"> => each !== undefined && can(each, "ntlm"));
}

/** What to tell the administrator: each validator whose own names differ from those that clients are shown here. */
export function challengeConflicts(
  among: ReadonlyMap<string, Validator>,
  rules: ListenerRules,
  own: Validator,
  visit: Visit,
): string[] {
  const challenger = challengerOf(among, rules, own);
  if (challenger === undefined) return [];
  const shown = challenger.ntlm.names(visit);
  return [...among.values()].flatMap((each) => {
    const names = each.ntlm?.names(visit);
    if (names === undefined || each.name === challenger.name || isSame(names, shown)) return [];
    return [
      `NTLM clients are shown ${inWords(shown)} (validator ${challenger.name}), but ${each.name} is ${inWords(names)}: ` +
        "a domain controller refuses responses that repeat another machine's names; give its domain a listener of its own",
    ];
  });
}

const COMPARED = ["netbiosDomain", "netbiosComputer", "dnsDomain", "dnsComputer"] as const;

function isSame(one: TargetNames, other: TargetNames): boolean {
  return COMPARED.every((key) => (one[key] ?? "").toLowerCase() === (other[key] ?? "").toLowerCase());
}

function inWords({ netbiosDomain, netbiosComputer }: TargetNames): string {
  return `${netbiosDomain}\\${netbiosComputer}`;
}

/**
 * A listener's validator that asks others: which one, the domain of the name says. NTLM's names go through unchanged,
 * because NTLMv2 hashes them (MS-NLMP 3.3.2); what the rules rewrite is who the client is once a validator has accepted it.
 */
import { challengerAmong, namesTeller } from "../core/challenge-names.ts";
import type { NtlmEvidence, NtlmNames, StoredKeys } from "../core/evidence.ts";
import {
  can,
  type Able,
  type KeyJudge,
  type KeysFound,
  type Need,
  type TargetNames,
  type Validator,
} from "../core/validator.ts";
import type { Accepted, Denied, Unavailable, Unknown, Verdict } from "../core/verdict.ts";
import { canonicalIdentity } from "./canonical.ts";
import { validatorOf, type ListenerRules } from "./listener-rules.ts";
import { resolveName, type Meaning } from "./resolve.ts";

/**
 * `fallback` is the listener's own; where no rule is about the listener it is given back as it is. `warn` hears, once, whose
 * users the names in the CHALLENGE keep out.
 */
export function routedByDomain(
  validators: ReadonlyMap<string, Validator>,
  rules: ListenerRules,
  fallback: Validator,
  warn: (why: string) => void,
): Validator {
  if (rules.domains.length + rules.aliases.length === 0 && rules.mailbox === undefined && !rules.refusesUnknown)
    return fallback;
  const house: House = { rules, own: fallback, among: validatorsOf(validators, rules, fallback) };
  return {
    name: fallback.name,
    ...(has(house, "password") && passwordJudge(house)),
    ...(has(house, "ntlm") && ntlmJudge(house, warn)),
    ...(hasKeys(house) && { keys: keyJudge(house) }),
    ...(has(house, "bearer") && bearerJudge(house)),
    ...(has(house, "certificate") && certificateJudge(house)),
  };
}

/** The validators that a client of the listener may be judged by, its own first. */
function validatorsOf(
  validators: ReadonlyMap<string, Validator>,
  rules: ListenerRules,
  fallback: Validator,
): ReadonlyMap<string, Validator> {
  const named = rules.domains.flatMap((rule) => validators.get(validatorOf(rule, rules)) ?? []);
  return new Map([fallback, ...named].map((validator) => [validator.name, validator]));
}

interface House {
  readonly rules: ListenerRules;
  readonly own: Validator;
  readonly among: ReadonlyMap<string, Validator>;
}

function has({ among }: House, need: Need): boolean {
  return [...among.values()].some((validator) => can(validator, need));
}

function passwordJudge(house: House): Pick<Validator, "password"> {
  return {
    password: async (evidence, visit) => {
      const meaning = meantBy(evidence.username, house);
      if (meaning.kind !== "meant") return meaning;
      const validator = house.among.get(meaning.validator);
      if (!validator || !can(validator, "password")) return cannot(meaning, "passwords");
      const verdict = await validator.password({ ...evidence, username: meaning.askAs }, visit);
      return rewritten(verdict, validator, house);
    },
  };
}

function ntlmJudge(house: House, warn: (why: string) => void): Pick<Validator, "ntlm"> {
  const judges = judgesOfNtlm(house);
  const challenger = challengerAmong(judges)!;
  return {
    ntlm: {
      names: namesTeller(challenger, judges, warn),
      isBoundToNames: judges.some(({ ntlm }) => ntlm.isBoundToNames),
      async verify(evidence, visit) {
        let verdict: Verdict = { kind: "unknown", why: "no reading of the name has a validator for NTLM" };
        const shown = challenger.ntlm.names(visit);
        for (const [name, names] of readingsByValidator(evidence, house, shown)) {
          const validator = house.among.get(name);
          if (!validator || !can(validator, "ntlm")) continue;
          verdict = rewritten(await validator.ntlm.verify({ ...evidence, names }, visit), validator, house);
          if (verdict.kind !== "unknown") return verdict;
        }
        return verdict;
      },
    },
  };
}

/** The default domain's first, then the listener's own. */
function judgesOfNtlm({ among, rules, own }: House): readonly Able<"ntlm">[] {
  const byDefault = rules.defaultDomain && among.get(validatorOf(rules.defaultDomain, rules));
  const all = new Set([byDefault, own, ...among.values()]);
  return [...all].filter((each): each is Able<"ntlm"> => each !== undefined && can(each, "ntlm"));
}

/** In the order of the readings, the likeliest first; nearly always there is one. */
function readingsByValidator(
  { names }: NtlmEvidence,
  { rules }: House,
  shown: TargetNames,
): ReadonlyMap<string, NtlmNames[]> {
  const found = new Map<string, NtlmNames[]>();
  for (const reading of names) {
    const meaning = resolveName(reading, rules, shown);
    if (meaning.kind !== "meant") continue;
    found.set(meaning.validator, [...(found.get(meaning.validator) ?? []), reading]);
  }
  return found;
}

/** Clients take the strongest mechanism and try no other: keys that one validator lacks would lock its users out. */
function hasKeys(house: House): boolean {
  return has(house, "keys") && knowersOfPasswords(house).every((validator) => can(validator, "keys"));
}

function knowersOfPasswords({ among }: House): Validator[] {
  return [...among.values()].filter((validator) => can(validator, "password") || can(validator, "keys"));
}

function keyJudge(house: House): KeyJudge {
  const knowers = knowersOfPasswords(house).flatMap(({ keys }) => keys ?? []);
  return {
    get kinds(): readonly (keyof StoredKeys)[] {
      const [first, ...others] = knowers.map(({ kinds }) => kinds);
      return (first ?? []).filter((kind) => others.every((kinds) => kinds.includes(kind)));
    },
    async find(username, visit) {
      const meaning = meantBy(username, house);
      if (meaning.kind !== "meant") return meaning;
      const validator = house.among.get(meaning.validator);
      if (!validator || !can(validator, "keys")) return cannot(meaning, "keys");
      const found = await validator.keys.find(meaning.askAs, visit);
      return found.kind === "keys" ? { ...found, verdict: afterProof(found, validator, house) } : found;
    },
    likeness(mechanism, username) {
      const meaning = resolveName({ user: username, domain: "" }, house.rules);
      if (meaning.kind !== "meant") return undefined;
      return house.among.get(meaning.validator)?.keys?.likeness?.(mechanism, meaning.askAs);
    },
    concluded(username, verdict, visit) {
      const meaning = resolveName({ user: username, domain: "" }, house.rules);
      if (meaning.kind === "meant")
        house.among.get(meaning.validator)?.keys?.concluded?.(meaning.askAs, verdict, visit);
    },
  };
}

/** Said only to who knows the password; a fault of our configuration must not tell others that the account exists. */
function afterProof({ verdict }: KeysFound, validator: Validator, house: House): Accepted | Denied {
  const said = verdict.kind === "accepted" ? rewritten(verdict, validator, house) : verdict;
  if (said.kind === "accepted" || said.kind === "denied") return said;
  return { kind: "denied", reason: "not-authorized", why: said.why };
}

function bearerJudge(house: House): Pick<Validator, "bearer"> {
  const { scope, openidConfiguration } = byItself("bearer", house)?.bearer ?? {};
  return {
    bearer: {
      ...(scope !== undefined && { scope }),
      ...(openidConfiguration !== undefined && { openidConfiguration }),
      async verify(evidence, visit) {
        const judge = judgeOfProof("bearer", evidence.username, house);
        if ("kind" in judge) return judge;
        const { validator, name: username } = judge;
        return rewritten(await validator.bearer!.verify({ ...evidence, username }, visit), validator, house);
      },
    },
  };
}

function certificateJudge(house: House): Pick<Validator, "certificate"> {
  return {
    certificate: async (evidence, visit) => {
      const judge = judgeOfProof("certificate", evidence.authzid, house);
      if ("kind" in judge) return judge;
      const { validator, name: authzid } = judge;
      return rewritten(await validator.certificate!({ ...evidence, authzid }, visit), validator, house);
    },
  };
}

/**
 * Tokens and certificates say themselves who their bearer is: the name beside them may be missing, and the listener's own
 * validator stands in for one that cannot judge them.
 */
function judgeOfProof(
  need: "bearer" | "certificate",
  name: string,
  house: House,
): { readonly validator: Validator; readonly name: string } | Denied | Unknown {
  const meaning = name === "" ? undefined : meantBy(name, house);
  if (meaning !== undefined && meaning.kind !== "meant") return meaning;
  const byDomain = meaning && house.among.get(meaning.validator);
  if (meaning && byDomain && can(byDomain, need)) return { validator: byDomain, name: meaning.askAs };
  const validator = meaning === undefined ? byItself(need, house) : can(house.own, need) ? house.own : undefined;
  if (validator !== undefined) return { validator, name };
  const what = need === "bearer" ? "tokens" : "certificates";
  if (meaning !== undefined) return cannot(meaning, what);
  return { kind: "unknown", why: `several validators judge ${what}, and the client named no domain` };
}

/** The listener's own, else the only one that can. */
function byItself(need: Need, { own, among }: House): Validator | undefined {
  if (can(own, need)) return own;
  const [only, ...others] = [...among.values()].filter((validator) => can(validator, need));
  return others.length === 0 ? only : undefined;
}

function meantBy(username: string, { rules }: House): Meaning | Unknown {
  const meaning = resolveName({ user: username, domain: "" }, rules);
  return meaning.kind === "meant" ? meaning : { kind: "unknown", why: meaning.why };
}

function cannot({ validator, domain }: Meaning, what: string): Unknown {
  const whose = domain === undefined ? "" : `, which judges ${domain},`;
  return { kind: "unknown", why: `validator ${validator}${whose} takes no ${what}` };
}

function rewritten(verdict: Verdict, { name }: Validator, { rules }: House): Verdict {
  if (verdict.kind !== "accepted") return verdict;
  const identity = canonicalIdentity(verdict.identity, name, rules);
  return isRefusal(identity) ? identity : { ...verdict, identity };
}

function isRefusal(answer: ReturnType<typeof canonicalIdentity>): answer is Denied | Unavailable {
  return "kind" in answer;
}

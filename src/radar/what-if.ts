/** Who would break if: what a stricter policy (MS-NLMP 3.2.5.1.2, as `ntlm/rules.ts` enforces it) says to what was seen. */
import type { NtlmMinimum } from "../core/evidence.ts";
import type { Shown } from "../core/ntlm-facts.ts";
import { isAllowed, isScheme } from "../ntlm/scheme.ts";
import type { Entry } from "./entry.ts";

const STRICTNESS = ["off", "verify-if-present", "require"] as const;
type Strictness = (typeof STRICTNESS)[number];

const VALUES = {
  minimum: ["v2", "v1-ess", "v1", "lm"],
  mic: STRICTNESS,
  channelBinding: STRICTNESS,
  targetName: STRICTNESS,
  exceptions: ["off"],
  ntlm: ["off"],
} as const;

export type AssumedRule = keyof typeof VALUES;

export interface Assumption {
  readonly rule: AssumedRule;
  readonly value: string;
}

/** What can be assumed, for people: `minimum=v2|v1-ess|v1|lm` ... */
export const ASSUMABLE: readonly string[] = Object.entries(VALUES).map(
  ([rule, values]) => `${rule}=${values.join("|")}`,
);

/** Reads `rule=value`; undefined for what is not in ASSUMABLE. */
export function parseAssumption(words: string): Assumption | undefined {
  const [rule = "", value = ""] = words.split("=", 2);
  if (!Object.hasOwn(VALUES, rule)) return undefined;
  const known: readonly string[] = VALUES[rule as AssumedRule];
  return known.includes(value) && words === `${rule}=${value}` ? { rule: rule as AssumedRule, value } : undefined;
}

/** `might break`: what was seen does not tell. */
export type Fate = "breaks" | "might break" | "works";

export interface Judgement {
  readonly fate: Fate;
  /** Why it breaks or might, one reason for each assumption. */
  readonly why: readonly string[];
}

/** Whether a target name that a client sent is one of a listener's own. */
export type IsOurs = (listener: string, target: string) => boolean;

/** One way of logging on under all assumptions together; without `isOurs` no target name is known to be right. */
export function judge(entry: Entry, assumptions: readonly Assumption[], isOurs?: IsOurs): Judgement {
  const found = assumptions
    .map(({ rule, value }) => RULES[rule](entry, value, isOurs))
    .filter(({ fate }) => fate !== "works");
  const fate = found.some((each) => each.fate === "breaks") ? "breaks" : found.length > 0 ? "might break" : "works";
  return { fate, why: found.map(({ why }) => why) };
}

interface Finding {
  readonly fate: Fate;
  readonly why: string;
}

const WORKS: Finding = { fate: "works", why: "" };
const breaks = (why: string): Finding => ({ fate: "breaks", why });
const mightBreak = (why: string): Finding => ({ fate: "might break", why });

type Rule = (entry: Entry, value: string, isOurs: IsOurs | undefined) => Finding;

const RULES: Readonly<Record<AssumedRule, Rule>> = {
  minimum: ({ scheme }, value) => {
    if (!isScheme(scheme)) return mightBreak("version not known");
    return isAllowed(scheme, value as NtlmMinimum) ? WORKS : breaks(`sends ${scheme}`);
  },
  mic: (entry, value) => protection(entry, entry.mic, value as Strictness, "MIC"),
  channelBinding: (entry, value) => {
    const { tls, channelBinding } = entry;
    if (value === "require" && !tls) return breaks("not under TLS");
    if (value === "verify-if-present" && !tls && channelBinding !== "absent")
      return breaks("bound, but not to our TLS");
    return protection(entry, channelBinding, value as Strictness, "channel binding");
  },
  targetName: (entry, value, isOurs) => {
    const { hasTarget, target, listener } = entry;
    const shown = !hasTarget ? "absent" : !isOurs ? "unchecked" : isOurs(listener, target) ? "right" : "wrong";
    return protection(entry, shown, value as Strictness, "target name");
  },
  exceptions: ({ exception }) => (exception === "" ? WORKS : breaks(`needs exception ${exception}`)),
  ntlm: () => breaks("uses NTLM"),
};

/** Only an NTLMv2 response carries any of the three protected. */
function protection({ scheme }: Entry, shown: Shown, value: Strictness, name: string): Finding {
  if (value === "off") return WORKS;
  if (shown === "wrong") return breaks(`wrong ${name}`);
  if (shown === "unchecked") return mightBreak(`${name} never checked`);
  if (value === "verify-if-present") return WORKS;
  if (shown === "absent") return breaks(`no ${name}`);
  return scheme === "NTLMv2" ? WORKS : breaks(`no protected ${name} in ${scheme === "" ? "its response" : scheme}`);
}

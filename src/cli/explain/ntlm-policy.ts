/** Which terms an NTLM logon of this name could stand on, and whether any of them would let it in. */
import { splitName } from "../../core/identity.ts";
import { listenerPolicyOf, sitePolicyOf } from "../../listener-policy.ts";
import type { AcceptorPolicy, Terms } from "../../ntlm/policy.ts";
import { compilePolicy } from "../../policy/terms.ts";
import { refusal, visitOf, type ExplainedConfig, type Finding, type Question } from "./question.ts";

export function ntlmFindings(config: ExplainedConfig, question: Question): Finding[] {
  const { name, domain, listener, now } = question;
  const choose = compilePolicy(listenerPolicyOf(config, listener), sitePolicyOf(config), () => now.getTime());
  const terms = choose(visitOf(question), [{ user: name, domain }]);
  const findings = terms.map((each): Finding => ({ about: "ntlm", words: inWords(each) }));
  const refusals = terms.map((each) => whyNot(each, domain === "" ? (splitName(name).domain ?? "") : domain));
  const [first] = refusals;
  return refusals.includes(undefined) ? findings : [...findings, refusal("ntlm", first ?? "no policy lets anybody in")];
}

function whyNot({ policy, lapsed }: Terms, domain: string): string | undefined {
  if (lapsed !== undefined) return `the exception no longer holds: ${lapsed}`;
  if (policy.block === true) return "NTLM is not accepted here (block)";
  const { allowedDomains, blockedDomains } = policy;
  const named = domain === "" ? "no domain" : `domain ${domain}`;
  if (blockedDomains && isListed(blockedDomains, domain)) return `${named} is blocked (blockedDomains)`;
  if (allowedDomains && !isListed(allowedDomains, domain)) return `${named} is not allowed (allowedDomains)`;
  return undefined;
}

function isListed(list: readonly string[], domain: string): boolean {
  return list.some((each) => each === "*" || each.toLowerCase() === domain.toLowerCase());
}

function inWords({ policy, tightenedBy, exception, lapsed }: Terms): string {
  const source = exception !== undefined ? `exception ${exception}` : "the listener's policy";
  const rules = tightenedBy === undefined ? "" : `, with rule ${tightenedBy.join(", ")}`;
  return `${source}${rules}: ${demandsInWords(policy)}${lapsed === undefined ? "" : ` (${lapsed})`}`;
}

const ALWAYS = ["minimum", "mic", "channelBinding"] as const;
const IF_SAID = ["targetName", "require128", "block", "allowedDomains", "blockedDomains"] as const;

function demandsInWords(policy: AcceptorPolicy): string {
  const said = IF_SAID.filter((key) => policy[key] !== undefined && policy[key] !== false && policy[key] !== "off");
  return [...ALWAYS, ...said].map((key) => `${key} ${valueInWords(policy[key])}`).join(", ");
}

function valueInWords(value: unknown): string {
  return Array.isArray(value) ? value.map((each) => (each === "" ? '""' : String(each))).join(" ") : String(value);
}

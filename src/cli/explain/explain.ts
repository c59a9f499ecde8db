/** A logon gone through without anybody logging on: each step that it would take, up to the one that would refuse it. */
import { opinionsOf, judgeAccess } from "../../access/authorize.ts";
import { canonicalIdentity } from "../../access/canonical.ts";
import type { Identity } from "../../core/identity.ts";
import { rulesFor, type ListenerRules } from "../../access/listener-rules.ts";
import { resolveName, type Meaning } from "../../access/resolve.ts";
import type { AccessRule, IdentityRules } from "../../access/rules.ts";
import { findAccount, type AccountFound } from "./account.ts";
import { destination } from "./destination.ts";
import { ntlmFindings } from "./ntlm-policy.ts";
import {
  isNtlm,
  refusal,
  visitOf,
  type ExplainedConfig,
  type Explanation,
  type Finding,
  type Question,
} from "./question.ts";

const NO_RULES: IdentityRules = { domains: [], aliases: [], listeners: {} };

export async function explainLogin(config: ExplainedConfig, question: Question): Promise<Explanation> {
  const { name, listener, mechanism, address } = question;
  const findings: Finding[] = [];
  for await (const finding of findingsOf(config, question)) {
    findings.push(finding);
    if (finding.refuses) break;
  }
  const outcome = findings.some(({ refuses }) => refuses) ? "refused" : "in";
  return { name, listener: listener.name, protocol: listener.protocol, mechanism, address, findings, outcome };
}

async function* findingsOf(config: ExplainedConfig, question: Question): AsyncGenerator<Finding> {
  const { listener, mechanism, name, domain } = question;
  if (!listener.mechanisms.includes(mechanism)) {
    const offered = listener.mechanisms.join(", ");
    return yield refusal("mechanism", `${listener.name} does not offer ${mechanism}, but ${offered}`);
  }
  const rules = rulesFor(config.identity ?? NO_RULES, listener);
  const meaning = resolveName({ user: name, domain }, rules, config.server.target);
  for (const step of meaning.steps) if (!(step.about === "ask" && isNtlm(mechanism))) yield step;
  if (meaning.kind === "nobody") return yield refusal("name", meaning.why);
  if (isNtlm(mechanism)) {
    yield { about: "ask", words: "asked with NTLM's names as they were sent, for NTLMv2 hashes them" };
    yield* ntlmFindings(config, question);
  }
  const account = await findAccount(config, question, meaning);
  yield* account.findings;
  const known = canonicalIdentity(account.identity, meaning.validator, rules);
  const identity = "kind" in known ? account.identity : known;
  yield* mailboxFindings(known, account, meaning, rules);
  yield* accessFindings(config.access ?? [], question, identity, account.isKnown);
  yield* destination(config, question, identity, account.isKnown);
}

function* mailboxFindings(
  known: ReturnType<typeof canonicalIdentity>,
  { isKnown, identity }: AccountFound,
  { rule }: Meaning,
  { mailbox }: ListenerRules,
): Generator<Finding> {
  const template = rule?.mailbox ?? mailbox;
  if (!("kind" in known)) {
    if (template !== undefined) yield { about: "mailbox", words: `${known.mailbox}, by the template ${template}` };
    return;
  }
  if (isKnown) return yield refusal("mailbox", known.why);
  const words = `${template} has parts that only the validator knows; ${identity.mailbox} is supposed`;
  yield { about: "mailbox", words };
}

function* accessFindings(
  rules: readonly AccessRule[],
  question: Question,
  identity: Identity,
  isKnown: boolean,
): Generator<Finding> {
  const visit = visitOf(question);
  if (rules.length === 0) return yield { about: "access", words: "no rules: everybody may" };
  const opinions = opinionsOf(rules, identity, visit);
  if (opinions.length === 0) yield { about: "access", words: "no rule applies: everybody may" };
  for (const { why } of opinions) yield { about: "access", words: why.replace(/^access /, "") };
  const asked = opinions
    .filter(({ rule }) => namesGroups(rules.find(({ name }) => name === rule)))
    .map(({ rule }) => rule);
  if (!isKnown && asked.length > 0 && question.groups.length + question.sids.length === 0) {
    const words = `the groups are unknown, and rule ${asked.join(", ")} asks for them: suppose some with --groups or --sid`;
    yield { about: "access", words };
  }
  if (rules.some(({ networks }) => networks) && question.address === undefined)
    yield { about: "access", words: "rules for networks are left out: give a client's address with --address" };
  const denied = judgeAccess(identity, visit, rules);
  if (denied !== undefined) yield refusal("access", denied.why);
}

function namesGroups(rule: AccessRule | undefined): boolean {
  return [rule?.allow, rule?.deny].some((people) => people?.groups !== undefined || people?.sids !== undefined);
}

/** Validator `netlogon`: a domain controller judges, over NetrLogonSamLogonEx (MS-APDS 3.1.5, MS-NRPC 3.5.4.5.1). */
import { timingSafeEqual } from "node:crypto";
import type { NtlmEvidence, PasswordEvidence } from "../../core/evidence.ts";
import { isPlausibleName, splitName } from "../../core/identity.ts";
import { NtStatus } from "../../core/nt-status.ts";
import type { TargetNames, Validator } from "../../core/validator.ts";
import type { Denied, Unavailable, Verdict } from "../../core/verdict.ts";
import type { Visit } from "../../core/visit.ts";
import { classifyResponses } from "../../ntlm/responses.ts";
import { isAllowed, type Scheme } from "../../ntlm/scheme.ts";
import { Channel } from "./channel.ts";
import { makeControllers } from "./controllers.ts";
import { stateOf, type Machine } from "./machine.ts";
import type { NetlogonOptions } from "./options.ts";
import { Pace } from "../pace.ts";
import { exchangeFor, namesMeant, questionsAbout, type Question } from "./questions.ts";
import { rotator } from "./rotation.ts";
import { identityOf, isOfDomain, judge, type Judged, type Reading } from "./verdict.ts";

export type { ControllerAddress, MailboxForm, NetlogonOptions, NtlmBlocked } from "./options.ts";

const CONNECTIONS = 2;
const QUEUE = 500;
const TIMEOUT = 10_000;
const CONNECT_TIMEOUT = 3000;
/** A domain takes 127 or 256 characters; no client sends more. */
const PASSWORD_LIMIT = 256;

/** Asks no domain controller before the first logon. Throws Error with a sentence for the administrator. */
export function netlogonValidator(options: NetlogonOptions): Validator {
  const { name, log, domain, computer, state: path, connections = CONNECTIONS, queue = QUEUE } = options;
  const { timeout = TIMEOUT, connectTimeout = CONNECT_TIMEOUT, rotate } = options;
  const machine: Machine = { domain, computer, path, log };
  stateOf(machine);
  const controllers = makeControllers(options, { machine, connections, connectTimeout, log });
  const channel = new Channel(controllers, { limit: queue + connections, timeout });
  const rotation = rotate === undefined ? undefined : rotator({ machine, controllers, age: rotate, timeout });
  const bench: Bench = { options, channel, reading: readingOf(options), pace: new Pace() };
  const names = targetNames(options);
  let isClosed = false;
  return {
    name,
    password: async (evidence) => (isClosed ? CLOSED : judgePassword(evidence, bench)),
    ntlm: {
      names: () => names,
      isBoundToNames: true,
      verify: async (evidence, visit) => (isClosed ? CLOSED : judgeNtlm(evidence, visit, bench)),
    },
    close() {
      isClosed = true;
      rotation?.stop();
      channel.close();
      return Promise.resolve();
    },
  };
}

interface Bench {
  readonly options: NetlogonOptions;
  readonly channel: Channel;
  readonly reading: Reading;
  readonly pace: Pace;
}

const CLOSED: Unavailable = { kind: "unavailable", why: "the validator is closed" };

/** A domain controller refuses every response that repeats other names than these (MS-APDS 3.1.5). */
function targetNames({ domain, dnsDomain, computer }: NetlogonOptions): TargetNames {
  return {
    netbiosDomain: domain,
    netbiosComputer: computer,
    dnsDomain,
    dnsComputer: `${computer.toLowerCase()}.${dnsDomain}`,
    domainJoined: true,
  };
}

function readingOf({ domain, dnsDomain, domains = [], mailbox = "user" }: NetlogonOptions): Reading {
  return { domains: new Set([domain, dnsDomain, ...domains].map((each) => each.toLowerCase())), mailbox };
}

function denied(why: string, reason: Denied["reason"] = "bad-credentials", status?: number): Denied {
  return { kind: "denied", reason, why, ...(status !== undefined && { status }) };
}

async function judgeNtlm(evidence: NtlmEvidence, visit: Visit, bench: Bench): Promise<Verdict> {
  const { allowNtlmV1 = false, ntlmBlocked = {} } = bench.options;
  const { domains: blocked = [], listeners = [] } = ntlmBlocked;
  const scheme = classifyResponses(evidence);
  if (scheme === undefined) return denied("there is no response");
  if (!isAllowed(scheme, evidence.minimum)) return denied(`${scheme} is weaker than this listener takes`, "policy");
  if (!allowNtlmV1 && scheme !== "NTLMv2")
    return denied(`${scheme}: the domain is not asked about anything weaker than NTLMv2`, "policy");
  if (listeners.includes(visit.listener)) return denyBlocked("NTLM is blocked on this listener");
  if (isSentToBlocked(evidence, blocked)) return denyBlocked("NTLM is blocked for this domain");
  const questions = questionsAbout(evidence, allowNtlmV1 && evidence.minimum !== "v2");
  const judged = await askAll(questions, bench);
  if (judged.kind !== "accepted") return judged;
  if (isOfDomain(judged.info, blocked)) return denyBlocked("NTLM is blocked for this domain", judged.info.user);
  const { sessionBaseKey } = judged.info;
  return { ...accepted(judged, bench), sessionBaseKey, scheme: schemeOf(scheme) };
}

function denyBlocked(why: string, user?: string): Denied {
  return { ...denied(why, "ntlm-blocked", NtStatus.NTLM_BLOCKED), ...(user !== undefined && { user }) };
}

/** An LM field alone is LMv2 or LM, which is known to the domain only. */
function schemeOf(scheme: Scheme): string {
  return scheme === "LMv2" ? "LMv2 or LM" : scheme;
}

function isSentToBlocked({ names }: NtlmEvidence, blocked: readonly string[]): boolean {
  const lower = new Set(blocked.map((each) => each.toLowerCase()));
  return names.some(({ user, domain }) =>
    [domain, splitName(user).domain ?? ""].some((each) => lower.has(each.toLowerCase())),
  );
}

async function judgePassword({ username, password }: PasswordEvidence, bench: Bench): Promise<Verdict> {
  const text = password.reveal();
  if (!isPlausibleName(username)) return denied("the name is empty, too long or has control characters");
  if (text === "" || text.length > PASSWORD_LIMIT || text.includes("\0"))
    return denied("the password is empty, too long or has a NUL");
  const meant = namesMeant(username, bench.options);
  const judged = await askAll(
    meant.map((each) => exchangeFor(each, text, bench.options)),
    bench,
  );
  return judged.kind === "accepted" ? accepted(judged, bench) : judged;
}

function accepted(
  { info }: Judged & { kind: "accepted" },
  { options, reading }: Bench,
): Verdict & { kind: "accepted" } {
  return { kind: "accepted", identity: identityOf(info, reading.mailbox, options.dnsDomain) };
}

/** The next reading of a name only where nobody is called by the one before. */
async function askAll(questions: readonly Question[], bench: Bench): Promise<Judged> {
  const began = performance.now();
  let judged: Judged = denied("no account can have this name");
  for (const question of questions) {
    judged = await ask(question, bench);
    if (judged.kind !== "unknown") break;
  }
  // A domain controller writes down each wrong password, which takes it several times as long as not to know a name.
  if (isWrongPassword(judged)) bench.pace.learn(performance.now() - began);
  if (judged.kind === "unknown") await bench.pace.keep(began);
  return judged;
}

function isWrongPassword(judged: Judged): boolean {
  return judged.kind === "denied" && judged.status === NtStatus.WRONG_PASSWORD;
}

async function ask({ logon, sessionBaseKey }: Question, { channel, reading, options }: Bench): Promise<Judged> {
  const answer = await channel.ask(logon);
  if (answer.kind === "none") return { kind: "unavailable", why: answer.why };
  const judged = judge(answer.reply, splitName(logon.user).user, reading);
  if (judged.kind === "unavailable" || (judged.kind === "denied" && judged.reason === "ntlm-blocked"))
    options.log("warn", "the domain could not judge a logon", { validator: options.name, why: judged.why });
  if (judged.kind !== "accepted" || sessionBaseKey === undefined) return judged;
  if (isSameKey(judged.info.sessionBaseKey, sessionBaseKey)) return judged;
  return { kind: "unavailable", why: "the domain's answer does not belong to what it was asked" };
}

function isSameKey(one: Uint8Array, other: Uint8Array): boolean {
  return one.length === other.length && timingSafeEqual(one, other);
}

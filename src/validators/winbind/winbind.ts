/** Validator `winbind`: Samba's winbindd judges, through ntlm_auth in its role `ntlm-server-1` (MS-APDS 3.1.5 behind it). */
import type { NtlmEvidence, PasswordEvidence } from "../../core/evidence.ts";
import { isPlausibleName, splitName, type AccountName } from "../../core/identity.ts";
import { NtStatus } from "../../core/nt-status.ts";
import type { Validator } from "../../core/validator.ts";
import type { Denied, Unavailable, Verdict } from "../../core/verdict.ts";
import { ntlm2SessionChallenge } from "../../ntlm/ntlmv1.ts";
import { classifyResponses } from "../../ntlm/responses.ts";
import { isAllowed } from "../../ntlm/scheme.ts";
import { Pace } from "../pace.ts";
import { HelperFailure } from "./helper.ts";
import { whoIs, type Doors } from "./identity.ts";
import { openDoors } from "./doors.ts";
import type { WinbindOptions } from "./options.ts";
import { respond, sameKey } from "./password.ts";
import type { Answer } from "./reply.ts";
import { writeQuestion, type Question } from "./request.ts";
import { verdictOf } from "./sentences.ts";
import { LookupFailure } from "./wbinfo.ts";

export type { WinbindOptions } from "./options.ts";

/** As long as a line of SASL can be; beyond that ntlm_auth answers nothing at all. */
const RESPONSE_LIMIT = 12_288;
/** Active Directory takes 256 characters. */
const PASSWORD_LIMIT = 1024;

const CLOSED: Unavailable = { kind: "unavailable", why: "the validator is closed" };

/** Starts no helper before the first logon; asks for the machine's names at once. */
export function winbindValidator(options: WinbindOptions): Validator {
  const doors = openDoors(options);
  const pace = new Pace();
  const guarded = async (judge: () => Promise<Verdict>): Promise<Verdict> => {
    if (doors.isClosed) return CLOSED;
    const started = performance.now();
    try {
      const verdict = await judge();
      // winbindd knows quicker who does not exist than whose password is wrong.
      if (verdict.kind === "denied" && verdict.status === NtStatus.WRONG_PASSWORD)
        pace.learn(performance.now() - started);
      if (verdict.kind === "unknown") await pace.keep(started);
      return verdict;
    } catch (error) {
      if (error instanceof HelperFailure) return { kind: "unavailable", why: `ntlm_auth: ${error.message}` };
      if (error instanceof LookupFailure) return { kind: "unavailable", why: error.message };
      throw error;
    }
  };
  return {
    name: options.name,
    password: (evidence) => guarded(() => judgePassword(evidence, doors)),
    ntlm: {
      names: () => doors.names() ?? options.names,
      isBoundToNames: true,
      verify: (evidence) => guarded(() => judgeNtlm(evidence, doors, options.allowNtlmV1 ?? false)),
    },
    close: () => doors.close(),
  };
}

function denied(why: string, reason: Denied["reason"] = "bad-credentials"): Denied {
  return { kind: "denied", reason, why };
}

/**
 * We answer a challenge of our own with NTLMv2, instead of handing the password over: a refusal then has its reason, and
 * a Yes its session key, which only the answer to this very question can have.
 */
async function judgePassword({ username, password }: PasswordEvidence, doors: Doors): Promise<Verdict> {
  const text = password.reveal();
  if (!isPlausibleName(username)) return denied("the name is empty, too long or has control characters");
  if (text === "" || text.length > PASSWORD_LIMIT || text.includes("\0") || !text.isWellFormed())
    return denied("the password is empty, too long or no text");
  const name = await accountMeant(username, doors);
  if (!isAskable(name.user)) return denied("the name has no user or ends where its domain should be");
  const { question, sessionBaseKey } = respond(name.user, name.domain ?? "", text, doors.names());
  const answer = await doors.ask(writeQuestion(question));
  if (answer.kind === "no") return verdictOf(answer.sentence, name.user);
  if (!sameKey(answer.sessionBaseKey, sessionBaseKey)) return doors.distrust("a Yes with the key of another logon");
  return whoIs(name.user, name.domain ?? "", doors);
}

/** A user principal name need not begin with the account's name; where winbindd knows whose it is, that account is asked about. */
async function accountMeant(username: string, doors: Doors): Promise<AccountName> {
  const own = doors.names()?.netbiosDomain;
  const isPrincipal = username.includes("@") && !username.includes("\\");
  if (!isPrincipal || own === undefined) return splitName(username);
  const user = await doors.users.find(username, own, own).catch(() => undefined);
  return user === undefined ? splitName(username) : { user: user.name, domain: user.domain };
}

/** To `alice@` winbindd says that it has no connections left, which is no word about anybody. */
function isAskable(user: string): boolean {
  return isPlausibleName(user) && !user.endsWith("@");
}

async function judgeNtlm(evidence: NtlmEvidence, doors: Doors, allowNtlmV1: boolean): Promise<Verdict> {
  const { names, minimum } = evidence;
  const scheme = classifyResponses(evidence);
  if (scheme === undefined || evidence.ntResponse.length > RESPONSE_LIMIT)
    return denied("there is no response, or one too long");
  // By its length an LM field alone may be LM as well as LMv2: a controller might take what this listener does not.
  if (!isAllowed(scheme, minimum) || (scheme === "LMv2" && minimum !== "lm"))
    return denied(`${scheme} is weaker than this listener takes`, "policy");
  if (scheme === "LMv2") return denied("an LM response alone is not passed on", "policy");
  if (scheme !== "NTLMv2" && !allowNtlmV1) return denied(`${scheme} is not passed on, see allowNtlmV1`, "policy");
  if (doors.names() === undefined)
    return { kind: "unavailable", why: "the machine's names are not known yet: has the host been joined?" };
  const plausible = names.filter(({ user, domain }) => isAskable(user) && (domain === "" || isPlausibleName(domain)));
  let verdict: Verdict = denied("the name is empty, too long or has control characters");
  for (const { user, domain } of plausible) {
    const question = { user, domain, challenge: challengeOf(evidence, scheme), ntResponse: evidence.ntResponse };
    verdict = await judgeAnswer(await doors.ask(writeQuestion(question)), question, scheme, doors);
    // Only a name that nobody has costs nobody a bad password.
    if (verdict.kind !== "unknown") break;
  }
  return verdict;
}

/** Of NTLM2 session the controller is told what the challenges of both sides make together (MS-APDS 3.1.5.1). */
function challengeOf(evidence: NtlmEvidence, scheme: string): Uint8Array {
  if (scheme !== "NTLM2 session") return evidence.serverChallenge;
  return ntlm2SessionChallenge(evidence.serverChallenge, evidence.lmResponse.subarray(0, 8));
}

async function judgeAnswer(answer: Answer, { user, domain }: Question, scheme: string, doors: Doors): Promise<Verdict> {
  if (answer.kind === "no") return verdictOf(answer.sentence, user);
  const verdict = await whoIs(user, domain, doors);
  return verdict.kind === "accepted" ? { ...verdict, sessionBaseKey: answer.sessionBaseKey, scheme } : verdict;
}

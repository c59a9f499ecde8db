/** A service that looks at the proof itself: it is asked about each logon, after what can be refused without it. */
import type { BearerEvidence, NtlmEvidence, NtlmNames, PasswordEvidence } from "../../core/evidence.ts";
import { isPlausibleName } from "../../core/identity.ts";
import type { Validator } from "../../core/validator.ts";
import type { Denied, Unavailable, Verdict } from "../../core/verdict.ts";
import type { Visit } from "../../core/visit.ts";
import { refuse } from "../../accounts/conclude.ts";
import { classifyResponses } from "../../ntlm/responses.ts";
import { isAllowed } from "../../ntlm/scheme.ts";
import { readVerdict } from "./answer.ts";
import type { HttpOptions, VerifyMechanism } from "./options.ts";
import { bearerQuestion, certificateQuestion, ntlmQuestion, passwordQuestion } from "./question.ts";
import { unavailable, type Service } from "./service.ts";

/** Nobody types this much, and hashing costs grow with the length. */
const PASSWORD_LIMIT = 1024;
/** Characters: as much as a line of a SASL exchange holds. */
const TOKEN_LIMIT = 12_288;

export function verifier(
  service: Service,
  {
    name,
    names,
    mechanisms,
  }: Pick<HttpOptions, "name" | "names"> & { readonly mechanisms: readonly VerifyMechanism[] },
): Validator {
  const offers = (mechanism: VerifyMechanism) => mechanisms.includes(mechanism);
  const ask = async (question: object): Promise<Verdict> => {
    const answer = await service.ask(question);
    if (answer.kind === "unavailable") return answer;
    return withoutKey(readVerdict(answer.body, service.host));
  };
  const byNtlm = async (evidence: NtlmEvidence, visit: Visit): Promise<Verdict> => {
    const readings = evidence.names.filter(isPlausible);
    const refusal = refuseResponse(evidence, readings);
    if (refusal) return refusal;
    const answer = await service.ask(ntlmQuestion(evidence, readings, visit));
    if (answer.kind === "unavailable") return answer;
    return withKey(readVerdict(answer.body, service.host), evidence, service.host);
  };
  return {
    name,
    ...(offers("PLAIN") && {
      password: async (evidence, visit) => refusePassword(evidence) ?? ask(passwordQuestion(evidence, visit)),
    }),
    ...(offers("NTLM") && { ntlm: { names: () => names, verify: byNtlm } }),
    ...(offers("OAUTHBEARER") && {
      bearer: { verify: async (evidence, visit) => refuseToken(evidence) ?? ask(bearerQuestion(evidence, visit)) },
    }),
    ...(offers("EXTERNAL") && { certificate: async (evidence, visit) => ask(certificateQuestion(evidence, visit)) }),
    close() {
      service.close();
      return Promise.resolve();
    },
  };
}

function refusePassword({ username, password }: PasswordEvidence): Denied | undefined {
  const text = password.reveal();
  if (!isPlausibleName(username))
    return refuse("the name is empty, too long or has control characters", "INVALID_ACCOUNT_NAME");
  if (text === "" || text.length > PASSWORD_LIMIT || text.includes("\0"))
    return refuse("the password is empty, too long or has a NUL", "ILL_FORMED_PASSWORD");
  return undefined;
}

function refuseToken({ token }: BearerEvidence): Denied | undefined {
  if (token.reveal().length <= TOKEN_LIMIT) return undefined;
  return { kind: "denied", reason: "bad-credentials", why: `the token has more than ${TOKEN_LIMIT} characters` };
}

function isPlausible({ user, domain }: NtlmNames): boolean {
  return isPlausibleName(user) && (domain === "" || isPlausibleName(domain));
}

function refuseResponse(evidence: NtlmEvidence, readings: readonly NtlmNames[]): Denied | undefined {
  const scheme = classifyResponses(evidence);
  if (scheme === undefined) return refuse("there is no response", "LOGON_FAILURE");
  if (!isAllowed(scheme, evidence.minimum))
    return { kind: "denied", reason: "policy", why: `${scheme} is weaker than this listener takes` };
  if (readings.length > 0) return undefined;
  return refuse("the name is empty, too long or has control characters", "INVALID_ACCOUNT_NAME");
}

/** Without the key nobody could check the MIC: a service that forgets it would switch that off. */
function withKey(verdict: Verdict, evidence: NtlmEvidence, host: string): Verdict | Unavailable {
  if (verdict.kind !== "accepted") return verdict;
  if (verdict.sessionBaseKey === undefined)
    return unavailable(`${host} accepts an NTLM response without sessionBaseKey`);
  const scheme = verdict.scheme ?? classifyResponses(evidence);
  return { ...verdict, scheme };
}

function withoutKey(verdict: Verdict): Verdict {
  if (verdict.kind !== "accepted") return verdict;
  return { kind: "accepted", identity: verdict.identity };
}

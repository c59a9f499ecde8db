/** Why a response is not right, for an operator who knows the password: what it is right for (MS-NLMP 3.3.1, 3.3.2). */
import type { NtlmLogon } from "./acceptor.ts";
import { guessNames, rightGuess, type NameGuess } from "./guesses.ts";
import { ntHash } from "./hashes.ts";
import type { NameReading } from "./names.ts";
import { ntlm2SessionChallenge, version1Response } from "./ntlmv1.ts";
import { verifyResponses, type Hashes, type ResponseEvidence } from "./responses.ts";

/**
 * Says in words what would have made the response right, or that nothing known would: `hashes` are the right
 * password's, `known` the names it belongs to. undefined when the response is right as it is.
 */
export function diagnose(logon: NtlmLogon, hashes: Hashes, known: readonly NameReading[]): string | undefined {
  const { evidence, scheme } = logon;
  if (verifyResponses(hashes, evidence)) return undefined;
  const weaker = verifyResponses(hashes, { ...evidence, minimum: "lm" });
  if (weaker)
    return `the ${weaker.scheme} response is right, but not accepted here: the minimum is ${evidence.minimum}`;
  const misplaced = rightElsewhere(evidence, hashes);
  if (misplaced !== undefined) return misplaced;
  const empty = verifyResponses({ nt: ntHash("") }, { ...evidence, minimum: "lm" });
  if (empty) return `the ${empty.scheme} response was computed with an empty password`;
  if (scheme !== "NTLMv2" && scheme !== "LMv2")
    return `the ${scheme} response was computed with another password or for another challenge`;
  const guesses = guessNames(logon, known);
  const guess = rightGuess(logon, hashes.nt, guesses);
  if (guess) return guessInWords(logon, guess);
  const forms = new Set(guesses.map(({ user, spelling }) => `${spelling} ${user}`)).size;
  const domains = new Set(guesses.map(({ domain }) => domain)).size;
  const tried = `${forms} forms of the user name and ${domains} domains were tried`;
  return `the ${scheme} response was computed with another password or for another challenge (${tried})`;
}

/** "the NTLMv2 response is right, but for domain ...". */
export function guessInWords({ evidence, scheme }: NtlmLogon, { user, domain, spelling }: NameGuess): string {
  const sent = evidence.names[0];
  const differences: string[] = [];
  if (user !== sent?.user) differences.push(`for user ${quote(user)}`);
  if (spelling !== "upper-cased")
    differences.push(spelling === "as it is" ? "with the user name not upper-cased" : "with the user name lower-cased");
  if (domain !== sent?.domain) differences.push(domain === "" ? "for an empty domain" : `for domain ${quote(domain)}`);
  const asSent = `sent were user ${quote(sent?.user ?? "")}, domain ${quote(sent?.domain ?? "")}`;
  return `the ${scheme} response is right, but ${differences.join(" and ")}; ${asSent}`;
}

/** Version 1 responses of this password where, or of a kind that, the messages do not announce. */
export function rightElsewhere(evidence: ResponseEvidence, hashes: Hashes): string | undefined {
  const { ntResponse, lmResponse, serverChallenge, extendedSessionSecurity } = evidence;
  const plain = version1Response(hashes.nt, serverChallenge);
  if (plain.equals(lmResponse)) return "the LM field holds a right NTLMv1 response, the NT field none that is right";
  if (ntResponse.length !== VERSION1_LENGTH) return undefined;
  if (plain.equals(ntResponse))
    return "the NT response is a right NTLMv1 one, but extended session security was agreed: NTLM2 session was wanted";
  const session = ntlm2SessionChallenge(serverChallenge, lmResponse.subarray(0, 8));
  if (!extendedSessionSecurity && version1Response(hashes.nt, session).equals(ntResponse))
    return "the NT response is a right NTLM2 session one, but extended session security was not agreed";
  if (hashes.lm && version1Response(hashes.lm, serverChallenge).equals(ntResponse))
    return "the NT field holds a right LM response";
  return undefined;
}

function quote(text: string): string {
  return JSON.stringify(text);
}

const VERSION1_LENGTH = 24;

/** Why a response is not right, for an operator who knows the password: what it is right for (MS-NLMP 3.3.2). */
import type { NtlmLogon } from "./acceptor.ts";
import { AvId, avValue } from "./av-pairs.ts";
import { ntHash, unicode } from "./hashes.ts";
import { hmacMd5 } from "./md5.ts";
import type { NameReading } from "./names.ts";
import { ntProofStr, PROOF_LENGTH } from "./ntlmv2.ts";
import { verifyResponses, type Hashes, type ResponseEvidence } from "./responses.ts";
import { upperCaseSimple } from "./upper-case.ts";

/** Accounts and domains worth trying: the work grows with users times domains, about 10 microseconds each. */
const CANDIDATE_LIMIT = 24;

/**
 * Says in words what would have made the response right, or that nothing known would: `hashes` are the right
 * password's, `known` the names it belongs to. undefined when the response is right as it is.
 */
export function diagnose(logon: NtlmLogon, hashes: Hashes, known: readonly NameReading[]): string | undefined {
  const { evidence } = logon;
  if (verifyResponses(hashes, evidence)) return undefined;
  const weaker = verifyResponses(hashes, { ...evidence, minimum: "lm" });
  if (weaker)
    return `the ${weaker.scheme} response is right, but not accepted here: the minimum is ${evidence.minimum}`;
  const empty = verifyResponses({ nt: ntHash("") }, { ...evidence, minimum: "lm" });
  if (empty) return `the ${empty.scheme} response was computed with an empty password`;
  if (logon.scheme === "NTLMv2" || logon.scheme === "LMv2") return diagnoseNames(logon, hashes.nt, known);
  return `the ${logon.scheme} response was computed with another password or for another challenge`;
}

function diagnoseNames(logon: NtlmLogon, ntHash: Uint8Array, known: readonly NameReading[]): string {
  const { evidence, scheme } = logon;
  const response = scheme === "NTLMv2" ? evidence.ntResponse : evidence.lmResponse;
  const users = candidateUsers(evidence, known);
  const domains = candidateDomains(logon, known);
  for (const user of users) {
    for (const domain of domains) {
      const key = hmacMd5(ntHash, unicode(user.hashed + domain));
      const proof = ntProofStr(key, evidence.serverChallenge, response.subarray(PROOF_LENGTH));
      if (proof.equals(response.subarray(0, PROOF_LENGTH))) return inWords(scheme, user, domain, evidence);
    }
  }
  const tried = `${users.length} forms of the user name and ${domains.length} domains were tried`;
  return `the ${scheme} response was computed with another password or for another challenge (${tried})`;
}

interface CandidateUser {
  readonly text: string;
  /** What goes into the hash. */
  readonly hashed: string;
  readonly isUpperCased: boolean;
}

/** Names as sent and as known, whole and split at `\` and `@`; upper-cased as is right, then as they are. */
function candidateUsers(evidence: ResponseEvidence, known: readonly NameReading[]): readonly CandidateUser[] {
  const texts = [...evidence.names, ...known].flatMap(({ user, domain }) => [
    user,
    ...split(user),
    `${domain}\\${user}`,
    `${user}@${domain}`,
  ]);
  const users = unique(texts).map((text) => ({ text, hashed: upperCaseSimple(text), isUpperCased: true }));
  const asIs = users.filter(({ text, hashed }) => text !== hashed);
  return [...users, ...asIs.map(({ text }) => ({ text, hashed: text, isUpperCased: false }))];
}

/** Domains as sent, as known, as the server called itself, and none; each as it is and in both cases. */
function candidateDomains(logon: NtlmLogon, known: readonly NameReading[]): readonly string[] {
  const { evidence, pending } = logon;
  const ownNames = OWN_NAMES.map((id) => avValue(pending.targetInfo, id)?.toString("utf16le") ?? "");
  const named = [...evidence.names, ...known].flatMap(({ user, domain }) => [domain, ...split(user)]);
  const texts = ["", ...named, ...ownNames, evidence.workstation];
  return unique(texts.flatMap((text) => [text, upperCaseSimple(text), text.toLowerCase()]));
}

function inWords(scheme: string, user: CandidateUser, domain: string, evidence: ResponseEvidence): string {
  const sent = evidence.names[0];
  const differences: string[] = [];
  if (user.text !== sent?.user) differences.push(`for user ${quote(user.text)}`);
  if (!user.isUpperCased) differences.push("with the user name not upper-cased");
  if (domain !== sent?.domain) differences.push(domain === "" ? "for an empty domain" : `for domain ${quote(domain)}`);
  const asSent = `sent were user ${quote(sent?.user ?? "")}, domain ${quote(sent?.domain ?? "")}`;
  return `the ${scheme} response is right, but ${differences.join(" and ")}; ${asSent}`;
}

function split(name: string): readonly string[] {
  return name.split(/[\\@]/).filter((part) => part !== name && part !== "");
}

function unique(texts: readonly string[]): readonly string[] {
  return [...new Set(texts)].slice(0, CANDIDATE_LIMIT);
}

function quote(text: string): string {
  return JSON.stringify(text);
}

const OWN_NAMES = [
  AvId.MsvAvNbDomainName,
  AvId.MsvAvNbComputerName,
  AvId.MsvAvDnsDomainName,
  AvId.MsvAvDnsComputerName,
  AvId.MsvAvDnsTreeName,
];

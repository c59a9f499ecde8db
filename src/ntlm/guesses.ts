/** The names that an NTLMv2 key may wrongly have been made with (MS-NLMP 3.3.2): what clients and people confuse. */
import type { NtlmLogon } from "./acceptor.ts";
import { AvId, avValue, type AvPair } from "./av-pairs.ts";
import { unicode } from "./hashes.ts";
import { hmacMd5 } from "./md5.ts";
import type { NameReading } from "./names.ts";
import { ntProofStr, PROOF_LENGTH } from "./ntlmv2.ts";
import type { ResponseEvidence } from "./responses.ts";
import { upperCaseSimple } from "./upper-case.ts";

/** Accounts and domains worth trying: the work grows with users times domains, about 10 microseconds each. */
const CANDIDATE_LIMIT = 24;

/** User and domain that a key may have been made with. */
export interface NameGuess {
  readonly user: string;
  readonly domain: string;
  /** How the user's name went into the key: "upper-cased" is right. */
  readonly spelling: "upper-cased" | "as it is" | "lower-cased";
  /** UNICODE(user + domain), the input of NTOWFv2. */
  readonly hashed: Buffer;
}

/** Every user with every domain, likely ones first; `known` are names that the account or the server has. */
export function guessNames(logon: NtlmLogon, known: readonly NameReading[]): readonly NameGuess[] {
  const serverNames = namesOfServer(logon);
  const domains = candidateDomains(logon.evidence, serverNames, known);
  return candidateUsers(logon.evidence, serverNames, known).flatMap(({ text, spelling, hashed }) =>
    domains.map((domain) => ({ user: text, domain, spelling, hashed: unicode(hashed + domain) })),
  );
}

/** The guess whose key, made with this NT hash, has made the response; undefined when none has. */
export function rightGuess(
  { evidence, scheme }: Pick<NtlmLogon, "evidence" | "scheme">,
  ntHash: Uint8Array,
  guesses: readonly NameGuess[],
): NameGuess | undefined {
  const response = scheme === "NTLMv2" ? evidence.ntResponse : evidence.lmResponse;
  const proof = Buffer.from(response.subarray(0, PROOF_LENGTH));
  const temp = response.subarray(PROOF_LENGTH);
  return guesses.find(({ hashed }) =>
    ntProofStr(hmacMd5(ntHash, hashed), evidence.serverChallenge, temp).equals(proof),
  );
}

interface CandidateUser {
  readonly text: string;
  readonly spelling: NameGuess["spelling"];
  readonly hashed: string;
}

/** Names as sent and as known, whole, split at `\` and `@` and joined; upper-cased as is right, then as they are. */
function candidateUsers(
  { names }: ResponseEvidence,
  serverNames: readonly string[],
  known: readonly NameReading[],
): readonly CandidateUser[] {
  const readings = [...names, ...known];
  const texts = unique([
    ...readings.flatMap(({ user, domain }) => [user, ...split(user), ...joined(user, domain)]),
    ...serverNames.flatMap((domain) => joined(names[0]?.user ?? "", domain)),
  ]);
  const spelled = (spelling: NameGuess["spelling"], spell: (text: string) => string) =>
    texts.map((text) => ({ text, spelling, hashed: spell(text) }));
  const right = spelled("upper-cased", upperCaseSimple);
  const wrong = [...spelled("as it is", (text) => text), ...spelled("lower-cased", (text) => text.toLowerCase())];
  const seen = new Set(right.map(({ hashed }) => hashed));
  return [...right, ...wrong.filter(({ hashed }) => !seen.has(hashed) && seen.add(hashed))];
}

/** Domains as sent, as known, as the server called itself, and none; each as it is and in both cases. */
function candidateDomains(
  evidence: ResponseEvidence,
  serverNames: readonly string[],
  known: readonly NameReading[],
): readonly string[] {
  const named = [...evidence.names, ...known].flatMap(({ user, domain }) => [domain, ...split(user)]);
  const texts = ["", ...named, ...serverNames, evidence.workstation];
  return unique(texts.flatMap((text) => [text, upperCaseSimple(text), text.toLowerCase()]));
}

/** As its CHALLENGE says, or, without one, as the client repeats it. */
function namesOfServer({ pending, clientChallenge }: NtlmLogon): readonly string[] {
  const lists: readonly (readonly AvPair[])[] = [pending.targetInfo, clientChallenge?.pairs ?? []];
  return lists.flatMap((pairs) => OWN_NAMES.flatMap((id) => avValue(pairs, id)?.toString("utf16le") ?? []));
}

const OWN_NAMES = [
  AvId.MsvAvNbDomainName,
  AvId.MsvAvNbComputerName,
  AvId.MsvAvDnsDomainName,
  AvId.MsvAvDnsComputerName,
  AvId.MsvAvDnsTreeName,
];

function split(name: string): readonly string[] {
  return name.split(/[\\@]/).filter((part) => part !== name && part !== "");
}

function joined(user: string, domain: string): readonly string[] {
  return domain === "" ? [] : [`${domain}\\${user}`, `${user}@${domain}`];
}

function unique(texts: readonly string[]): readonly string[] {
  return [...new Set(texts)].slice(0, CANDIDATE_LIMIT);
}

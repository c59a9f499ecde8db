/** Are the responses right? Verification as MS-NLMP 3.2.5.1.2 and 3.3 have it, with the retries real clients need. */
import { timingSafeEqual } from "node:crypto";
import { unicode } from "./hashes.ts";
import { hmacMd5 } from "./md5.ts";
import { lmSessionBaseKey, ntlm2SessionChallenge, version1Response, version1SessionBaseKey } from "./ntlmv1.ts";
import { PROOF_LENGTH, version2SessionBaseKey } from "./ntlmv2.ts";
import { isAscii, upperCaseAscii, upperCaseSimple, upperCaseVariants } from "./upper-case.ts";
import type { NameReading } from "./names.ts";
import { isAllowed, type Minimum, type Scheme } from "./scheme.ts";

export type { Minimum, Scheme } from "./scheme.ts";

/** Everything a judge needs to recompute the responses of one exchange. */
export interface ResponseEvidence {
  /** At least one reading, the likeliest first. */
  readonly names: readonly NameReading[];
  readonly workstation: string;
  /** 8 bytes. */
  readonly serverChallenge: Uint8Array;
  readonly ntResponse: Uint8Array;
  readonly lmResponse: Uint8Array;
  /** As agreed in the CHALLENGE: a 24-byte NT response is then NTLM2 session. */
  readonly extendedSessionSecurity: boolean;
  /** Responses weaker than this are not tried. */
  readonly minimum: Minimum;
}

/** What a judge knows of an account: 16 bytes each. */
export interface Hashes {
  readonly nt: Uint8Array;
  readonly lm?: Uint8Array;
}

export interface ResponseMatch {
  readonly scheme: Scheme;
  /** The user as sent, in the reading that was right. */
  readonly user: string;
  /** The domain that the key was made with: as sent, upper-cased, or empty. Version 1 has no domain in its key: as sent. */
  readonly domain: string;
  /** 16 bytes. */
  readonly sessionBaseKey: Buffer;
}

/**
 * Tries the NT response, then LMv2, then LM, none weaker than `evidence.minimum`; undefined when nothing is right.
 * The work is bounded: at most four readings, six user names and three domains, and one of each for ASCII names.
 */
export function verifyResponses(hashes: Hashes, evidence: ResponseEvidence): ResponseMatch | undefined {
  const { ntResponse, lmResponse, minimum } = evidence;
  const isVersion1 = ntResponse.length === VERSION1_LENGTH;
  const byNt = isVersion1 ? verifyVersion1(hashes, evidence) : verifyVersion2(hashes, evidence, "NTLMv2");
  if (byNt || lmResponse.length !== VERSION1_LENGTH) return byNt;
  const byLmv2 = verifyVersion2(hashes, evidence, "LMv2");
  if (byLmv2 || !isAllowed("LM", minimum)) return byLmv2;
  return verifyLm(hashes, evidence);
}

/** The strings an NTLMv2 key can have been made with, for every reading, likeliest first. */
export function* keyStrings(names: readonly NameReading[]): Generator<KeyStrings> {
  for (const { user, domain } of names) {
    for (const keyDomain of new Set([domain, upperCaseSimple(domain), ""])) {
      for (const keyUser of upperCaseVariants(user)) {
        yield { user, domain: keyDomain, hashed: unicode(keyUser + keyDomain) };
      }
      // curl widens each UTF-8 byte to a UTF-16 unit, upper-casing ASCII only.
      if (!isAscii(user + keyDomain)) {
        yield { user, domain: keyDomain, hashed: unicode(widenUtf8(upperCaseAscii(user) + keyDomain)) };
      }
    }
  }
}

export interface KeyStrings {
  readonly user: string;
  readonly domain: string;
  /** UNICODE(user + domain), the input of NTOWFv2. */
  readonly hashed: Buffer;
}

function verifyVersion2(hashes: Hashes, evidence: ResponseEvidence, scheme: Scheme): ResponseMatch | undefined {
  const response = scheme === "NTLMv2" ? evidence.ntResponse : evidence.lmResponse;
  if (response.length < VERSION1_LENGTH) return undefined;
  const proof = response.subarray(0, PROOF_LENGTH);
  const covered = response.subarray(PROOF_LENGTH);
  for (const { user, domain, hashed } of keyStrings(evidence.names)) {
    const ntowfv2 = hmacMd5(hashes.nt, hashed);
    if (!timingSafeEqual(hmacMd5(ntowfv2, evidence.serverChallenge, covered), proof)) continue;
    return { scheme, user, domain, sessionBaseKey: version2SessionBaseKey(ntowfv2, response) };
  }
  return undefined;
}

function verifyVersion1(hashes: Hashes, evidence: ResponseEvidence): ResponseMatch | undefined {
  const { ntResponse, lmResponse, serverChallenge } = evidence;
  const scheme = version1Scheme(evidence);
  if (!isAllowed(scheme, evidence.minimum)) return undefined;
  const clientChallenge = lmResponse.subarray(0, 8);
  const challenge = scheme === "NTLMv1" ? serverChallenge : ntlm2SessionChallenge(serverChallenge, clientChallenge);
  if (!timingSafeEqual(version1Response(hashes.nt, challenge), ntResponse)) return undefined;
  return { scheme, ...namesAsSent(evidence), sessionBaseKey: version1SessionBaseKey(hashes.nt) };
}

function verifyLm(hashes: Hashes, evidence: ResponseEvidence): ResponseMatch | undefined {
  if (hashes.lm === undefined) return undefined;
  const expected = version1Response(hashes.lm, evidence.serverChallenge);
  if (!timingSafeEqual(expected, evidence.lmResponse)) return undefined;
  return { scheme: "LM", ...namesAsSent(evidence), sessionBaseKey: lmSessionBaseKey(hashes.lm) };
}

/**
 * What a 24-byte NT response is: with extended session security agreed, the LM field starts with the client's
 * challenge; clients that leave the LM field empty (Cyrus SASL) mean plain NTLMv1 all the same.
 */
function version1Scheme(evidence: Omit<ResponseEvidence, "minimum">): Scheme {
  return evidence.extendedSessionSecurity && evidence.lmResponse.length >= 8 ? "NTLM2 session" : "NTLMv1";
}

/**
 * The strongest scheme that the responses can be, by their lengths alone; undefined when there are none. An LM field
 * without an NT response is LMv2 or LM, which only computing can tell: LMv2 is said.
 */
export function classifyResponses(evidence: Omit<ResponseEvidence, "minimum">): Scheme | undefined {
  if (evidence.ntResponse.length > VERSION1_LENGTH) return "NTLMv2";
  if (evidence.ntResponse.length === VERSION1_LENGTH) return version1Scheme(evidence);
  const hasLm = evidence.lmResponse.length >= VERSION1_LENGTH && evidence.lmResponse.some((byte) => byte !== 0);
  return hasLm ? "LMv2" : undefined;
}

function namesAsSent(evidence: ResponseEvidence): NameReading {
  const { user, domain } = evidence.names[0]!;
  return { user, domain };
}

function widenUtf8(text: string): string {
  return Buffer.from(text, "utf8").toString("latin1");
}

const VERSION1_LENGTH = 24;

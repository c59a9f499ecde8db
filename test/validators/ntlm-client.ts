/** NTLM evidence as clients give it, for asking validators. */
import { randomBytes } from "node:crypto";
import type { NtlmEvidence, NtlmMinimum } from "../../src/core/evidence.ts";
import { AvId, avText } from "../../src/ntlm/av-pairs.ts";
import { ntHash, ntowfv2 } from "../../src/ntlm/hashes.ts";
import { ntlm2SessionChallenge, ntlm2SessionLmField, version1Response } from "../../src/ntlm/ntlmv1.ts";
import { encodeClientChallenge, ntProofStr } from "../../src/ntlm/ntlmv2.ts";

export interface Attempt {
  readonly user: string;
  readonly domain?: string;
  readonly password: string;
  readonly minimum?: NtlmMinimum;
  /** The domain in the key where it is not the one in the field. */
  readonly hashedDomain?: string;
  /** MsvAvNbComputerName, which version 2 repeats from the CHALLENGE_MESSAGE. */
  readonly computer?: string;
}

export function version2(attempt: Attempt): NtlmEvidence {
  const { user, domain = "", password, hashedDomain = domain } = attempt;
  const serverChallenge = randomBytes(8);
  const pairs = attempt.computer === undefined ? [] : [avText(AvId.MsvAvNbComputerName, attempt.computer)];
  const temp = encodeClientChallenge({ timestamp: 1n, challenge: randomBytes(8), pairs, trailer: Buffer.alloc(4) });
  const proof = ntProofStr(ntowfv2(ntHash(password), user, hashedDomain), serverChallenge, temp);
  return {
    ...common(attempt, serverChallenge),
    ntResponse: Buffer.concat([proof, temp]),
    lmResponse: new Uint8Array(24),
  };
}

export function ntlm2Session(attempt: Attempt): NtlmEvidence {
  const [serverChallenge, clientChallenge] = [randomBytes(8), randomBytes(8)];
  const challenge = ntlm2SessionChallenge(serverChallenge, clientChallenge);
  const ntResponse = version1Response(ntHash(attempt.password), challenge);
  return { ...common(attempt, serverChallenge), ntResponse, lmResponse: ntlm2SessionLmField(clientChallenge) };
}

export function version1(attempt: Attempt): NtlmEvidence {
  const serverChallenge = randomBytes(8);
  const ntResponse = version1Response(ntHash(attempt.password), serverChallenge);
  const evidence = { ...common(attempt, serverChallenge), ntResponse, lmResponse: ntResponse };
  return { ...evidence, extendedSessionSecurity: false };
}

function common({ user, domain = "", minimum = "v2" }: Attempt, serverChallenge: Uint8Array) {
  return { names: [{ user, domain }], workstation: "PC", serverChallenge, extendedSessionSecurity: true, minimum };
}

/** Both sides of an NTLMv2 exchange about a password that was sent in clear (MS-NLMP 3.3.2). */
import { randomBytes, timingSafeEqual } from "node:crypto";
import type { TargetNames } from "../../core/validator.ts";
import { AvId, avText } from "../../ntlm/av-pairs.ts";
import { computeResponses } from "../../ntlm/client-responses.ts";
import type { Question } from "./request.ts";

export interface OwnExchange {
  readonly question: Question;
  /** 16 bytes: what a Yes to this question, and to no other, comes with. */
  readonly sessionBaseKey: Buffer;
}

/** Without `names` the response repeats none, which controllers let pass. */
export function respond(user: string, domain: string, password: string, names: TargetNames | undefined): OwnExchange {
  const serverChallenge = randomBytes(8);
  const targetInfo = names && [
    avText(AvId.MsvAvNbDomainName, names.netbiosDomain),
    avText(AvId.MsvAvNbComputerName, names.netbiosComputer),
  ];
  const credentials = { user, domain, password, clientChallenge: randomBytes(8), time: fileTime() };
  const challenge = { serverChallenge, ...(targetInfo && { targetInfo }) };
  const { ntResponse, sessionBaseKey } = computeResponses(credentials, challenge, "NTLMv2");
  return { question: { user, domain, challenge: serverChallenge, ntResponse }, sessionBaseKey };
}

export function sameKey(one: Uint8Array, other: Uint8Array): boolean {
  return one.length === other.length && timingSafeEqual(one, other);
}

/** Now, in 100 ns since 1601. */
function fileTime(): bigint {
  return BigInt(Date.now()) * 10_000n + 116_444_736_000_000_000n;
}

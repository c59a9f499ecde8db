/** The responses that a client computes from a password, MS-NLMP 3.3 and 3.1.5.1.2; nonces and time are given. */
import { AvFlag, AvId, avFlags, avText, avValue, type AvPair } from "./av-pairs.ts";
import { NtlmError } from "./error.ts";
import { lmHash, ntHash, ntowfv2 } from "./hashes.ts";
import type { Challenge } from "./messages/challenge.ts";
import {
  lmSessionBaseKey,
  ntlm2SessionChallenge,
  ntlm2SessionLmField,
  version1Response,
  version1SessionBaseKey,
} from "./ntlmv1.ts";
import { encodeClientChallenge, lmv2Response, ntProofStr, version2SessionBaseKey } from "./ntlmv2.ts";
import type { Scheme } from "./scheme.ts";

export interface Credentials {
  readonly user: string;
  readonly domain: string;
  readonly password: string;
}

/** What is computed from the password: both response fields and the key that follows from them. */
export interface Responses {
  readonly ntResponse: Buffer;
  readonly lmResponse: Buffer;
  readonly sessionBaseKey: Buffer;
}

export interface ResponseOptions extends Credentials {
  /** MsvAvChannelBindings, 16 bytes. */
  readonly channelBinding?: Uint8Array;
  /** ClientSuppliedTargetName: the service principal name, such as `imap/mail.example.com`. */
  readonly targetName?: string;
  /** UnverifiedTargetName: the name came from where an attacker could have put another. */
  readonly unverifiedTargetName?: boolean;
  /** NoLMResponseNTLMv1; true unless said otherwise. */
  readonly noLMResponseNTLMv1?: boolean;
  /** Connectionless: no LM field at all beside an NTLMv2 response. */
  readonly datagram?: boolean;
  /** 8 random bytes. */
  readonly clientChallenge: Uint8Array;
  /** FILETIME of now, for servers that do not say what time it is. */
  readonly time: bigint;
}

type Asked = Pick<Challenge, "serverChallenge" | "targetInfo">;

/** MS-NLMP 3.3: the responses of a scheme. Throws NtlmError for LM with a password that has no LM hash. */
export function computeResponses(options: ResponseOptions, challenge: Asked, scheme: Scheme): Responses {
  if (scheme === "NTLMv2") return version2(options, challenge);
  if (scheme === "LMv2") return lanManager2(options, challenge);
  if (scheme === "LM") return lanManager(options.password, challenge);
  const nt = ntHash(options.password);
  const { clientChallenge, noLMResponseNTLMv1 = true } = options;
  const sessionBaseKey = version1SessionBaseKey(nt);
  if (scheme === "NTLM2 session") {
    const ntResponse = version1Response(nt, ntlm2SessionChallenge(challenge.serverChallenge, clientChallenge));
    return { ntResponse, lmResponse: ntlm2SessionLmField(clientChallenge), sessionBaseKey };
  }
  const ntResponse = version1Response(nt, challenge.serverChallenge);
  const lm = noLMResponseNTLMv1 ? undefined : lmHash(options.password);
  const lmResponse = lm ? version1Response(lm, challenge.serverChallenge) : ntResponse;
  return { ntResponse, lmResponse, sessionBaseKey };
}

/** Nobody in particular: section 3.2.5.1.2 knows such a logon by its single zero byte. */
export const ANONYMOUS_RESPONSES: Responses = {
  ntResponse: Buffer.alloc(0),
  lmResponse: Buffer.alloc(1),
  sessionBaseKey: Buffer.alloc(16),
};

/** Only a server that sends a timestamp gets a MIC (section 3.1.5.1.2). */
export function wantsMic(challenge: Pick<Challenge, "targetInfo">): boolean {
  return timestampOf(challenge) !== undefined;
}

function version2(options: ResponseOptions, challenge: Asked): Responses {
  const key = keyOf(options);
  const temp = encodeClientChallenge({
    timestamp: timestampOf(challenge) ?? options.time,
    challenge: Buffer.from(options.clientChallenge),
    pairs: clientPairs(options, challenge),
    trailer: Buffer.alloc(4),
  });
  const ntResponse = Buffer.concat([ntProofStr(key, challenge.serverChallenge, temp), temp]);
  const lmResponse = lmField(options, challenge, key);
  return { ntResponse, lmResponse, sessionBaseKey: version2SessionBaseKey(key, ntResponse) };
}

/** Section 3.1.5.1.2: a server that sends a timestamp gets no LMv2, and section 3.1.5.2.1: nor does a connectionless one. */
function lmField(options: ResponseOptions, challenge: Asked, key: Buffer): Buffer {
  if (options.datagram && challenge.targetInfo) return Buffer.alloc(0);
  if (wantsMic(challenge)) return Buffer.alloc(24);
  return lmv2Response(key, challenge.serverChallenge, options.clientChallenge);
}

function lanManager2(options: ResponseOptions, challenge: Asked): Responses {
  const key = keyOf(options);
  const lmResponse = lmv2Response(key, challenge.serverChallenge, options.clientChallenge);
  return { ntResponse: Buffer.alloc(0), lmResponse, sessionBaseKey: version2SessionBaseKey(key, lmResponse) };
}

function lanManager(password: string, challenge: Asked): Responses {
  const hash = lmHash(password);
  if (!hash) throw new NtlmError("unsupported", "this password has no LM hash");
  const lmResponse = version1Response(hash, challenge.serverChallenge);
  return { ntResponse: Buffer.alloc(0), lmResponse, sessionBaseKey: lmSessionBaseKey(hash) };
}

function keyOf({ password, user, domain }: Credentials): Buffer {
  return ntowfv2(ntHash(password), user, domain);
}

/** The server's pairs and ours; its own MsvAvFlags and the like give way. */
function clientPairs(options: ResponseOptions, challenge: Asked): readonly AvPair[] {
  const ours: AvPair[] = [];
  const flags =
    (wantsMic(challenge) ? AvFlag.micPresent : 0) | (options.unverifiedTargetName ? AvFlag.untrustedTargetName : 0);
  if (flags !== 0) ours.push(avFlags(flags));
  if (options.channelBinding) {
    ours.push({ id: AvId.MsvAvChannelBindings, value: Buffer.from(options.channelBinding) });
  }
  if (options.targetName !== undefined) ours.push(avText(AvId.MsvAvTargetName, options.targetName));
  const replaced = new Set(ours.map(({ id }) => id));
  return [...(challenge.targetInfo ?? []).filter(({ id }) => !replaced.has(id)), ...ours];
}

function timestampOf(challenge: Pick<Challenge, "targetInfo">): bigint | undefined {
  return avValue(challenge.targetInfo ?? [], AvId.MsvAvTimestamp)?.readBigUInt64LE();
}

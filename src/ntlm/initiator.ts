/** The client's side of an NTLM exchange, MS-NLMP 3.1.5.1, as pure functions: nonces, key and time are given. */
import { AvFlag, AvId, avFlags, avText, avValue, type AvPair } from "./av-pairs.ts";
import { NtlmError } from "./error.ts";
import { hasFlag, joinFlags, NegotiateFlag as Flag } from "./flags.ts";
import { lmHash, ntHash, ntowfv2, unicode } from "./hashes.ts";
import { keyExchangeKey } from "./keys.ts";
import { encodeAuthenticate, MIC_OFFSET } from "./messages/authenticate.ts";
import { decodeChallenge, type Challenge } from "./messages/challenge.ts";
import { encodeNegotiate } from "./messages/negotiate.ts";
import { messageIntegrityCode, NO_MIC } from "./mic.ts";
import {
  lmSessionBaseKey,
  ntlm2SessionChallenge,
  ntlm2SessionLmField,
  version1Response,
  version1SessionBaseKey,
} from "./ntlmv1.ts";
import { encodeClientChallenge, lmv2Response, ntProofStr, version2SessionBaseKey } from "./ntlmv2.ts";
import { rc4k } from "./rc4.ts";
import type { Scheme } from "./scheme.ts";
import { OUR_VERSION } from "./version.ts";

export interface Credentials {
  readonly user: string;
  readonly domain: string;
  readonly password: string;
}

export interface InitiatorOptions extends Credentials {
  /** Both messages as they went over the wire. */
  readonly negotiate: Uint8Array;
  readonly challenge: Uint8Array;
  readonly workstation?: string;
  /** NTLMv2 unless another is asked for. */
  readonly scheme?: Scheme;
  /** MsvAvChannelBindings, 16 bytes. */
  readonly channelBinding?: Uint8Array;
  /** The service principal name, such as `imap/mail.example.com`. */
  readonly targetName?: string;
  /** 8 random bytes. */
  readonly clientChallenge: Uint8Array;
  /** FILETIME of now, for servers that do not say what time it is. */
  readonly time: bigint;
  /** 16 random bytes, the session key if KEY_EXCH is agreed. */
  readonly exportedSessionKey: Uint8Array;
}

export interface Answer {
  /** The AUTHENTICATE_MESSAGE. */
  readonly message: Buffer;
  readonly exportedSessionKey: Buffer;
}

/** What is computed from the password: both response fields and the key that follows from them. */
export interface Responses {
  readonly ntResponse: Buffer;
  readonly lmResponse: Buffer;
  readonly sessionBaseKey: Buffer;
}

/** A NEGOTIATE_MESSAGE as Windows mail clients send it; the two oldest schemes cannot have extended session security. */
export function negotiateMessage(scheme: Scheme = "NTLMv2"): Buffer {
  const isOld = scheme === "NTLMv1" || scheme === "LM";
  const flags = joinFlags(OFFERED, isOld ? 0 : Flag.NTLMSSP_NEGOTIATE_EXTENDED_SESSIONSECURITY);
  return encodeNegotiate({ flags, version: OUR_VERSION });
}

/** Answers a CHALLENGE_MESSAGE, with a MIC where the server sent a timestamp. Throws NtlmError when it is malformed. */
export function authenticateMessage(options: InitiatorOptions): Answer {
  const challenge = decodeChallenge(options.challenge);
  const scheme = options.scheme ?? "NTLMv2";
  const flags = (challenge.flags & ~TARGET_TYPES) >>> 0;
  const responses = computeResponses(options, challenge, scheme);
  const { serverChallenge } = challenge;
  const lm = lmHash(options.password);
  const key = keyExchangeKey({ ...responses, scheme, flags, serverChallenge, ...(lm ? { lmHash: lm } : {}) });
  const isExchanged = hasFlag(flags, Flag.NTLMSSP_NEGOTIATE_KEY_EXCH);
  const exportedSessionKey = isExchanged ? Buffer.from(options.exportedSessionKey) : key;
  const encode = hasFlag(flags, Flag.NTLMSSP_NEGOTIATE_UNICODE) ? unicode : (text: string) => Buffer.from(text, "utf8");
  const message = encodeAuthenticate({
    ...responses,
    flags,
    encryptedRandomSessionKey: isExchanged ? rc4k(key, exportedSessionKey) : Buffer.alloc(0),
    domain: encode(options.domain),
    user: encode(options.user),
    workstation: encode(options.workstation ?? ""),
    version: OUR_VERSION,
    mic: NO_MIC,
  });
  if (scheme === "NTLMv2" && hasTimestamp(challenge)) {
    const { negotiate } = options;
    message.set(messageIntegrityCode(exportedSessionKey, negotiate, options.challenge, message), MIC_OFFSET);
  }
  return { message, exportedSessionKey };
}

export type ResponseOptions = Credentials &
  Pick<InitiatorOptions, "channelBinding" | "targetName" | "clientChallenge" | "time">;

/** MS-NLMP 3.3: the responses of a scheme. Throws NtlmError for LM with a password that has no LM hash. */
export function computeResponses(
  options: ResponseOptions,
  challenge: Pick<Challenge, "serverChallenge" | "targetInfo">,
  scheme: Scheme,
): Responses {
  const nt = ntHash(options.password);
  if (scheme === "NTLMv2" || scheme === "LMv2") return version2(options, challenge, scheme);
  if (scheme === "LM") return lanManager(options.password, challenge);
  const isSession = scheme === "NTLM2 session";
  const { serverChallenge } = challenge;
  const effective = isSession ? ntlm2SessionChallenge(serverChallenge, options.clientChallenge) : serverChallenge;
  const ntResponse = version1Response(nt, effective);
  const lm = lmHash(options.password);
  const lmField = lm ? version1Response(lm, serverChallenge) : ntResponse;
  return {
    ntResponse,
    lmResponse: isSession ? ntlm2SessionLmField(options.clientChallenge) : lmField,
    sessionBaseKey: version1SessionBaseKey(nt),
  };
}

type Asked = Pick<Challenge, "serverChallenge" | "targetInfo">;

function version2(options: ResponseOptions, challenge: Asked, scheme: Scheme): Responses {
  const key = ntowfv2(ntHash(options.password), options.user, options.domain);
  const lmv2 = lmv2Response(key, challenge.serverChallenge, options.clientChallenge);
  if (scheme === "LMv2") {
    return { ntResponse: Buffer.alloc(0), lmResponse: lmv2, sessionBaseKey: version2SessionBaseKey(key, lmv2) };
  }
  const temp = encodeClientChallenge({
    timestamp: timestampOf(challenge) ?? options.time,
    challenge: Buffer.from(options.clientChallenge),
    pairs: clientPairs(options, challenge),
    trailer: Buffer.alloc(4),
  });
  const ntResponse = Buffer.concat([ntProofStr(key, challenge.serverChallenge, temp), temp]);
  // Section 3.1.5.1.2: a server that sends a timestamp gets no LMv2.
  const lmResponse = hasTimestamp(challenge) ? Buffer.alloc(24) : lmv2;
  return { ntResponse, lmResponse, sessionBaseKey: version2SessionBaseKey(key, ntResponse) };
}

function lanManager(password: string, challenge: Asked): Responses {
  const hash = lmHash(password);
  if (!hash) throw new NtlmError("unsupported", "this password has no LM hash");
  const lmResponse = version1Response(hash, challenge.serverChallenge);
  return { ntResponse: Buffer.alloc(0), lmResponse, sessionBaseKey: lmSessionBaseKey(hash) };
}

/** The server's pairs and ours; its own MsvAvFlags and the like give way. */
function clientPairs(options: ResponseOptions, challenge: Asked): readonly AvPair[] {
  const ours: AvPair[] = [];
  if (hasTimestamp(challenge)) ours.push(avFlags(AvFlag.micPresent));
  if (options.channelBinding) {
    ours.push({ id: AvId.MsvAvChannelBindings, value: Buffer.from(options.channelBinding) });
  }
  if (options.targetName !== undefined) ours.push(avText(AvId.MsvAvTargetName, options.targetName));
  const replaced = new Set(ours.map(({ id }) => id));
  return [...(challenge.targetInfo ?? []).filter(({ id }) => !replaced.has(id)), ...ours];
}

function timestampOf(challenge: Asked): bigint | undefined {
  return avValue(challenge.targetInfo ?? [], AvId.MsvAvTimestamp)?.readBigUInt64LE();
}

function hasTimestamp(challenge: Asked): boolean {
  return timestampOf(challenge) !== undefined;
}

const TARGET_TYPES = joinFlags(Flag.NTLMSSP_TARGET_TYPE_DOMAIN, Flag.NTLMSSP_TARGET_TYPE_SERVER);

const OFFERED = joinFlags(
  Flag.NTLMSSP_NEGOTIATE_UNICODE,
  Flag.NTLM_NEGOTIATE_OEM,
  Flag.NTLMSSP_REQUEST_TARGET,
  Flag.NTLMSSP_NEGOTIATE_SIGN,
  Flag.NTLMSSP_NEGOTIATE_NTLM,
  Flag.NTLMSSP_NEGOTIATE_ALWAYS_SIGN,
  Flag.NTLMSSP_NEGOTIATE_VERSION,
  Flag.NTLMSSP_NEGOTIATE_128,
  Flag.NTLMSSP_NEGOTIATE_KEY_EXCH,
  Flag.NTLMSSP_NEGOTIATE_56,
);

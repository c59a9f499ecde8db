/** The client's side of an NTLM exchange, MS-NLMP 3.1.5, as pure functions: nonces, key and time are given. */
import { hasFlag, joinFlags, NegotiateFlag as Flag } from "./flags.ts";
import { DEFAULT_CLIENT_POLICY, check128bit, checkBlocked, schemeAnswered, withholdsLm } from "./client-policy.ts";
import type { ClientPolicy } from "./client-policy.ts";
import { ANONYMOUS_RESPONSES, computeResponses, wantsMic } from "./client-responses.ts";
import type { ResponseOptions, Responses } from "./client-responses.ts";
import { NtlmError } from "./error.ts";
import { lmHash, unicode } from "./hashes.ts";
import { keyExchangeKey } from "./keys.ts";
import { encodeAuthenticate, MIC_OFFSET } from "./messages/authenticate.ts";
import { decodeChallenge, type Challenge } from "./messages/challenge.ts";
import { decodeNegotiate, encodeNegotiate } from "./messages/negotiate.ts";
import { messageIntegrityCode, NO_MIC } from "./mic.ts";
import { encodeOem, type OemCharset } from "./oem.ts";
import { rc4k } from "./rc4.ts";
import type { Scheme } from "./scheme.ts";
import { OUR_VERSION } from "./version.ts";

export { computeResponses, type Credentials, type ResponseOptions, type Responses } from "./client-responses.ts";
export { DEFAULT_CLIENT_POLICY, type ClientPolicy, type LmCompatibilityLevel } from "./client-policy.ts";

export interface InitiatorOptions extends Omit<ResponseOptions, "noLMResponseNTLMv1" | "datagram"> {
  /** Both messages as they went over the wire; connectionless exchanges have no NEGOTIATE_MESSAGE: empty. */
  readonly negotiate: Uint8Array;
  readonly challenge: Uint8Array;
  readonly workstation?: string;
  /** What lmCompatibilityLevel says (NTLMv2) unless one is asked for by name. */
  readonly scheme?: Scheme;
  readonly policy?: Partial<ClientPolicy>;
  /** In which names go to a server that takes no Unicode; UTF-8 unless said otherwise. */
  readonly oemCharset?: OemCharset;
  /** 16 random bytes, the session key if KEY_EXCH is agreed. */
  readonly exportedSessionKey: Uint8Array;
}

export interface Answer {
  /** The AUTHENTICATE_MESSAGE. */
  readonly message: Buffer;
  readonly exportedSessionKey: Buffer;
  /** What both sides have agreed to: for session security. */
  readonly flags: number;
}

/** What an application asks of the session, MS-NLMP 3.1.1.2. */
export interface SessionRequest {
  /** Signatures: true unless said otherwise, SPNEGO protects its own negotiation with them. */
  readonly integrity?: boolean;
  /** Encryption: false unless said otherwise. */
  readonly confidentiality?: boolean;
  /** The server may know who we are, and not act as us. */
  readonly identify?: boolean;
}

/** ClientConfigFlags for a scheme: as Windows mail clients have them. The two oldest cannot have extended session security. */
export function clientConfigFlags(scheme: Scheme = "NTLMv2", request: SessionRequest = {}): number {
  const { integrity = true, confidentiality = false, identify = false } = request;
  const isOld = scheme === "NTLMv1" || scheme === "LM";
  return joinFlags(
    ALWAYS_OFFERED,
    isOld ? 0 : Flag.NTLMSSP_NEGOTIATE_EXTENDED_SESSIONSECURITY,
    integrity ? Flag.NTLMSSP_NEGOTIATE_SIGN : 0,
    confidentiality ? Flag.NTLMSSP_NEGOTIATE_SEAL : 0,
    identify ? Flag.NTLMSSP_NEGOTIATE_IDENTIFY : 0,
  );
}

/** A NEGOTIATE_MESSAGE without names: servers give them no weight. */
export function negotiateMessage(scheme: Scheme = "NTLMv2", flags = clientConfigFlags(scheme)): Buffer {
  return encodeNegotiate({
    flags,
    ...(hasFlag(flags, Flag.NTLMSSP_NEGOTIATE_VERSION) ? { version: OUR_VERSION } : {}),
  });
}

/**
 * Answers a CHALLENGE_MESSAGE, with a MIC where the server sent a timestamp; no user and no password make an anonymous
 * logon. Throws NtlmError: "malformed" messages, "policy" where ours forbids an answer, "unsupported" where the server
 * did not agree to what the scheme needs or its character set cannot say the names.
 */
export function authenticateMessage(options: InitiatorOptions): Answer {
  const policy: ClientPolicy = { ...DEFAULT_CLIENT_POLICY, ...options.policy };
  checkBlocked(policy, options.targetName);
  const challenge = decodeChallenge(options.challenge);
  const isAnonymous = options.user === "" && options.password === "";
  const flags = agreedFlags(challenge, options.negotiate, isAnonymous);
  check128bit(policy, flags);
  const scheme = checkScheme(options.scheme ?? schemeAnswered(policy.lmCompatibilityLevel, flags), flags);
  const datagram = hasFlag(flags, Flag.NTLMSSP_NEGOTIATE_DATAGRAM);
  const asked = { ...options, noLMResponseNTLMv1: withholdsLm(policy), datagram };
  const responses = isAnonymous ? ANONYMOUS_RESPONSES : computeResponses(asked, challenge, scheme);
  const key = isAnonymous
    ? responses.sessionBaseKey
    : exchangeKey(options.password, responses, challenge, scheme, flags);
  const isExchanged = hasFlag(flags, Flag.NTLMSSP_NEGOTIATE_KEY_EXCH);
  const exportedSessionKey = isExchanged ? Buffer.from(options.exportedSessionKey) : key;
  const message = encodeAuthenticate({
    ...responses,
    ...encodeNames(options, flags),
    flags,
    encryptedRandomSessionKey: isExchanged ? rc4k(key, exportedSessionKey) : Buffer.alloc(0),
    ...(hasFlag(flags, Flag.NTLMSSP_NEGOTIATE_VERSION) ? { version: OUR_VERSION } : {}),
    mic: NO_MIC,
  });
  if (scheme === "NTLMv2" && !isAnonymous && wantsMic(challenge)) {
    const { negotiate } = options;
    message.set(messageIntegrityCode(exportedSessionKey, negotiate, options.challenge, message), MIC_OFFSET);
  }
  return { message, exportedSessionKey, flags };
}

/** Of what the server says only what was offered to it, or needs no offer; connectionless servers speak first. */
function agreedFlags(challenge: Challenge, negotiate: Uint8Array, isAnonymous: boolean): number {
  const offered = negotiate.length === 0 ? CONNECTIONLESS : decodeNegotiate(negotiate).flags;
  const agreed = (challenge.flags & joinFlags(offered, Flag.NTLMSSP_NEGOTIATE_TARGET_INFO, CHARSETS)) >>> 0;
  return joinFlags(agreed, isAnonymous ? Flag.NTLMSSP_NEGOTIATE_ANONYMOUS : 0);
}

/** A scheme that was asked for is never exchanged for a weaker one without a word. */
function checkScheme(scheme: Scheme, flags: number): Scheme {
  const isExtended = hasFlag(flags, Flag.NTLMSSP_NEGOTIATE_EXTENDED_SESSIONSECURITY);
  if (scheme !== "NTLM2 session" || isExtended) return scheme;
  throw new NtlmError("unsupported", "the server does not agree to NTLM2 session responses");
}

function exchangeKey(
  password: string,
  responses: Responses,
  { serverChallenge }: Challenge,
  scheme: Scheme,
  flags: number,
): Buffer {
  const lm = scheme === "NTLMv1" ? lmHash(password) : undefined;
  return keyExchangeKey({ ...responses, scheme, flags, serverChallenge, ...(lm ? { lmHash: lm } : {}) });
}

type NameFields = Record<"domain" | "user" | "workstation", Buffer>;

function encodeNames(options: InitiatorOptions, flags: number): NameFields {
  const { user, domain, workstation = "", oemCharset = "utf-8" } = options;
  const isUnicode = hasFlag(flags, Flag.NTLMSSP_NEGOTIATE_UNICODE);
  const encode = (name: string): Buffer => {
    const bytes = isUnicode ? unicode(name) : encodeOem(name, oemCharset);
    if (bytes === undefined) throw new NtlmError("unsupported", `a name that ${oemCharset} has no characters for`);
    return bytes;
  };
  return { domain: encode(domain), user: encode(user), workstation: encode(workstation) };
}

const CHARSETS = joinFlags(Flag.NTLMSSP_NEGOTIATE_UNICODE, Flag.NTLM_NEGOTIATE_OEM);

const ALWAYS_OFFERED = joinFlags(
  CHARSETS,
  Flag.NTLMSSP_REQUEST_TARGET,
  Flag.NTLMSSP_NEGOTIATE_NTLM,
  Flag.NTLMSSP_NEGOTIATE_ALWAYS_SIGN,
  Flag.NTLMSSP_NEGOTIATE_VERSION,
  Flag.NTLMSSP_NEGOTIATE_128,
  Flag.NTLMSSP_NEGOTIATE_KEY_EXCH,
  Flag.NTLMSSP_NEGOTIATE_56,
);

/** What a client takes of a server that speaks first (MS-NLMP 3.1.5.2.1). */
const CONNECTIONLESS = joinFlags(
  clientConfigFlags("NTLMv2", { confidentiality: true, identify: true }),
  Flag.NTLMSSP_NEGOTIATE_DATAGRAM,
);

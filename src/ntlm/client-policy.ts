/** What an initiator allows itself: the configuration variables of clients, MS-NLMP 3.1.1.1, under their own names. */
import { NtlmError } from "./error.ts";
import { hasFlag, NegotiateFlag as Flag } from "./flags.ts";
import type { Scheme } from "./scheme.ts";

/** Windows' LmCompatibilityLevel as it binds clients: which responses are sent (MS-NLMP, product behaviour of 3.1.1.1). */
export type LmCompatibilityLevel = 0 | 1 | 2 | 3 | 4 | 5;

export interface ClientPolicy {
  /** No server is answered, but those of the exceptions. */
  readonly clientBlocked: boolean;
  /** Service principal names (`imap/mail.example.com`) or the host names in them; upper and lower case are the same. */
  readonly clientBlockExceptions: readonly string[];
  /** A server that does not agree to 128-bit keys gets no answer. */
  readonly clientRequire128bitEncryption: boolean;
  /** With NTLMv1 the LM field repeats the NT response, so that no LM response can be attacked. */
  readonly noLMResponseNTLMv1: boolean;
  /** 0: LM and NTLMv1; 1: NTLM2 session if the server can; 2: the same without LM; 3 to 5: NTLMv2 only. */
  readonly lmCompatibilityLevel: LmCompatibilityLevel;
}

/** Windows' defaults since Windows 7, but for 128 bits: mail servers agree to them with SIGN or SEAL only. */
export const DEFAULT_CLIENT_POLICY: ClientPolicy = {
  clientBlocked: false,
  clientBlockExceptions: [],
  clientRequire128bitEncryption: false,
  noLMResponseNTLMv1: true,
  lmCompatibilityLevel: 3,
};

/** STATUS_NOT_SUPPORTED of section 3.1.5.1.2. Throws NtlmError "policy" where NTLM is blocked for this server. */
export function checkBlocked(policy: ClientPolicy, targetName: string | undefined): void {
  if (!policy.clientBlocked) return;
  const name = targetName?.toLowerCase() ?? "";
  const host = name.slice(name.indexOf("/") + 1);
  const isExcepted = policy.clientBlockExceptions.some((each) => [name, host].includes(each.toLowerCase()));
  if (targetName === undefined || !isExcepted) throw new NtlmError("policy", "NTLM is blocked here (ClientBlocked)");
}

/** SEC_E_UNSUPPORTED_FUNCTION of section 3.1.5.1.2. Throws NtlmError "policy" where the agreed keys are too short. */
export function check128bit(policy: ClientPolicy, flags: number): void {
  if (!policy.clientRequire128bitEncryption || hasFlag(flags, Flag.NTLMSSP_NEGOTIATE_128)) return;
  throw new NtlmError("policy", "the server does not agree to 128-bit keys (ClientRequire128bitEncryption)");
}

/** The scheme that a level starts with: what the NEGOTIATE_MESSAGE has to offer. */
export function schemeOffered(level: LmCompatibilityLevel): Scheme {
  if (level >= 3) return "NTLMv2";
  return level === 0 ? "NTLMv1" : "NTLM2 session";
}

/** The scheme that a level answers with: levels 1 and 2 fall back to NTLMv1 before servers without NTLM2. */
export function schemeAnswered(level: LmCompatibilityLevel, flags: number): Scheme {
  const scheme = schemeOffered(level);
  const isExtended = hasFlag(flags, Flag.NTLMSSP_NEGOTIATE_EXTENDED_SESSIONSECURITY);
  return scheme === "NTLM2 session" && !isExtended ? "NTLMv1" : scheme;
}

/** Levels 0 and 1 send LM responses beside NTLMv1, unless told not to; level 2 never does. */
export function withholdsLm(policy: ClientPolicy): boolean {
  return policy.noLMResponseNTLMv1 || policy.lmCompatibilityLevel >= 2;
}

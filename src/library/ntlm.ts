/**
 * `postern/ntlm`: NTLM for applications, both sides (MS-NLMP), and SPNEGO around it (RFC 4178). Needs no
 * other package, no socket and no file, and importing it does nothing.
 */

// Whole exchanges: start here.
export { channelBindingOf, createClient, type NtlmClient, type NtlmClientOptions } from "./ntlm/client.ts";
export {
  createServer,
  type NtlmAccepted,
  type NtlmAccount,
  type NtlmConnection,
  type NtlmRefused,
  type NtlmResult,
  type NtlmServer,
  type NtlmServerExchange,
  type NtlmServerOptions,
} from "./ntlm/server.ts";
export { NtlmError, type NtlmErrorCode } from "../ntlm/error.ts";

// What a server keeps of a password.
export { lmHash, ntHash, ntowfv2 } from "../ntlm/hashes.ts";

// What each side insists on.
export { DEFAULT_POLICY, type AcceptorPolicy, type Presence, type RefusalRule } from "../ntlm/policy.ts";
export { DEFAULT_CLIENT_POLICY, type ClientPolicy, type LmCompatibilityLevel } from "../ntlm/client-policy.ts";
export type { Targets } from "../ntlm/target-name.ts";
export type { Minimum, Scheme } from "../ntlm/scheme.ts";
export type { ChallengeDialect, Reveal } from "../ntlm/open-challenge.ts";
export type { SessionRequest } from "../ntlm/initiator.ts";
export type { OemCharset } from "../ntlm/oem.ts";
export type { TargetNames } from "../core/validator.ts";

// Signing and sealing after a logon.
export { SessionSecurity, SIGNATURE_LENGTH, type Role, type Sealed } from "../ntlm/session-security.ts";

// SPNEGO around either side.
export { SpnegoAcceptor, type SpnegoStep } from "../ntlm/spnego/acceptor.ts";
export { SpnegoInitiator } from "../ntlm/spnego/initiator.ts";

// The messages themselves.
export { decodeNegotiate, encodeNegotiate, type Negotiate } from "../ntlm/messages/negotiate.ts";
export { decodeChallenge, encodeChallenge, type Challenge } from "../ntlm/messages/challenge.ts";
export {
  decodeAuthenticate,
  encodeAuthenticate,
  type Authenticate,
  type AuthenticateFields,
} from "../ntlm/messages/authenticate.ts";
export { decodeClientChallenge, type ClientChallenge } from "../ntlm/ntlmv2.ts";
export { AvFlag, AvId, avName, avValue, type AvPair } from "../ntlm/av-pairs.ts";
export { flagNames, hasFlag, joinFlags, NegotiateFlag, type FlagName } from "../ntlm/flags.ts";
export type { NameReading } from "../ntlm/names.ts";
export type { Version } from "../ntlm/version.ts";

// The arithmetic, for who keeps hashes elsewhere and only wants a response verified or computed.
export {
  classifyResponses,
  verifyResponses,
  type Hashes,
  type ResponseEvidence,
  type ResponseMatch,
} from "../ntlm/responses.ts";
export { computeResponses, type Credentials, type ResponseOptions, type Responses } from "../ntlm/client-responses.ts";
export { channelBindingHash, tlsServerEndPoint } from "../ntlm/channel-binding.ts";

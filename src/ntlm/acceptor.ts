/**
 * The server's side of an NTLM exchange, MS-NLMP 3.2.5.1, in three steps: openChallenge, readAuthenticate and, once a
 * judge has recomputed the response and handed over its SessionBaseKey, confirm.
 */
import { AvFlag, AvId, avValue } from "./av-pairs.ts";
import { malformed } from "./error.ts";
import { hasFlag, NegotiateFlag as Flag } from "./flags.ts";
import { exportedSessionKeyOf, keyExchangeKey, KEY_LENGTH } from "./keys.ts";
import { decodeAuthenticate, type Authenticate } from "./messages/authenticate.ts";
import type { PendingChallenge } from "./open-challenge.ts";
import { decodeClientChallenge, type ClientChallenge } from "./ntlmv2.ts";
import { refused, type AcceptorPolicy, type Refusal } from "./policy.ts";
import { classifyResponses, type ResponseEvidence } from "./responses.ts";
import { brokenRule, brokenUnauthenticatedRule } from "./rules.ts";
import { isScheme, type Scheme } from "./scheme.ts";

export {
  adoptChallenge,
  openChallenge,
  type ChallengeDialect,
  type ChallengeOptions,
  type PendingChallenge,
  type TargetNames,
} from "./open-challenge.ts";
export { DEFAULT_POLICY, type AcceptorPolicy, type Presence, type Refusal, type RefusalRule } from "./policy.ts";

/** A well-formed AUTHENTICATE_MESSAGE that the policy lets through to a judge. */
export interface NtlmLogon {
  readonly kind: "logon";
  /** For the judge. */
  readonly evidence: ResponseEvidence;
  /** By the responses' lengths; an LM field alone counts as LMv2 until a judge has computed. */
  readonly scheme: Scheme;
  /** Of an NTLMv2 response. */
  readonly clientChallenge?: ClientChallenge;
  /** MsvAvFlags says so. */
  readonly micPresent: boolean;
  /** MsvAvChannelBindings is there and not all zeros. */
  readonly bindingPresent: boolean;
  /** The service principal name the client meant to log on to; undefined also when it says not to trust it. */
  readonly targetName?: string;
  readonly authenticate: Authenticate;
  /** The AUTHENTICATE_MESSAGE as received. */
  readonly message: Uint8Array;
  readonly pending: PendingChallenge;
  readonly policy: AcceptorPolicy;
  /** MsvAvChannelBindings of this connection, 16 bytes. */
  readonly channelBinding?: Uint8Array;
}

/**
 * Reads the answer. What the policy refuses whatever the password is refused here, before anything is computed.
 * Throws NtlmError when the message is malformed. `channelBinding` is this connection's, 16 bytes.
 */
export function readAuthenticate(
  message: Uint8Array,
  pending: PendingChallenge,
  policy: AcceptorPolicy,
  channelBinding?: Uint8Array,
): NtlmLogon | Refusal {
  const authenticate = decodeAuthenticate(message, pending.flags);
  checkSessionKey(authenticate, pending);
  const evidence: ResponseEvidence = {
    names: authenticate.names,
    workstation: authenticate.workstation,
    serverChallenge: pending.serverChallenge,
    ntResponse: authenticate.ntResponse,
    lmResponse: authenticate.lmResponse,
    extendedSessionSecurity: hasFlag(agreedFlags(authenticate, pending), EXTENDED),
    minimum: policy.minimum,
  };
  const scheme = classifyResponses(evidence);
  if (authenticate.names[0]?.user === "") return nobody(scheme);
  if (scheme === undefined) return refused("no-response", "a user name, but no response");
  const clientChallenge = scheme === "NTLMv2" ? decodeClientChallenge(authenticate.ntResponse) : undefined;
  const logon: NtlmLogon = {
    kind: "logon",
    evidence,
    scheme,
    ...describeClientChallenge(clientChallenge),
    authenticate,
    message,
    pending,
    policy,
    ...(channelBinding ? { channelBinding } : {}),
  };
  return brokenUnauthenticatedRule(logon, policy, scheme) ?? logon;
}

/**
 * The checks that only mean something once the response was right: MIC, channel binding, echo of our TargetInfo.
 * `sessionBaseKey` and `scheme` are the judge's; one that does not say which response was right means the strongest.
 * undefined means that the logon stands.
 */
export function confirm(logon: NtlmLogon, sessionBaseKey: Uint8Array, scheme?: string): Refusal | undefined {
  const proven = isScheme(scheme) ? scheme : logon.scheme;
  return brokenRule(logon, logon.policy, proven, () =>
    exportedSessionKey({ ...logon, scheme: proven }, sessionBaseKey),
  );
}

/** What another policy would say to a logon that was right, as far as that can be told without its keys. */
export function wouldRefuse(logon: NtlmLogon, policy: AcceptorPolicy, scheme = logon.scheme): Refusal | undefined {
  return brokenRule(logon, policy, scheme);
}

/** The key of session security and of the MIC, 16 bytes. Throws NtlmError where it needs an LM hash that is not given. */
export function exportedSessionKey(logon: NtlmLogon, sessionBaseKey: Uint8Array, lmHash?: Uint8Array): Buffer {
  const { flags, lmResponse, encryptedRandomSessionKey } = logon.authenticate;
  const { serverChallenge } = logon.pending;
  const material = { scheme: logon.scheme, flags, sessionBaseKey, serverChallenge, lmResponse };
  const key = keyExchangeKey(lmHash ? { ...material, lmHash } : material);
  return exportedSessionKeyOf(key, flags, encryptedRandomSessionKey);
}

/** Connection-oriented servers keep to what the CHALLENGE said; without connections the client has the last word. */
function agreedFlags(authenticate: Authenticate, pending: PendingChallenge): number {
  return hasFlag(pending.flags, Flag.NTLMSSP_NEGOTIATE_DATAGRAM) ? authenticate.flags : pending.flags;
}

const EXTENDED = Flag.NTLMSSP_NEGOTIATE_EXTENDED_SESSIONSECURITY;

/** SEC_E_INVALID_TOKEN of MS-NLMP 3.2.5.1.2: an agreed key exchange needs a whole key. */
function checkSessionKey({ flags, encryptedRandomSessionKey }: Authenticate, pending: PendingChallenge): void {
  const isAgreed =
    hasFlag(flags, Flag.NTLMSSP_NEGOTIATE_KEY_EXCH) && hasFlag(pending.flags, Flag.NTLMSSP_NEGOTIATE_KEY_EXCH);
  if (isAgreed && encryptedRandomSessionKey.length !== KEY_LENGTH) {
    throw malformed(`EncryptedRandomSessionKey of ${encryptedRandomSessionKey.length} bytes`);
  }
}

function nobody(scheme: Scheme | undefined): Refusal {
  return scheme === undefined
    ? refused("anonymous", "an anonymous logon")
    : refused("no-user", "a response, but no user name");
}

type Described = Pick<NtlmLogon, "clientChallenge" | "micPresent" | "bindingPresent" | "targetName">;

function describeClientChallenge(clientChallenge: ClientChallenge | undefined): Described {
  if (clientChallenge === undefined) return { micPresent: false, bindingPresent: false };
  const { pairs } = clientChallenge;
  const flags = avValue(pairs, AvId.MsvAvFlags)?.readUInt32LE() ?? 0;
  const target = hasFlag(flags, AvFlag.untrustedTargetName) ? undefined : avValue(pairs, AvId.MsvAvTargetName);
  return {
    clientChallenge,
    micPresent: hasFlag(flags, AvFlag.micPresent),
    bindingPresent: avValue(pairs, AvId.MsvAvChannelBindings)?.some((byte) => byte !== 0) ?? false,
    ...(target ? { targetName: target.toString("utf16le") } : {}),
  };
}

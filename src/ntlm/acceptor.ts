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
import { refused, type AcceptorPolicy, type ChooseTerms, type Refusal, type Terms } from "./policy.ts";
import { classifyResponses, type ResponseEvidence } from "./responses.ts";
import { brokenRule, brokenUnauthenticatedRule } from "./rules.ts";
import { isScheme, weakest, type Scheme } from "./scheme.ts";

export {
  adoptChallenge,
  openChallenge,
  type ChallengeDialect,
  type ChallengeOptions,
  type PendingChallenge,
  type Reveal,
  type TargetNames,
} from "./open-challenge.ts";
export {
  DEFAULT_POLICY,
  type AcceptorPolicy,
  type ChooseTerms,
  type Presence,
  type Refusal,
  type RefusalRule,
  type Terms,
} from "./policy.ts";

/** A well-formed AUTHENTICATE_MESSAGE and its exchange, before any policy. */
export interface Received {
  /** By the responses' lengths; an LM field alone counts as LMv2 until a judge has computed. undefined without any. */
  readonly scheme: Scheme | undefined;
  /** Of an NTLMv2 response. */
  readonly clientChallenge?: ClientChallenge | undefined;
  /** MsvAvFlags says so. */
  readonly micPresent: boolean;
  /** MsvAvChannelBindings is there and not all zeros. */
  readonly bindingPresent: boolean;
  /** The service principal name the client meant to log on to; undefined also when it says not to trust it. */
  readonly targetName?: string | undefined;
  /** What the NEGOTIATE_MESSAGE offered. */
  readonly negotiateFlags: number;
  readonly authenticate: Authenticate;
  /** The AUTHENTICATE_MESSAGE as received. */
  readonly message: Uint8Array;
  readonly pending: PendingChallenge;
  /** MsvAvChannelBindings of this connection, 16 bytes. */
  readonly channelBinding?: Uint8Array | undefined;
  /** FILETIME at which it was received. */
  readonly now?: bigint | undefined;
}

/** A logon that some terms let through to a judge. */
export interface NtlmLogon extends Received {
  readonly kind: "logon";
  /** For the judge. */
  readonly evidence: ResponseEvidence;
  readonly scheme: Scheme;
  /** All terms that it can still stand on, lapsed ones too: a refusal says what they would have done. */
  readonly terms: readonly Terms[];
  /** What the ordinary terms have said already, where only an exception can let it in. */
  readonly otherwise?: Refusal | undefined;
}

/** Refused before any judge is asked. */
export interface EarlyRefusal extends Refusal {
  readonly received: Received;
}

/**
 * Reads the answer. What the policy refuses whatever the password is refused here, before anything is computed.
 * Throws NtlmError when the message is malformed. `channelBinding` is this connection's, 16 bytes; `now` a FILETIME,
 * needed only for a clock window.
 */
export function readAuthenticate(
  message: Uint8Array,
  pending: PendingChallenge,
  policy: AcceptorPolicy | ChooseTerms,
  channelBinding?: Uint8Array,
  now?: bigint,
): NtlmLogon | EarlyRefusal {
  const authenticate = decodeAuthenticate(message, pending.flags, pending.oemCharsets);
  checkSessionKey(authenticate, pending);
  const responses = responsesOf(authenticate, pending);
  const scheme = classifyResponses(responses);
  const clientChallenge = scheme === "NTLMv2" ? decodeClientChallenge(authenticate.ntResponse) : undefined;
  const said = readPairs(clientChallenge);
  const received: Received = {
    scheme,
    clientChallenge,
    micPresent: said.micPresent,
    bindingPresent: said.bindingPresent,
    targetName: said.targetName,
    negotiateFlags: offeredFlags(pending),
    authenticate,
    message,
    pending,
    channelBinding,
    now,
  };
  if (authenticate.names[0]?.user === "") return { ...nobody(scheme), received };
  if (scheme === undefined) return { ...refused("no-response", "a user name, but no response"), received };
  return admit(received, scheme, responses, termsFor(policy, authenticate));
}

/** Whether a judge need be asked at all, and for how weak a response. */
function admit(
  received: Received,
  scheme: Scheme,
  responses: Responses,
  offered: readonly Terms[],
): NtlmLogon | EarlyRefusal {
  const broken = offered.map(({ policy }) => brokenUnauthenticatedRule(received, policy, scheme));
  const terms = broken.some(Boolean) ? offered.filter((_, index) => !broken[index]) : offered;
  const otherwise = broken[0] && explained(broken[0], offered[0]!);
  const minima = terms.filter(({ lapsed }) => lapsed === undefined).map(({ policy }) => policy.minimum);
  // None in force is left, so the ordinary terms, which never lapse, have refused.
  if (minima.length === 0) return { ...withLapsed(otherwise!, terms[0]), received };
  const evidence = { ...responses, minimum: weakest(minima) };
  // Added, not spread: a copy of so many fields would cost a sixth of all that an NTLM logon computes.
  return Object.assign(received, { kind: "logon" as const, scheme, evidence, terms, otherwise });
}

/** The logon stands, on these terms. */
export interface Stands {
  readonly kind: "stands";
  readonly terms: Terms;
  /** What the ordinary terms say, where only an exception lets it in. */
  readonly otherwise?: Refusal | undefined;
}

/**
 * The checks that only mean something once the response was right: MIC, channel binding, target name, time, echo of our
 * TargetInfo. `sessionBaseKey` and `scheme` are the judge's; one that does not say which response was right means the
 * strongest, and one that hands over no key cannot satisfy who requires a MIC.
 */
export function settle(logon: NtlmLogon, sessionBaseKey: Uint8Array | undefined, scheme?: string): Stands | Refusal {
  const proven = isScheme(scheme) ? scheme : logon.scheme;
  const key = sessionBaseKey && (() => deriveSessionKey(logon, proven, sessionBaseKey));
  let first = logon.otherwise;
  let lapsed: Terms | undefined;
  for (const terms of logon.terms) {
    const broken = brokenRule(logon, terms.policy, proven, key) ?? (key ? undefined : unverifiable(terms.policy));
    if (!broken && terms.lapsed === undefined) return { kind: "stands", terms, otherwise: first };
    if (!broken) lapsed ??= terms;
    else first ??= explained(broken, terms);
  }
  return withLapsed(first!, lapsed);
}

function unverifiable({ mic }: AcceptorPolicy): Refusal | undefined {
  if (mic !== "require") return undefined;
  return refused("mic", "the validator gives no session key, so the required MIC cannot be verified");
}

/** As settle; undefined means that the logon stands. */
export function confirm(logon: NtlmLogon, sessionBaseKey: Uint8Array, scheme?: string): Refusal | undefined {
  const settled = settle(logon, sessionBaseKey, scheme);
  return settled.kind === "refused" ? settled : undefined;
}

/** What another policy would say to a logon that was right, as far as that can be told without its keys. */
export function wouldRefuse(logon: NtlmLogon, policy: AcceptorPolicy, scheme = logon.scheme): Refusal | undefined {
  return brokenRule(logon, policy, scheme);
}

/** The key of session security and of the MIC, 16 bytes. Throws NtlmError where it needs an LM hash that is not given. */
export function exportedSessionKey(logon: NtlmLogon, sessionBaseKey: Uint8Array, lmHash?: Uint8Array): Buffer {
  return deriveSessionKey(logon, logon.scheme, sessionBaseKey, lmHash);
}

/** `scheme`: the one that was right, which for a lone LM field only computing tells. */
function deriveSessionKey(
  { authenticate, pending }: Received,
  scheme: Scheme,
  sessionBaseKey: Uint8Array,
  lmHash?: Uint8Array,
): Buffer {
  const { flags, lmResponse, encryptedRandomSessionKey } = authenticate;
  const { serverChallenge } = pending;
  const material = { scheme, flags, sessionBaseKey, serverChallenge, lmResponse };
  const key = keyExchangeKey(lmHash ? { ...material, lmHash } : material);
  return exportedSessionKeyOf(key, flags, encryptedRandomSessionKey);
}

type Responses = Omit<ResponseEvidence, "minimum">;

function responsesOf(authenticate: Authenticate, pending: PendingChallenge): Responses {
  return {
    names: authenticate.names,
    workstation: authenticate.workstation,
    serverChallenge: pending.serverChallenge,
    ntResponse: authenticate.ntResponse,
    lmResponse: authenticate.lmResponse,
    extendedSessionSecurity: hasFlag(agreedFlags(authenticate, pending), EXTENDED),
  };
}

function termsFor(policy: AcceptorPolicy | ChooseTerms, { names }: Authenticate): readonly Terms[] {
  return typeof policy === "function" ? policy(names) : [{ policy }];
}

/** For the log: which rules made the terms so strict. */
function explained(refusal: Refusal, { tightenedBy = [] }: Terms): Refusal {
  if (tightenedBy.length === 0) return refusal;
  return { ...refusal, why: `${refusal.why} (rule ${tightenedBy.join(", ")})` };
}

/** For the log: that there was an exception, once. */
function withLapsed(refusal: Refusal, terms: Terms | undefined): Refusal {
  if (terms?.lapsed === undefined) return refusal;
  return { ...refusal, why: `${refusal.why}; exception ${terms.exception ?? ""} would allow it, but ${terms.lapsed}` };
}

/** Of the NEGOTIATE_MESSAGE; none where there was none. */
function offeredFlags({ negotiate }: PendingChallenge): number {
  let flags = 0;
  for (let at = NEGOTIATE_FLAGS + 3; at >= NEGOTIATE_FLAGS; at -= 1) flags = (flags << 8) | (negotiate[at] ?? 0);
  return flags >>> 0;
}

const NEGOTIATE_FLAGS = 12;

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

type SaidInPairs = Pick<Received, "micPresent" | "bindingPresent" | "targetName">;

const NOTHING_SAID: SaidInPairs = { micPresent: false, bindingPresent: false, targetName: undefined };

function readPairs(clientChallenge: ClientChallenge | undefined): SaidInPairs {
  if (clientChallenge === undefined) return NOTHING_SAID;
  const { pairs } = clientChallenge;
  const flags = avValue(pairs, AvId.MsvAvFlags)?.readUInt32LE() ?? 0;
  const target = hasFlag(flags, AvFlag.untrustedTargetName) ? undefined : avValue(pairs, AvId.MsvAvTargetName);
  return {
    micPresent: hasFlag(flags, AvFlag.micPresent),
    bindingPresent: avValue(pairs, AvId.MsvAvChannelBindings)?.some((byte) => byte !== 0) ?? false,
    targetName: target?.toString("utf16le"),
  };
}

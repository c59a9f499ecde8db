/** Vectors of kind "exchange": three recorded messages that a server knowing the password accepts if its policy allows the scheme. */
import {
  adoptChallenge,
  confirm,
  DEFAULT_POLICY,
  readAuthenticate,
  type AcceptorPolicy,
  type NtlmLogon,
  type PendingChallenge,
} from "../../src/ntlm/acceptor.ts";
import { channelBindingHash } from "../../src/ntlm/channel-binding.ts";
import { lmHash, ntHash } from "../../src/ntlm/hashes.ts";
import { exportedSessionKeyOf } from "../../src/ntlm/keys.ts";
import { decodeAuthenticate } from "../../src/ntlm/messages/authenticate.ts";
import { decodeNegotiate } from "../../src/ntlm/messages/negotiate.ts";
import { verifyResponses, type Hashes } from "../../src/ntlm/responses.ts";
import { isScheme, minimumFor, type Scheme } from "../../src/ntlm/scheme.ts";
import type { Comparison } from "./comparison.ts";
import { compareLogon, compareMessage } from "./computed.ts";
import { bytes, text, type Vector } from "./format.ts";
import { checkKeys, checkSealing } from "./sealing.ts";

export function checkExchange(vector: Vector, comparison: Comparison): void {
  comparison.ignore("result", "sessionKeyConfirmedBy", "verifiedBy");
  const { pending, authenticate } = readMessages(vector);
  const wanted = schemeOf(vector);
  const binding = bindingOf(vector);
  compareMessage(decodeAuthenticate(authenticate, pending.flags), pending, comparison);
  if (wanted === undefined) return checkAnonymous(vector, pending, authenticate, comparison);
  const policy: AcceptorPolicy = { ...DEFAULT_POLICY, minimum: minimumFor(wanted) };
  const logon = readAuthenticate(authenticate, pending, policy, binding);
  if (logon.kind === "refused") return comparison.fail(`refused: ${logon.why}`);
  checkAccepted(vector, logon, wanted, comparison);
  checkDefaultPolicy(authenticate, pending, wanted, comparison);
}

function checkAccepted(vector: Vector, logon: NtlmLogon, wanted: Scheme, comparison: Comparison): void {
  const hashes = hashesOf(vector);
  const match = verifyResponses(hashes, logon.evidence);
  if (match === undefined) return comparison.fail("the response is not recognised as right");
  comparison.check(match.scheme === wanted, `right as ${match.scheme}, expected ${wanted}`);
  const refusal = confirm(logon, match.sessionBaseKey, match.scheme);
  comparison.check(refusal === undefined, `refused after the proof: ${String(refusal?.why)}`);
  const key = compareLogon(vector, logon, match, hashes, comparison);
  checkKeys(key, logon.authenticate.flags, comparison);
  checkSealing(vector, key, logon.authenticate.flags, comparison);
  const other = verifyResponses({ nt: ntHash("another password entirely") }, logon.evidence);
  comparison.check(other === undefined, "right with another password as well");
}

function checkDefaultPolicy(
  authenticate: Buffer,
  pending: PendingChallenge,
  scheme: Scheme,
  comparison: Comparison,
): void {
  const isStrong = minimumFor(scheme) === DEFAULT_POLICY.minimum;
  const read = readAuthenticate(authenticate, pending, DEFAULT_POLICY);
  // An LM field alone could be LMv2 until it is computed: only verifying tells them apart.
  if (isStrong || scheme === "LM") return comparison.check(read.kind === "logon", "refused by the default policy");
  comparison.check(
    read.kind === "refused" && read.rule === "minimum",
    "the default policy lets a weak response through",
  );
}

/** A null session: refused whatever the policy; its keys follow from a SessionBaseKey of zeros. */
function checkAnonymous(vector: Vector, pending: PendingChallenge, bytes: Buffer, comparison: Comparison): void {
  const read = readAuthenticate(bytes, pending, { ...DEFAULT_POLICY, minimum: "lm" });
  comparison.check(read.kind === "refused" && read.rule === "anonymous", "an anonymous logon is let through");
  const { flags, encryptedRandomSessionKey } = decodeAuthenticate(bytes, pending.flags);
  const sessionBaseKey = Buffer.alloc(16);
  const key = exportedSessionKeyOf(sessionBaseKey, flags, encryptedRandomSessionKey);
  comparison.bytes("sessionBaseKey", sessionBaseKey);
  comparison.bytes("keyExchangeKey", sessionBaseKey);
  comparison.bytes("exportedSessionKey", key);
  comparison.bytes("ntHash", hashesOf(vector).nt);
  comparison.bytes("lmHash", hashesOf(vector).lm);
  checkKeys(key, flags, comparison);
  checkSealing(vector, key, flags, comparison);
}

/** The pending challenge and the answer to it; messages stand in one of two places. Throws NtlmError. */
export function readMessages({ messages, expect }: Vector): { pending: PendingChallenge; authenticate: Buffer } {
  const negotiate = bytes(messages, "negotiate") ?? bytes(expect, "negotiateMessage") ?? Buffer.alloc(0);
  const challenge = bytes(messages, "challenge") ?? bytes(expect, "challengeMessage") ?? Buffer.alloc(0);
  const authenticate = bytes(messages, "authenticate") ?? bytes(expect, "authenticateMessage") ?? Buffer.alloc(0);
  // Some captures begin with the challenge: connectionless ones have no first message at all.
  if (negotiate.length > 0) decodeNegotiate(negotiate);
  return { pending: adoptChallenge(negotiate, challenge), authenticate };
}

export function hashesOf({ inputs }: Vector): Hashes {
  const password = text(inputs, "password") ?? "";
  const lm = lmHash(password);
  return { nt: ntHash(password), ...(lm ? { lm } : {}) };
}

export function bindingOf({ inputs }: Vector): Buffer | undefined {
  const applicationData = bytes(inputs, "channelBinding");
  return applicationData && channelBindingHash(applicationData);
}

/** "NTLMv2 (domain as sent)", "LM only", "anonymous": the scheme in it; published examples do not say and are told by their inputs. */
function schemeOf({ inputs, expect }: Vector): Scheme | undefined {
  const verifiedBy = text(expect, "verifiedBy")?.replace(/ \(.*\)$| only.*$/g, "");
  if (verifiedBy === "anonymous") return undefined;
  if (isScheme(verifiedBy)) return verifiedBy;
  if (expect["ntProofStr"] !== undefined) return "NTLMv2";
  return inputs["ess"] === true ? "NTLM2 session" : "NTLMv1";
}

/** Vectors of kind "response": responses computed from fixed inputs, and recognised by the verifying side. */
import { AvId, avValue, decodeAvPairs } from "../../src/ntlm/av-pairs.ts";
import { channelBindingHash } from "../../src/ntlm/channel-binding.ts";
import { joinFlags, NegotiateFlag } from "../../src/ntlm/flags.ts";
import { lmHash, ntHash, ntowfv2 } from "../../src/ntlm/hashes.ts";
import { computeResponses } from "../../src/ntlm/initiator.ts";
import { keyExchangeKey } from "../../src/ntlm/keys.ts";
import { ntlm2SessionChallenge } from "../../src/ntlm/ntlmv1.ts";
import { encodeClientChallenge, lmv2Response, ntProofStr, version2SessionBaseKey } from "../../src/ntlm/ntlmv2.ts";
import { verifyResponses } from "../../src/ntlm/responses.ts";
import type { Scheme } from "../../src/ntlm/scheme.ts";
import type { Comparison } from "./comparison.ts";
import { bytes, text, type Values, type Vector } from "./format.ts";

export function checkResponse({ inputs, expect }: Vector, comparison: Comparison): void {
  const given = readInputs(inputs);
  comparison.bytes("ntHash", ntHash(given.password));
  comparison.bytes("lmHash", lmHash(given.password));
  const computed =
    expect["temp"] === undefined ? checkVersion1(given, inputs, comparison) : checkVersion2(given, inputs, comparison);
  comparison.bytes("ntResponse", computed.ntResponse);
  comparison.bytes("sessionBaseKey", computed.sessionBaseKey);
  checkKeyExchange(given, computed, comparison);
  checkVerifies(given, computed, comparison);
}

interface Computed {
  readonly scheme: Scheme;
  readonly ntResponse: Buffer;
  readonly lmResponse: Buffer;
  readonly sessionBaseKey: Buffer;
}

type Given = ReturnType<typeof readInputs>;

function readInputs(inputs: Values) {
  const pairs = bytes(inputs, "serverTargetInfo") ?? bytes(inputs, "targetInfo");
  return {
    user: text(inputs, "user") ?? "",
    domain: text(inputs, "domain") ?? "",
    password: text(inputs, "password") ?? "",
    serverChallenge: bytes(inputs, "serverChallenge") ?? Buffer.alloc(8),
    clientChallenge: bytes(inputs, "clientChallenge") ?? Buffer.alloc(8),
    time: bytes(inputs, "time")?.readBigUInt64LE() ?? 0n,
    ...(pairs ? { targetInfo: decodeAvPairs(pairs).pairs } : {}),
  };
}

function checkVersion1(given: Given, inputs: Values, comparison: Comparison): Computed {
  const scheme = inputs["ess"] === true ? "NTLM2 session" : "NTLMv1";
  const computed = computeResponses({ ...given, noLMResponseNTLMv1: false }, given, scheme);
  // A password without an LM hash leaves the LM field to the client: the vectors leave it out.
  const hasLmField = scheme === "NTLM2 session" || lmHash(given.password) !== undefined;
  comparison.bytes("lmResponse", hasLmField ? computed.lmResponse : undefined);
  comparison.bytes("effectiveChallenge", ntlm2SessionChallenge(given.serverChallenge, given.clientChallenge));
  return { scheme, ...computed };
}

function checkVersion2(given: Given, inputs: Values, comparison: Comparison): Computed {
  const key = ntowfv2(ntHash(given.password), given.user, given.domain);
  const sent = bytes(inputs, "clientTargetInfo") ?? bytes(inputs, "targetInfo") ?? Buffer.alloc(4);
  const trailer = Buffer.alloc(typeof inputs["trailer"] === "number" ? inputs["trailer"] : 4);
  const { time, clientChallenge, serverChallenge } = given;
  const { pairs } = decodeAvPairs(sent);
  const temp = encodeClientChallenge({ timestamp: time, challenge: clientChallenge, pairs, trailer });
  const proof = ntProofStr(key, serverChallenge, temp);
  const lmv2 = lmv2Response(key, serverChallenge, clientChallenge);
  const hasTimestamp = avValue(given.targetInfo ?? [], AvId.MsvAvTimestamp) !== undefined;
  const binding = bytes(inputs, "channelBinding");
  comparison.bytes("ntowfv2", key);
  comparison.bytes("temp", temp);
  comparison.bytes("ntProofStr", proof);
  comparison.bytes("lmResponse", lmv2);
  comparison.bytes("lmv2Response", lmv2);
  comparison.bytes("lmFieldToSend", hasTimestamp ? Buffer.alloc(24) : lmv2);
  comparison.bytes("lmv2SessionKey", version2SessionBaseKey(key, lmv2));
  comparison.bytes("channelBindingHash", binding && channelBindingHash(binding));
  const sessionBaseKey = version2SessionBaseKey(key, proof);
  return { scheme: "NTLMv2", ntResponse: Buffer.concat([proof, temp]), lmResponse: lmv2, sessionBaseKey };
}

function checkKeyExchange(given: Given, computed: Computed, comparison: Comparison): void {
  const lm = lmHash(given.password);
  const withFlags = (...flags: readonly number[]) =>
    keyExchangeKey({ ...computed, ...given, flags: joinFlags(...flags), ...(lm ? { lmHash: lm } : {}) });
  comparison.bytes("keyExchangeKey", withFlags());
  comparison.ignore("keyExchangeKeyLmKeyFlag", "keyExchangeKeyNonNtFlag");
  if (computed.scheme !== "NTLMv1" || !lm) return;
  comparison.bytes("keyExchangeKeyLmKeyFlag", withFlags(NegotiateFlag.NTLMSSP_NEGOTIATE_LM_KEY));
  comparison.bytes("keyExchangeKeyNonNtFlag", withFlags(NegotiateFlag.NTLMSSP_REQUEST_NON_NT_SESSION_KEY));
}

/** The verifying side knows the response, and knows it from one made with another password. */
function checkVerifies(given: Given, computed: Computed, comparison: Comparison): void {
  const evidence = {
    ...given,
    ...computed,
    names: [given],
    workstation: "",
    extendedSessionSecurity: computed.scheme === "NTLM2 session",
    minimum: "lm",
  } as const;
  const match = verifyResponses({ nt: ntHash(given.password) }, evidence);
  comparison.check(match?.scheme === computed.scheme, `verified as ${String(match?.scheme)}`);
  comparison.bytes("sessionBaseKey", match?.sessionBaseKey);
  const other = verifyResponses({ nt: ntHash(`${given.password}!`) }, evidence);
  comparison.check(other === undefined, "verified with another password");
}

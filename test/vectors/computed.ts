/** Comparing everything that is derived from a recorded exchange with what the vector says of it. */
import { exportedSessionKey, type NtlmLogon, type PendingChallenge } from "../../src/ntlm/acceptor.ts";
import { AvId, avValue } from "../../src/ntlm/av-pairs.ts";
import { joinFlags, NegotiateFlag } from "../../src/ntlm/flags.ts";
import { ntowfv2 } from "../../src/ntlm/hashes.ts";
import { keyExchangeKey } from "../../src/ntlm/keys.ts";
import type { Authenticate } from "../../src/ntlm/messages/authenticate.ts";
import { messageIntegrityCode } from "../../src/ntlm/mic.ts";
import { decodeClientChallenge } from "../../src/ntlm/ntlmv2.ts";
import { rc4k } from "../../src/ntlm/rc4.ts";
import type { Hashes, ResponseMatch } from "../../src/ntlm/responses.ts";
import type { Comparison } from "./comparison.ts";
import { bytes, type Vector } from "./format.ts";

/** What stands in the messages. */
export function compareMessage(authenticate: Authenticate, pending: PendingChallenge, comparison: Comparison): void {
  const key = authenticate.encryptedRandomSessionKey;
  comparison.value("workstation", authenticate.workstation);
  comparison.value("flags", `0x${authenticate.flags.toString(16).padStart(8, "0")}`);
  comparison.bytes("serverChallenge", pending.serverChallenge);
  comparison.bytes("ntResponse", authenticate.ntResponse);
  comparison.bytes("lmResponse", authenticate.lmResponse);
  comparison.bytes("encryptedRandomSessionKey", key.length === 0 ? undefined : key);
  // An 8-bit name has several readings, and only the response shows which was meant: compareLogon compares that one.
  if (authenticate.names.length === 1) comparison.value("user", authenticate.names[0]?.user);
  if (authenticate.names.length === 1) comparison.value("domain", authenticate.names[0]?.domain);
  compareClientChallenge(authenticate, comparison);
}

/** What follows from the right response; the exported session key, for what follows from that. */
export function compareLogon(
  vector: Vector,
  logon: NtlmLogon,
  match: ResponseMatch,
  hashes: Hashes,
  comparison: Comparison,
): Buffer {
  const { sessionBaseKey, scheme, user, domain } = match;
  const { flags, lmResponse } = logon.authenticate;
  const { serverChallenge } = logon.pending;
  const proven: NtlmLogon = { ...logon, scheme };
  const material = {
    scheme,
    flags,
    sessionBaseKey,
    serverChallenge,
    lmResponse,
    ...(hashes.lm ? { lmHash: hashes.lm } : {}),
  };
  comparison.bytes("ntHash", hashes.nt);
  comparison.bytes("lmHash", hashes.lm);
  comparison.value("user", user);
  comparison.value("keyDomain", domain);
  comparison.bytes("ntowfv2", ntowfv2(hashes.nt, user, domain));
  comparison.bytes("sessionBaseKey", sessionBaseKey);
  comparison.bytes("keyExchangeKey", keyExchangeKey(material));
  compareOtherKeys(vector, material, comparison);
  const key = exportedSessionKey(proven, sessionBaseKey, hashes.lm);
  comparison.bytes("exportedSessionKey", key);
  compareMic(logon, key, comparison);
  comparison.value("targetName", logon.targetName);
  return key;
}

function compareClientChallenge(authenticate: Authenticate, comparison: Comparison): void {
  comparison.ignore("temp", "ntProofStr", "avPairs", "blobTrailer", "time", "clientChallenge", "channelBindingHash");
  if (authenticate.ntResponse.length <= 24) {
    // Of the other schemes only NTLM2 session has a client challenge, and LMv2 has it at the end.
    const { lmResponse, ntResponse } = authenticate;
    return comparison.bytes(
      "clientChallenge",
      ntResponse.length === 24 ? lmResponse.subarray(0, 8) : lmResponse.subarray(16),
    );
  }
  const { challenge, pairs, trailer } = decodeClientChallenge(authenticate.ntResponse);
  comparison.bytes("temp", authenticate.ntResponse.subarray(16));
  comparison.bytes("ntProofStr", authenticate.ntResponse.subarray(0, 16));
  comparison.bytes("clientChallenge", challenge);
  comparison.bytes("time", authenticate.ntResponse.subarray(24, 32));
  comparison.bytes("blobTrailer", trailer);
  const listed = pairs.map(({ id, value }) => [`0x${id.toString(16).padStart(4, "0")}`, value.toString("hex")]);
  comparison.value("avPairs", listed);
  comparison.bytes("channelBindingHash", avValue(pairs, AvId.MsvAvChannelBindings));
}

function compareMic(logon: NtlmLogon, key: Uint8Array, comparison: Comparison): void {
  const { negotiate, message } = logon.pending;
  const mic = messageIntegrityCode(key, negotiate, message, logon.message);
  comparison.value("micPresent", logon.micPresent);
  if (!logon.micPresent) return comparison.ignore("mic", "micValid");
  // The vectors give the MIC that would be right, which an altered message does not carry.
  comparison.bytes("mic", mic);
  comparison.value("micValid", logon.authenticate.mic !== undefined && mic.equals(logon.authenticate.mic));
}

/** MS-NLMP 4.2.2 prints the keys of one exchange under other flags too, and the texts of our own encodings. */
function compareOtherKeys(
  vector: Vector,
  material: Parameters<typeof keyExchangeKey>[0],
  comparison: Comparison,
): void {
  comparison.ignore("negotiateMessage", "challengeMessage", "authenticateMessage");
  comparison.ignore("keyExchangeKeyWithLmKeyFlag", "encryptedRandomSessionKeyLmKey", "encryptedRandomSessionKeyNonNt");
  for (const name of ["negotiate", "challenge", "authenticate"]) {
    comparison.value(`${name}Base64`, bytes(vector.expect, `${name}Message`)?.toString("base64"));
  }
  const random = bytes(vector.inputs, "randomSessionKey");
  if (!random || material.scheme !== "NTLMv1" || !material.lmHash) return;
  const lmKey = keyExchangeKey({ ...material, flags: joinFlags(NegotiateFlag.NTLMSSP_NEGOTIATE_LM_KEY) });
  const nonNt = keyExchangeKey({ ...material, flags: joinFlags(NegotiateFlag.NTLMSSP_REQUEST_NON_NT_SESSION_KEY) });
  comparison.bytes("keyExchangeKeyWithLmKeyFlag", lmKey);
  comparison.bytes("encryptedRandomSessionKeyLmKey", rc4k(lmKey, random));
  comparison.bytes("encryptedRandomSessionKeyNonNt", rc4k(nonNt, random));
}

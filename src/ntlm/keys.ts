/** KeyExchangeKey and ExportedSessionKey, MS-NLMP 3.4.5.1 and 3.2.5.1.2. */
import { des } from "./des.ts";
import { NtlmError } from "./error.ts";
import { hasFlag, NegotiateFlag } from "./flags.ts";
import { hmacMd5 } from "./md5.ts";
import { lmSessionBaseKey } from "./ntlmv1.ts";
import { rc4k } from "./rc4.ts";
import type { Scheme } from "./scheme.ts";

export interface KeyMaterial {
  readonly scheme: Scheme;
  /** The flags agreed at the end of the exchange, unsigned. */
  readonly flags: number;
  /** 16 bytes. */
  readonly sessionBaseKey: Uint8Array;
  /** 8 bytes. */
  readonly serverChallenge: Uint8Array;
  readonly lmResponse: Uint8Array;
  /** Needed for NTLMv1 with LM_KEY or REQUEST_NON_NT_SESSION_KEY only. */
  readonly lmHash?: Uint8Array;
}

/** KXKEY: 16 bytes. Throws NtlmError where the flags ask for a key from an LM hash that is not known. */
export function keyExchangeKey(material: KeyMaterial): Buffer {
  const { scheme, flags, sessionBaseKey, lmResponse } = material;
  if (scheme === "NTLM2 session") {
    return hmacMd5(sessionBaseKey, material.serverChallenge, lmResponse.subarray(0, 8));
  }
  if (scheme === "NTLMv1") {
    if (hasFlag(flags, NegotiateFlag.NTLMSSP_NEGOTIATE_LM_KEY)) return lanManagerKey(lmHashOf(material), lmResponse);
    if (hasFlag(flags, NegotiateFlag.NTLMSSP_REQUEST_NON_NT_SESSION_KEY)) return lmSessionBaseKey(lmHashOf(material));
  }
  return Buffer.from(sessionBaseKey);
}

/** Under KEY_EXCH the client sent its own random key, encrypted; else the key exchange key is it. 16 bytes. */
export function exportedSessionKeyOf(keyExchangeKey: Buffer, flags: number, encryptedKey: Uint8Array): Buffer {
  const isExchanged = hasFlag(flags, NegotiateFlag.NTLMSSP_NEGOTIATE_KEY_EXCH) && encryptedKey.length === KEY_LENGTH;
  return isExchanged ? rc4k(keyExchangeKey, encryptedKey) : keyExchangeKey;
}

export const KEY_LENGTH = 16;

/** The "Lan Manager session key": two DES encryptions of the LM response, the second key filled with 0xBD. */
function lanManagerKey(lmHash: Uint8Array, lmResponse: Uint8Array): Buffer {
  const data = lmResponse.subarray(0, 8);
  if (data.length < 8) throw new NtlmError("unsupported", "LM_KEY agreed, but no LM response to make the key from");
  const secondKey = Buffer.alloc(7, 0xbd);
  secondKey[0] = lmHash[7]!;
  return Buffer.concat([des(lmHash.subarray(0, 7), data), des(secondKey, data)]);
}

function lmHashOf(material: KeyMaterial): Uint8Array {
  if (material.lmHash) return material.lmHash;
  throw new NtlmError("unsupported", "the agreed session key needs an LM hash, and none is known");
}

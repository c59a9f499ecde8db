/** Version 1 responses: LM, NTLM and NTLM2 session, MS-NLMP 3.3.1. */
import { desl } from "./des.ts";
import { md4 } from "./md4.ts";
import { md5 } from "./md5.ts";

/** DESL of an NT or LM hash over the 8-byte challenge: 24 bytes. */
export function version1Response(hash: Uint8Array, challenge: Uint8Array): Buffer {
  return desl(hash, challenge);
}

/** The challenge of an NTLM2 session response: the first 8 bytes of MD5 over both sides' challenges. */
export function ntlm2SessionChallenge(serverChallenge: Uint8Array, clientChallenge: Uint8Array): Buffer {
  return md5(serverChallenge, clientChallenge).subarray(0, 8);
}

/** The LM field that goes with an NTLM2 session response: the client's challenge and 16 zero bytes. */
export function ntlm2SessionLmField(clientChallenge: Uint8Array): Buffer {
  return Buffer.concat([clientChallenge, Buffer.alloc(16)]);
}

/** SessionBaseKey of NTLM and NTLM2 session: MD4 of the NT hash. */
export function version1SessionBaseKey(ntHash: Uint8Array): Buffer {
  return md4(ntHash);
}

/** The LM user session key: half the LM hash, as real Windows and Samba use it when there is only an LM response. */
export function lmSessionBaseKey(lmHash: Uint8Array): Buffer {
  return Buffer.concat([lmHash.subarray(0, 8), Buffer.alloc(8)]);
}

/** The message integrity code, MS-NLMP 3.1.5.1.2: one HMAC over all three messages as they went over the wire. */
import { hmacMd5 } from "./md5.ts";
import { MIC_LENGTH, MIC_OFFSET } from "./messages/authenticate.ts";

/** The MIC for raw messages, 16 bytes; whatever `authenticate` has in the MIC field counts as zeros. */
export function messageIntegrityCode(
  exportedSessionKey: Uint8Array,
  negotiate: Uint8Array,
  challenge: Uint8Array,
  authenticate: Uint8Array,
): Buffer {
  const before = authenticate.subarray(0, MIC_OFFSET);
  const behind = authenticate.subarray(MIC_OFFSET + MIC_LENGTH);
  return hmacMd5(exportedSessionKey, negotiate, challenge, before, NO_MIC, behind);
}

/** 16 zero bytes. */
export const NO_MIC = Buffer.alloc(MIC_LENGTH);

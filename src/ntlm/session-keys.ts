/** SIGNKEY and SEALKEY, MS-NLMP 3.4.5.2 and 3.4.5.3: what an ExportedSessionKey becomes under the agreed flags. */
import { hasFlag, NegotiateFlag as Flag } from "./flags.ts";
import { md5 } from "./md5.ts";

export type Direction = "client-to-server" | "server-to-client";

/** SIGNKEY, 16 bytes; undefined without extended session security, which has none. */
export function signKey(exportedSessionKey: Uint8Array, flags: number, direction: Direction): Buffer | undefined {
  if (!hasFlag(flags, Flag.NTLMSSP_NEGOTIATE_EXTENDED_SESSIONSECURITY)) return undefined;
  return md5(exportedSessionKey, magic(direction, "signing"));
}

/** SEALKEY, 16 bytes, or 8 for the weakened keys of LM_KEY. */
export function sealKey(exportedSessionKey: Uint8Array, flags: number, direction: Direction): Buffer {
  const key = Buffer.from(exportedSessionKey);
  const is56 = hasFlag(flags, Flag.NTLMSSP_NEGOTIATE_56);
  if (hasFlag(flags, Flag.NTLMSSP_NEGOTIATE_EXTENDED_SESSIONSECURITY)) {
    const weakened = is56 ? key.subarray(0, 7) : key.subarray(0, 5);
    const strength = hasFlag(flags, Flag.NTLMSSP_NEGOTIATE_128) ? key : weakened;
    return md5(strength, magic(direction, "sealing"));
  }
  const isWeak = hasFlag(flags, Flag.NTLMSSP_NEGOTIATE_LM_KEY) || hasFlag(flags, Flag.NTLMSSP_NEGOTIATE_DATAGRAM);
  if (!isWeak) return key;
  return is56 ? Buffer.concat([key.subarray(0, 7), TAIL_56]) : Buffer.concat([key.subarray(0, 5), TAIL_40]);
}

function magic(direction: Direction, use: "signing" | "sealing"): Buffer {
  return Buffer.from(`session key to ${direction} ${use} key magic constant\0`, "ascii");
}

const TAIL_56 = Buffer.from("a0", "hex");
const TAIL_40 = Buffer.from("e538b0", "hex");

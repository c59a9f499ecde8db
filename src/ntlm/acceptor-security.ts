/** Session security of the server's side, MS-NLMP 3.2.5.1.2 and 3.4: from a logon that was right to its keys. */
import { exportedSessionKeyOf, keyExchangeKey } from "./keys.ts";
import { decodeAuthenticate } from "./messages/authenticate.ts";
import type { PendingChallenge } from "./open-challenge.ts";
import type { Scheme } from "./scheme.ts";
import { SessionSecurity } from "./session-security.ts";

/**
 * `authenticate` is the AUTHENTICATE_MESSAGE that answered `pending`, `sessionBaseKey` (16 bytes) and `scheme` are the
 * judge's. Throws NtlmError where the flags ask for a key from an LM hash and `lmHash` is not given: no judge gives one.
 */
export function acceptorSecurity(
  pending: PendingChallenge,
  authenticate: Uint8Array,
  sessionBaseKey: Uint8Array,
  scheme: Scheme,
  lmHash?: Uint8Array,
): SessionSecurity {
  const { flags, lmResponse, encryptedRandomSessionKey } = decodeAuthenticate(
    authenticate,
    pending.flags,
    pending.oemCharsets,
  );
  const { serverChallenge } = pending;
  const key = keyExchangeKey({
    scheme,
    flags,
    sessionBaseKey,
    serverChallenge,
    lmResponse,
    ...(lmHash ? { lmHash } : {}),
  });
  // What the client does not repeat it does not do; what was not agreed it must not add.
  const agreed = (flags & pending.flags) >>> 0;
  return new SessionSecurity(exportedSessionKeyOf(key, flags, encryptedRandomSessionKey), agreed, "server");
}

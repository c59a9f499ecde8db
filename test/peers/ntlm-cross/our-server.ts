/** Our acceptor as a peer of foreign clients: one exchange, judged with a password that is known. */
import { acceptorSecurity } from "../../../src/ntlm/acceptor-security.ts";
import {
  confirm,
  exportedSessionKey,
  openChallenge,
  readAuthenticate,
  type AcceptorPolicy,
} from "../../../src/ntlm/acceptor.ts";
import type { PendingChallenge, TargetNames } from "../../../src/ntlm/acceptor.ts";
import { lmHash, ntHash } from "../../../src/ntlm/hashes.ts";
import type { NameReading } from "../../../src/ntlm/names.ts";
import { verifyResponses, type Scheme } from "../../../src/ntlm/responses.ts";
import type { SessionSecurity } from "../../../src/ntlm/session-security.ts";
import type { Random } from "./random.ts";

/** Everything that is there is checked. */
export const CHECKED: AcceptorPolicy = {
  minimum: "lm",
  mic: "verify-if-present",
  channelBinding: "verify-if-present",
  avEcho: "verify-if-present",
};

export const NAMES: TargetNames = {
  netbiosDomain: "CROSS",
  netbiosComputer: "POSTERN",
  dnsDomain: "cross.example",
  dnsComputer: "postern.cross.example",
  domainJoined: true,
};

export interface Judged {
  /** Which response was right, "wrong", or the rule that refused it. */
  readonly outcome: Scheme | "wrong" | string;
  readonly names: readonly NameReading[];
  readonly workstation: string;
  readonly targetName: string | undefined;
  readonly micPresent: boolean;
  /** Where the response was right. */
  readonly security?: SessionSecurity;
  /** ExportedSessionKey. */
  readonly key?: Buffer;
}

export function challengeFor(negotiate: Uint8Array, random: Random): PendingChallenge {
  return openChallenge(negotiate, { names: NAMES, serverChallenge: random.bytes(8), timestamp: filetime() });
}

export function judge(
  pending: PendingChallenge,
  authenticate: Uint8Array,
  password: string,
  policy: AcceptorPolicy = CHECKED,
  channelBinding?: Uint8Array,
): Judged {
  const logon = readAuthenticate(authenticate, pending, policy, channelBinding, filetime());
  if (logon.kind === "refused") {
    const { names, workstation } = logon.received.authenticate;
    return { outcome: logon.rule, names, workstation, targetName: undefined, micPresent: false };
  }
  const { names, workstation } = logon.authenticate;
  const judged = { names, workstation, targetName: logon.targetName, micPresent: logon.micPresent };
  const lm = lmHash(password);
  const match = verifyResponses({ nt: ntHash(password), ...(lm ? { lm } : {}) }, logon.evidence);
  if (!match) return { ...judged, outcome: "wrong" };
  const refusal = confirm(logon, match.sessionBaseKey, match.scheme);
  if (refusal) return { ...judged, outcome: refusal.rule };
  const security = acceptorSecurity(pending, authenticate, match.sessionBaseKey, match.scheme, lm);
  const key = exportedSessionKey({ ...logon, scheme: match.scheme }, match.sessionBaseKey, lm);
  return { ...judged, outcome: match.scheme, security, key };
}

/** Now, in 100-nanosecond steps since 1601. */
export function filetime(): bigint {
  return (BigInt(Date.now()) + 11_644_473_600_000n) * 10_000n;
}

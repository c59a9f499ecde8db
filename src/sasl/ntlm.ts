/**
 * NTLM as a SASL mechanism (MS-POP3, MS-OXIMAP, MS-SMTPNTLM): NEGOTIATE in, CHALLENGE out, AUTHENTICATE in. One mechanism
 * for all protocols; the bytes are the ntlm room's business, the account the validator's.
 */
import type { Verdict } from "../core/verdict.ts";
import { isPlausibleName } from "../core/identity.ts";
import {
  confirm,
  openChallenge,
  readAuthenticate,
  type ChallengeDialect,
  type NtlmLogon,
  type Refusal,
} from "../ntlm/acceptor.ts";
import { NtlmError } from "../ntlm/error.ts";
import type { AcceptorPolicy } from "../ntlm/policy.ts";
import { EMPTY, MalformedResponse, type Conclusion, type Exchange, type Mechanism } from "./mechanism.ts";

export interface NtlmSettings {
  readonly policy: AcceptorPolicy;
  /** The form of the CHALLENGE_MESSAGE. */
  readonly dialect: ChallengeDialect;
  /** 8 fresh random bytes, never the same twice. */
  readonly nonce: () => Uint8Array;
  /** Now, as a FILETIME. */
  readonly clock: () => bigint;
}

/** The mechanism under a listener's policy. */
export function ntlm(settings: NtlmSettings, name = "NTLM"): Mechanism<"ntlm"> {
  return {
    name,
    needs: "ntlm",
    plaintext: false,
    async *exchange(initial, judge, visit): Exchange {
      const negotiate = initial?.length ? initial : yield EMPTY;
      const pending = understand(() =>
        openChallenge(negotiate, {
          names: judge.ntlm.names(visit),
          serverChallenge: settings.nonce(),
          timestamp: settings.clock(),
          dialect: settings.dialect,
        }),
      );
      const authenticate = yield pending.message;
      const logon = understand(() => readAuthenticate(authenticate, pending, settings.policy, visit.channelBinding));
      if (logon.kind === "refused") return { verdict: refused(logon), claimed: "", password: undefined };
      return conclude(logon, await verify(logon, (evidence) => judge.ntlm.verify(evidence, visit)));
    },
  };
}

async function verify(
  logon: NtlmLogon,
  judge: (evidence: NtlmLogon["evidence"]) => Promise<Verdict>,
): Promise<Verdict> {
  const names = logon.evidence.names.filter((each) => isPlausibleName(each.user));
  if (names.length === 0) {
    return { kind: "denied", reason: "bad-credentials", why: "the user name is empty or has control characters" };
  }
  return judge({ ...logon.evidence, names });
}

/** Only a right response has a key, and only the key shows whether the messages arrived as they were sent (MIC). */
function conclude(logon: NtlmLogon, verdict: Verdict): Conclusion {
  const claimed = claimedName(logon);
  if (verdict.kind !== "accepted" || verdict.sessionBaseKey === undefined)
    return { verdict, claimed, password: undefined };
  const refusal = confirm(logon, verdict.sessionBaseKey, verdict.scheme ?? "");
  return { verdict: refusal ? refused(refusal, verdict.identity.user) : verdict, claimed, password: undefined };
}

function refused(refusal: Refusal, user?: string): Verdict {
  return { kind: "denied", reason: "policy", why: refusal.why, ...(user !== undefined && { user }) };
}

function claimedName({ evidence }: NtlmLogon): string {
  const { user = "", domain = "" } = evidence.names[0] ?? {};
  return domain === "" ? user : `${domain}\\${user}`;
}

/** What cannot be parsed is the client's malformed response. */
function understand<T>(read: () => T): T {
  try {
    return read();
  } catch (error) {
    if (error instanceof NtlmError) throw new MalformedResponse(error.message);
    throw error;
  }
}

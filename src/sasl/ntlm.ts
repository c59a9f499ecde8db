/**
 * NTLM as a SASL mechanism (MS-POP3, MS-OXIMAP, MS-SMTPNTLM): NEGOTIATE in, CHALLENGE out, AUTHENTICATE in. One mechanism
 * for all protocols; the bytes are the ntlm room's business, the account the validator's.
 */
import type { Answer } from "../core/answer.ts";
import type { NtlmNames } from "../core/evidence.ts";
import { isPlausibleName } from "../core/identity.ts";
import type { Able } from "../core/validator.ts";
import type { Verdict } from "../core/verdict.ts";
import type { Visit } from "../core/visit.ts";
import {
  openChallenge,
  readAuthenticate,
  settle,
  type AcceptorPolicy,
  type ChallengeDialect,
  type NtlmLogon,
  type PendingChallenge,
  type Received,
  type Refusal,
  type Reveal,
  type Terms,
} from "../ntlm/acceptor.ts";
import { NtlmError } from "../ntlm/error.ts";
import type { OemCharset } from "../ntlm/oem.ts";
import { EMPTY, MalformedResponse, type Conclusion, type Exchange, type Mechanism } from "./mechanism.ts";
import { factsOf } from "./ntlm-facts.ts";

/**
 * What a logon of this visit may stand on, the ordinary terms first. Without names: whatever could hold for anybody,
 * before the client has said who it is.
 */
export type TermsFor = (visit: Visit, names?: readonly NtlmNames[]) => readonly Terms[];

export interface NtlmSettings {
  /** One for everybody, or by network and user. */
  readonly policy: AcceptorPolicy | TermsFor;
  /** The form of the CHALLENGE_MESSAGE. */
  readonly dialect: ChallengeDialect;
  /** What the CHALLENGE_MESSAGE tells strangers; default: everything. */
  readonly reveal?: Reveal | undefined;
  /** How 8-bit names of clients without Unicode are read, likeliest first. */
  readonly oemCharsets?: readonly OemCharset[] | undefined;
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
    isPossible: (visit) => isPossible(settings, visit),
    async *exchange(initial, judge, visit): Exchange {
      const negotiate = initial?.length ? initial : yield EMPTY;
      const pending = answerNegotiate(negotiate, settings, judge, visit);
      const authenticate = yield pending.message;
      return judgeAuthenticate(authenticate, pending, settings, judge, visit);
    },
  };
}

/** Not where NTLM is blocked for everybody, nor where a channel binding is required on a connection that has none. */
export function isPossible(settings: NtlmSettings, visit: Visit): boolean {
  return termsOf(settings, visit).some(
    ({ policy, lapsed }) =>
      lapsed === undefined &&
      policy.block !== true &&
      (policy.channelBinding !== "require" || visit.channelBinding !== undefined),
  );
}

/** The CHALLENGE_MESSAGE to a NEGOTIATE_MESSAGE. Throws MalformedResponse. */
export function answerNegotiate(
  negotiate: Uint8Array,
  { nonce, clock, dialect, reveal, oemCharsets }: NtlmSettings,
  judge: Able<"ntlm">,
  visit: Visit,
): PendingChallenge {
  const names = judge.ntlm.names(visit);
  const options = { names, serverChallenge: nonce(), timestamp: clock(), dialect, reveal, oemCharsets };
  return understand(() => openChallenge(negotiate, options));
}

/** The verdict on an AUTHENTICATE_MESSAGE: the policy's, the judge's, and the policy's again. Throws MalformedResponse. */
export async function judgeAuthenticate(
  authenticate: Uint8Array,
  pending: PendingChallenge,
  settings: NtlmSettings,
  judge: Able<"ntlm">,
  visit: Visit,
): Promise<Conclusion> {
  const choose = (names: readonly NtlmNames[]) => termsOf(settings, visit, names);
  const logon = understand(() =>
    readAuthenticate(authenticate, pending, choose, visit.channelBinding, settings.clock()),
  );
  if (logon.kind === "refused") return refuse(logon, logon.received);
  return conclude(logon, await verify(logon, (evidence) => judge.ntlm.verify(evidence, visit)));
}

function termsOf({ policy }: NtlmSettings, visit: Visit, names?: readonly NtlmNames[]): readonly Terms[] {
  return typeof policy === "function" ? policy(visit, names) : [{ policy }];
}

async function verify(logon: NtlmLogon, judge: (evidence: NtlmLogon["evidence"]) => Answer<Verdict>): Promise<Verdict> {
  const names = logon.evidence.names.filter((each) => isPlausibleName(each.user));
  if (names.length === 0) {
    return { kind: "denied", reason: "bad-credentials", why: "the user name is empty or has control characters" };
  }
  return judge({ ...logon.evidence, names });
}

/** Only a right response has a key, and only the key shows whether the messages arrived as they were sent (MIC). */
function conclude(logon: NtlmLogon, verdict: Verdict): Conclusion {
  const concluded = { verdict, claimed: claimedName(logon), password: undefined };
  if (verdict.kind !== "accepted") return { ...concluded, ntlm: factsOf(logon, { verdict }) };
  const settled = settle(logon, verdict.sessionBaseKey, verdict.scheme ?? "");
  if (settled.kind === "refused") return refuse(settled, logon, verdict);
  return { ...concluded, ntlm: factsOf(logon, { verdict, settled }) };
}

/** `verdict` where the password was right and something else was not. */
function refuse(refusal: Refusal, received: Received, verdict?: Verdict & { kind: "accepted" }): Conclusion {
  const user = verdict && { user: verdict.identity.user };
  return {
    verdict: { kind: "denied", reason: "policy", why: refusal.why, ...user },
    claimed: claimedName(received),
    password: undefined,
    ntlm: factsOf(received, { verdict, settled: refusal }),
  };
}

function claimedName({ authenticate }: Received): string {
  const { user = "", domain = "" } = authenticate.names[0] ?? {};
  return domain === "" || user === "" ? user : `${domain}\\${user}`;
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

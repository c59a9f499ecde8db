/** The verdict on an AUTHENTICATE_MESSAGE by the hashes of an application's accounts, MS-NLMP 3.2.5.1.2. */
import { splitName } from "../../core/identity.ts";
import { readAuthenticate, settle, type NtlmLogon, type PendingChallenge, type Refusal } from "../../ntlm/acceptor.ts";
import { acceptorSecurity } from "../../ntlm/acceptor-security.ts";
import { NtlmError } from "../../ntlm/error.ts";
import type { AcceptorPolicy, RefusalRule } from "../../ntlm/policy.ts";
import { verifyResponses, type ResponseMatch } from "../../ntlm/responses.ts";
import type { Scheme } from "../../ntlm/scheme.ts";
import type { SessionSecurity } from "../../ntlm/session-security.ts";
import { filetimeNow } from "../clock.ts";

/** What is kept of an account; anything else that yours have is handed back with the result. */
export interface NtlmAccount {
  /** `ntHash(password)`, 16 bytes: as good as the password itself, so guard it likewise. */
  readonly ntHash: Uint8Array;
  /** `lmHash(password)`, 16 bytes; only where a policy with minimum "lm" is served. */
  readonly lmHash?: Uint8Array;
}

/** The client knows the password, and no rule is against it. */
export interface NtlmAccepted<A extends NtlmAccount = NtlmAccount> {
  readonly kind: "accepted";
  /** The one that `find` gave. */
  readonly account: A;
  /** As the client sent them. */
  readonly user: string;
  readonly domain: string;
  readonly workstation: string;
  /** Which response was right. */
  readonly scheme: Scheme;
  /** The service principal name that the client meant to log on to, where it says one. */
  readonly targetName: string | undefined;
  /** A new session of this server's side, for signing and sealing. Throws NtlmError where it would need an LM hash. */
  security(): SessionSecurity;
}

/** All reasons are for the log; a client is told the same for each, or it learns who has an account. */
export interface NtlmRefused {
  readonly kind: "refused";
  readonly reason: "unknown-user" | "wrong-password" | "policy" | "malformed";
  /** The rule of the policy that was broken. */
  readonly rule?: RefusalRule;
  /** In words, without secrets. */
  readonly why: string;
}

export type NtlmResult<A extends NtlmAccount = NtlmAccount> = NtlmAccepted<A> | NtlmRefused;

export interface Case<A extends NtlmAccount> {
  readonly pending: PendingChallenge;
  readonly policy: AcceptorPolicy;
  readonly channelBinding: Uint8Array | undefined;
  find(user: string, domain: string | undefined): A | undefined | Promise<A | undefined>;
}

export async function judge<A extends NtlmAccount>(message: Buffer, given: Case<A>): Promise<NtlmResult<A>> {
  const logon = read(message, given);
  if (logon instanceof NtlmError) return { kind: "refused", reason: "malformed", why: logon.message };
  if (logon.kind === "refused") return byPolicy(logon);
  const found = await findMatch(logon, given);
  if (found === "unknown") return { kind: "refused", reason: "unknown-user", why: "no account of this name" };
  if (found === "wrong")
    return { kind: "refused", reason: "wrong-password", why: `the ${logon.scheme} response is wrong` };
  const settled = brokenTerms(logon, found.match);
  return settled ? byPolicy(settled) : accepted(message, logon, given.pending, found);
}

function read<A extends NtlmAccount>(message: Buffer, { pending, policy, channelBinding }: Case<A>) {
  try {
    return readAuthenticate(message, pending, policy, channelBinding, filetimeNow());
  } catch (error) {
    if (error instanceof NtlmError) return error;
    throw error;
  }
}

interface Found<A> {
  readonly account: A;
  readonly match: ResponseMatch;
}

/** Nobody's password leads to it; unknown names take as long as known ones. */
const NO_HASH = new Uint8Array(16);

/** Every reading of the names that has an account is tried; OEM bytes can have several. */
async function findMatch<A extends NtlmAccount>(
  logon: NtlmLogon,
  given: Case<A>,
): Promise<Found<A> | "unknown" | "wrong"> {
  const { evidence } = logon;
  let isKnown = false;
  for (const reading of evidence.names) {
    const { user, domain = reading.domain || undefined } = splitName(reading.user);
    const account = await given.find(user, domain);
    const hashes = account ? hashesOf(account) : { nt: NO_HASH };
    const match = verifyResponses(hashes, { ...evidence, names: [reading] });
    if (account && match) return { account, match };
    isKnown ||= account !== undefined;
  }
  return isKnown ? "wrong" : "unknown";
}

function hashesOf({ ntHash, lmHash }: NtlmAccount) {
  if (ntHash.length !== NO_HASH.length) throw new TypeError("ntHash has to have 16 bytes: ntHash(password)");
  return { nt: ntHash, ...(lmHash && { lm: lmHash }) };
}

/** undefined: the logon stands. */
function brokenTerms(logon: NtlmLogon, { sessionBaseKey, scheme }: ResponseMatch): Refusal | undefined {
  const settled = settle(logon, sessionBaseKey, scheme);
  return settled.kind === "refused" ? settled : undefined;
}

function byPolicy({ rule, why }: Refusal): NtlmRefused {
  return { kind: "refused", reason: "policy", rule, why };
}

function accepted<A extends NtlmAccount>(
  message: Buffer,
  { evidence, targetName }: NtlmLogon,
  pending: PendingChallenge,
  { account, match }: Found<A>,
): NtlmAccepted<A> {
  const { user, scheme, sessionBaseKey } = match;
  const domain = evidence.names.find((each) => each.user === user)?.domain ?? match.domain;
  const security = () => acceptorSecurity(pending, message, sessionBaseKey, scheme);
  return { kind: "accepted", account, user, domain, workstation: evidence.workstation, scheme, targetName, security };
}

/** `postern decode --password`: is the response of a decoded exchange right, and if not, what would it be right for? */
import {
  adoptChallenge,
  confirm,
  DEFAULT_POLICY,
  readAuthenticate,
  wouldRefuse,
  type AcceptorPolicy,
  type NtlmLogon,
} from "../../ntlm/acceptor.ts";
import { diagnose } from "../../ntlm/diagnose.ts";
import { NtlmError } from "../../ntlm/error.ts";
import { lmHash, ntHash } from "../../ntlm/hashes.ts";
import type { NameReading } from "../../ntlm/names.ts";
import { verifyResponses, type Hashes, type ResponseMatch } from "../../ntlm/responses.ts";

/** A CHALLENGE and its AUTHENTICATE, with the NEGOTIATE before them if it is at hand. */
export interface RecordedExchange {
  readonly negotiate?: Uint8Array;
  readonly challenge: Uint8Array;
  readonly authenticate: Uint8Array;
}

export interface PasswordFinding {
  readonly right: boolean;
  /** "right: NTLMv2, ..." or what is wrong. */
  readonly response: string;
  /** Only with a right response. */
  readonly mic?: string;
  /** What the default policy would say to a right response. */
  readonly policy?: string;
}

/** Everything is accepted here: the question is whether the response is right, not whether it is wise. */
const LAX: AcceptorPolicy = { minimum: "lm", mic: "off", channelBinding: "off", avEcho: "off" };

/** Never throws: what cannot be read is a finding, too. */
export function checkPassword(
  exchange: RecordedExchange,
  password: string,
  known: readonly NameReading[],
): PasswordFinding {
  try {
    const pending = adoptChallenge(exchange.negotiate ?? Buffer.alloc(0), exchange.challenge);
    const logon = readAuthenticate(exchange.authenticate, pending, LAX);
    if (logon.kind === "refused") return { right: false, response: `cannot be checked: ${logon.why}` };
    return judge(logon, hashesOf(password), known, exchange.negotiate !== undefined);
  } catch (error) {
    if (!(error instanceof NtlmError)) throw error;
    return { right: false, response: `cannot be checked: ${error.message}` };
  }
}

function judge(
  logon: NtlmLogon,
  hashes: Hashes,
  known: readonly NameReading[],
  hasNegotiate: boolean,
): PasswordFinding {
  const match = verifyResponses(hashes, logon.evidence);
  if (!match) return { right: false, response: `wrong: ${diagnose(logon, hashes, known) ?? "no reason found"}` };
  // A binding cannot be judged: nothing recorded says which certificate the connection had.
  const refusal = wouldRefuse(logon, DEFAULT_POLICY, match.scheme);
  return {
    right: true,
    response: `right: ${match.scheme}${keyNames(match)}`,
    mic: micFinding(logon, match, hasNegotiate),
    policy: refusal ? `would be refused: ${refusal.why}` : "would be accepted",
  };
}

/** Version 1 keys have no names in them. */
function keyNames({ scheme, user, domain }: ResponseMatch): string {
  if (scheme !== "NTLMv2" && scheme !== "LMv2") return "";
  return `, computed for user ${JSON.stringify(user)} and domain ${JSON.stringify(domain)}`;
}

function micFinding(logon: NtlmLogon, { sessionBaseKey, scheme }: ResponseMatch, hasNegotiate: boolean): string {
  if (!logon.micPresent) return "none";
  if (!hasNegotiate) return "cannot be checked without the NEGOTIATE_MESSAGE";
  const policy: AcceptorPolicy = { ...LAX, mic: "verify-if-present" };
  return confirm({ ...logon, terms: [{ policy }] }, sessionBaseKey, scheme)?.why ?? "right";
}

function hashesOf(password: string): Hashes {
  const lm = lmHash(password);
  return { nt: ntHash(password), ...(lm ? { lm } : {}) };
}

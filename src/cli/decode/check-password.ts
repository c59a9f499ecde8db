/** `postern decode --password` on NTLM: is the response of a decoded exchange right, and if not, what is it right for? */
import {
  adoptChallenge,
  confirm,
  DEFAULT_POLICY,
  readAuthenticate,
  wouldRefuse,
  type AcceptorPolicy,
  type NtlmLogon,
  type PendingChallenge,
} from "../../ntlm/acceptor.ts";
import { NtlmError } from "../../ntlm/error.ts";
import { lmHash } from "../../ntlm/hashes.ts";
import { version1Response } from "../../ntlm/ntlmv1.ts";
import { verifyResponses, type ResponseMatch } from "../../ntlm/responses.ts";
import { hashesOf, whatWouldMatch, type CheckContext } from "./what-would-match.ts";

/** A CHALLENGE and its AUTHENTICATE, with the NEGOTIATE before them if it is at hand. */
export interface RecordedExchange {
  readonly negotiate?: Uint8Array;
  /** The message, or the 8 bytes of ServerChallenge where that is all that is known. */
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
export function checkPassword(exchange: RecordedExchange, password: string, context: CheckContext): PasswordFinding {
  try {
    const logon = readAuthenticate(exchange.authenticate, pendingOf(exchange), LAX);
    if (logon.kind === "refused") return { right: false, response: `cannot be checked: ${logon.why}` };
    return judge(logon, password, context, exchange);
  } catch (error) {
    if (!(error instanceof NtlmError)) throw error;
    return { right: false, response: `cannot be checked: ${error.message}` };
  }
}

const SERVER_CHALLENGE_LENGTH = 8;

/** Without the CHALLENGE itself, its flags must be what the client repeats of them. */
function pendingOf({ negotiate = Buffer.alloc(0), challenge, authenticate }: RecordedExchange): PendingChallenge {
  if (challenge.length !== SERVER_CHALLENGE_LENGTH) return adoptChallenge(negotiate, challenge);
  const flags = guessedFlags(authenticate);
  return { message: Buffer.alloc(0), negotiate, flags, serverChallenge: Buffer.from(challenge), targetInfo: [] };
}

/** JavaMail repeats no flags at all over UTF-16 names: UTF-16 it is unless OEM alone is said. */
function guessedFlags(authenticate: Uint8Array): number {
  const bytes = Buffer.from(authenticate);
  const flags = bytes.length >= 64 ? bytes.readUInt32LE(60) : 0;
  return (flags & 3) === 2 ? flags : (flags | 1) >>> 0;
}

function judge(
  logon: NtlmLogon,
  password: string,
  context: CheckContext,
  { negotiate, challenge }: RecordedExchange,
): PasswordFinding {
  const match = verifyResponses(hashesOf(password, logon.evidence), logon.evidence);
  if (!match)
    return { right: false, response: `wrong: ${lmWords(logon, password)}${whatWouldMatch(logon, password, context)}` };
  // A binding cannot be judged: nothing recorded says which certificate the connection had.
  const refusal = wouldRefuse(logon, DEFAULT_POLICY, match.scheme);
  const isWhole = negotiate !== undefined && challenge.length !== SERVER_CHALLENGE_LENGTH;
  return {
    right: true,
    response: `right: ${match.scheme}${keyNames(match)}${ntFieldOf(logon, match)}`,
    mic: micFinding(logon, match, isWhole),
    policy: refusal ? `would be refused: ${refusal.why}` : "would be accepted",
  };
}

/** Version 1 keys have no names in them. */
function keyNames({ scheme, user, domain }: ResponseMatch): string {
  if (scheme !== "NTLMv2" && scheme !== "LMv2") return "";
  return `, computed for user ${JSON.stringify(user)} and domain ${JSON.stringify(domain)}`;
}

/** A server that takes LMv2 for good does not mind; the client's author would. */
function ntFieldOf({ evidence, scheme }: NtlmLogon, match: ResponseMatch): string {
  const isBeside = match.scheme === "LMv2" && evidence.ntResponse.length > 0;
  return isBeside ? `; but the ${scheme} response beside it is wrong` : "";
}

/** A response that is right for the password in any case. */
function lmWords({ evidence }: NtlmLogon, password: string): string {
  const lm = lmHash(password);
  const isRight = lm && version1Response(lm, evidence.serverChallenge).equals(evidence.lmResponse);
  return isRight ? "only the LM response is right, which knows no upper and lower case; " : "";
}

function micFinding(logon: NtlmLogon, { sessionBaseKey, scheme }: ResponseMatch, isWhole: boolean): string {
  if (!logon.micPresent) return "none";
  if (!isWhole) return "cannot be checked without the NEGOTIATE_MESSAGE and the CHALLENGE_MESSAGE";
  const policy: AcceptorPolicy = { ...LAX, mic: "verify-if-present" };
  return confirm({ ...logon, terms: [{ policy }] }, sessionBaseKey, scheme)?.why ?? "right";
}

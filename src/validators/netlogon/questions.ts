/** What to ask a domain about: an NTLM exchange as it was, or a password as an exchange of our own (MS-APDS 3.1.5.2). */
import { randomBytes } from "node:crypto";
import type { NtlmEvidence } from "../../core/evidence.ts";
import { isPlausibleName, isSameName, NAME_LIMIT, splitName } from "../../core/identity.ts";
import type { NetworkLogon } from "../../netlogon/netlogon.ts";
import { AvId, avText } from "../../ntlm/av-pairs.ts";
import { computeResponses } from "../../ntlm/client-responses.ts";
import type { MachineNames } from "./machine.ts";

export interface Question {
  readonly logon: NetworkLogon;
  /** Where we computed the response: the key that a right answer comes with, 16 bytes. */
  readonly sessionBaseKey?: Uint8Array;
}

/** Readings of one name; only what no account has leads to the next, so that nobody's failures are counted. */
const READING_LIMIT = 4;
/** Bytes; real responses have less than 1 KiB. */
const RESPONSE_LIMIT = 8192;
const EMPTY = new Uint8Array(0);

/**
 * The names are hashed into the response and go on exactly as they came. Unless weaker ones are allowed, the NT response
 * goes alone: a domain controller that takes NTLMv1 would take it in the LM field as well.
 */
export function questionsAbout(evidence: NtlmEvidence, allowsNtlmV1: boolean): readonly Question[] {
  const { names, workstation, serverChallenge, ntResponse, extendedSessionSecurity } = evidence;
  const lmResponse = allowsNtlmV1 ? evidence.lmResponse : EMPTY;
  if (Math.max(ntResponse.length, lmResponse.length) > RESPONSE_LIMIT || workstation.length > NAME_LIMIT) return [];
  const plausible = names.filter((each) => isPlausibleName(each.user) && isPlausibleDomain(each.domain));
  return plausible.slice(0, READING_LIMIT).map(({ user, domain }) => ({
    logon: { user, domain, workstation, serverChallenge, ntResponse, lmResponse, extendedSessionSecurity },
  }));
}

function isPlausibleDomain(domain: string): boolean {
  return domain === "" || isPlausibleName(domain);
}

/** How a name can be meant, likeliest first. */
export function namesMeant(username: string, ours: DomainNames): { user: string; domain: string }[] {
  const { domain } = ours;
  const split = splitName(username);
  if (split.user === "" || (split.domain === undefined && username.includes("\\"))) return [];
  if (username.includes("\\")) return [{ user: split.user, domain: split.domain ?? "" }];
  if (split.domain === undefined) return [{ user: username, domain }];
  // A user principal name first: another account's can look like our name with our domain.
  const asPrincipal = [{ user: username, domain: "" }];
  return [...asPrincipal, { user: isForeign(username, ours) ? username : split.user, domain }];
}

/** The name has a domain that is not ours, as a user principal name may: only a domain that has it can mean it. */
function isForeign(username: string, { domain, dnsDomain }: DomainNames): boolean {
  const named = splitName(username).domain;
  return named !== undefined && !isSameName(named, domain) && !isSameName(named, dnsDomain);
}

interface DomainNames {
  readonly domain: string;
  readonly dnsDomain: string;
}

/** An NTLMv2 exchange between ourselves, naming our own machine as a CHALLENGE_MESSAGE of ours does. */
export function exchangeFor(
  { user, domain }: { readonly user: string; readonly domain: string },
  password: string,
  machine: MachineNames,
): Question {
  const serverChallenge = randomBytes(8);
  const targetInfo = [
    avText(AvId.MsvAvNbDomainName, machine.domain),
    avText(AvId.MsvAvNbComputerName, machine.computer),
  ];
  const credentials = { user, domain, password, clientChallenge: randomBytes(8), time: fileTime(Date.now()) };
  const { ntResponse, sessionBaseKey } = computeResponses(credentials, { serverChallenge, targetInfo }, "NTLMv2");
  const logon = { user, domain, workstation: machine.computer, serverChallenge, ntResponse };
  return { logon: { ...logon, lmResponse: EMPTY, extendedSessionSecurity: true }, sessionBaseKey };
}

/** Milliseconds since 1970 as 100 ns since 1601. */
function fileTime(time: number): bigint {
  return BigInt(time) * 10_000n + 116_444_736_000_000_000n;
}

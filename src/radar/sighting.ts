/** One NTLM logon as the radar sees it: who, from where and how, without anything secret. */
import type { NtlmFacts, Shown } from "../core/ntlm-facts.ts";
import { NAME_LIMIT } from "../core/identity.ts";
import type { ProtocolName, Visit } from "../core/visit.ts";
import { clean } from "./clean.ts";
import { guessClient, type ClientGuess } from "./client-guess.ts";

/** As much of an attempt to log on as the radar looks at. */
export interface SeenAttempt {
  readonly mechanism: string;
  /** The name as the client sent it, behind its domain and a backslash where it sent one. */
  readonly claimed: string;
  readonly ntlm?: NtlmFacts | undefined;
  readonly outcome: {
    /** "denied" is a failure; anything else that has a user was accepted by the judge, whatever the backend said then. */
    readonly kind: string;
    /** The account's name, where the judge knows it. */
    readonly user?: string | undefined;
    readonly scheme?: string | undefined;
  };
}

export type SeenVisit = Pick<Visit, "protocol" | "listener" | "secure"> & {
  readonly client: { readonly address: string };
};

/** Sightings that agree in all of this, and in the place, are one entry. */
export interface Alike extends ClientGuess {
  readonly sentUser: string;
  readonly sentDomain: string;
  readonly protocol: ProtocolName;
  readonly listener: string;
  readonly mechanism: string;
  readonly tls: boolean;
  /** "NTLMv2", "LMv2", "NTLM2 session", "NTLMv1", "LM", or empty: not known. */
  readonly scheme: string;
  readonly mic: Shown;
  readonly channelBinding: Shown;
  readonly hasTarget: boolean;
  /** The exception without which the policy would have refused it; empty: none was needed. */
  readonly exception: string;
}

export interface Sighting extends Alike {
  readonly isAccepted: boolean;
  /** The account; undefined where the judge knows none. */
  readonly user: string | undefined;
  readonly address: string;
  readonly target: string;
  readonly workstation: string;
  readonly version: string;
  readonly negotiateFlags: number;
  readonly authenticateFlags: number;
  readonly refusedBy: string;
}

/** A NetBIOS name has 15 characters, a DNS label 63. */
const WORKSTATION_LIMIT = 64;
/** `service/host.name`: long enough to recognize. */
const TARGET_LIMIT = 128;
/** Words of our own, and "255.255.65535". */
const WORD_LIMIT = 64;

/** undefined: not NTLM, or nobody has judged it (cancelled, malformed, a directory that is down). */
export function toSighting(visit: SeenVisit, attempt: SeenAttempt): Sighting | undefined {
  const { ntlm, outcome } = attempt;
  if (ntlm === undefined || (outcome.user === undefined && outcome.kind !== "denied")) return undefined;
  const sentUser = clean(userOf(attempt.claimed, ntlm.domain), NAME_LIMIT);
  const scheme = clean(outcome.scheme ?? ntlm.scheme ?? "", WORD_LIMIT);
  const { client, confidence } = guessClient(ntlm, scheme, sentUser, visit.protocol);
  return {
    isAccepted: outcome.kind !== "denied",
    user: outcome.user === undefined ? undefined : clean(outcome.user, NAME_LIMIT),
    sentUser,
    sentDomain: clean(ntlm.domain, NAME_LIMIT),
    address: visit.client.address,
    protocol: visit.protocol,
    listener: visit.listener,
    mechanism: attempt.mechanism,
    tls: visit.secure,
    scheme,
    mic: ntlm.mic,
    channelBinding: ntlm.channelBinding,
    hasTarget: ntlm.targetName !== undefined && ntlm.targetName !== "",
    target: clean(ntlm.targetName ?? "", TARGET_LIMIT),
    workstation: clean(ntlm.workstation, WORKSTATION_LIMIT),
    version: clean(ntlm.version ?? "", WORD_LIMIT),
    negotiateFlags: ntlm.negotiateFlags,
    authenticateFlags: ntlm.authenticateFlags,
    refusedBy: clean(ntlm.refusedBy ?? "", WORD_LIMIT),
    exception: clean(ntlm.exception ?? "", WORD_LIMIT),
    client,
    confidence,
  };
}

function userOf(claimed: string, domain: string): string {
  return domain !== "" && claimed.startsWith(`${domain}\\`) ? claimed.slice(domain.length + 1) : claimed;
}

/** Who judges. A validator has the methods that it can answer, and only what it can answer is ever offered to clients. */
import type { Answer } from "./answer.ts";
import type { BearerEvidence, CertificateEvidence, NtlmEvidence, PasswordEvidence, StoredKeys } from "./evidence.ts";
import type { Accepted, Denied, Unavailable, Unknown, Verdict } from "./verdict.ts";
import type { Visit } from "./visit.ts";

/** The names a CHALLENGE_MESSAGE carries in TargetName and TargetInfo (MS-NLMP 3.2.5.1.1). */
export interface TargetNames {
  readonly netbiosDomain: string;
  readonly netbiosComputer: string;
  readonly dnsDomain?: string;
  readonly dnsComputer?: string;
  readonly dnsForest?: string;
  /** TargetName is then the domain, else the computer. */
  readonly domainJoined: boolean;
}

export interface NtlmJudge {
  /** A domain controller refuses good users when these are not its own machine account's names: the judge chooses. */
  names(visit: Visit): TargetNames;
  /** A domain controller judges: responses that repeat other names than `names` gives it refuses. */
  readonly isBoundToNames?: boolean | undefined;
  verify(evidence: NtlmEvidence, visit: Visit): Answer<Verdict>;
}

/** An account's keys, and what to say once the client has proven that it knows the password. */
export interface KeysFound {
  readonly kind: "keys";
  readonly keys: StoredKeys;
  readonly verdict: Accepted | Denied;
}

export interface KeyJudge {
  /** What accounts of this validator may have: only mechanisms that one of these serves are offered. */
  readonly kinds: readonly (keyof StoredKeys)[];
  find(username: string, visit: Visit): Answer<KeysFound | Unknown | Unavailable>;
  /** How the keys of an unknown name must look to be like those of a known one; without it as new keys look. */
  likeness?(mechanism: "SCRAM-SHA-256" | "SCRAM-SHA-1", username: string): KeyLikeness | undefined;
  /** Told once the proof that followed `find` has been looked at: what came of it. */
  concluded?(username: string, verdict: Verdict, visit: Visit): void;
}

/** Of SCRAM keys what a client is shown before it has proven anything. */
export interface KeyLikeness {
  readonly iterations: number;
  /** Bytes. */
  readonly saltLength: number;
  /** One for all forms of the name that would lead to the same account. */
  readonly canonicalName: string;
}

export interface BearerJudge {
  /** Shown to a client whose token was refused (RFC 7628 section 3.2.2). */
  readonly scope?: string | undefined;
  /** Address of the OpenID Provider Configuration, for the same client. */
  readonly openidConfiguration?: string | undefined;
  verify(evidence: BearerEvidence, visit: Visit): Answer<Verdict>;
}

export interface Validator {
  readonly name: string;
  password?(evidence: PasswordEvidence, visit: Visit): Answer<Verdict>;
  readonly ntlm?: NtlmJudge;
  readonly keys?: KeyJudge;
  readonly bearer?: BearerJudge;
  certificate?(evidence: CertificateEvidence, visit: Visit): Answer<Verdict>;
  close?(): Promise<void>;
}

/** What a mechanism needs from the validator that judges it. */
export type Need = "password" | "ntlm" | "keys" | "bearer" | "certificate";

export type Able<N extends Need> = Validator & Required<Pick<Validator, N>>;

export function can<N extends Need>(validator: Validator, need: N): validator is Able<N> {
  return validator[need] !== undefined;
}

/** Lets go of what they hold. Rejects with the first one's error that cannot. */
export async function closeAll(validators: ReadonlyMap<string, Validator>): Promise<void> {
  await Promise.all([...validators.values()].map(async (validator) => validator.close?.()));
}

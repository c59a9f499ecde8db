/** Who judges. A validator has the methods that it can answer, and only what it can answer is ever offered to clients. */
import type { NtlmEvidence, PasswordEvidence } from "./evidence.ts";
import type { Verdict } from "./verdict.ts";
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
  verify(evidence: NtlmEvidence, visit: Visit): Promise<Verdict>;
}

export interface Validator {
  readonly name: string;
  password?(evidence: PasswordEvidence, visit: Visit): Promise<Verdict>;
  readonly ntlm?: NtlmJudge;
  close?(): Promise<void>;
}

/** What a mechanism needs from the validator that judges it. */
export type Need = "password" | "ntlm";

export type Able<N extends Need> = Validator & Required<Pick<Validator, N>>;

export function can<N extends Need>(validator: Validator, need: N): validator is Able<N> {
  return validator[need] !== undefined;
}

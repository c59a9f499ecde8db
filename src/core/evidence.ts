/** What a client brought as proof, freed of mechanism and protocol. */
import type { Secret } from "./secret.ts";

/** A name and a password in clear (PLAIN, LOGIN, USER/PASS). */
export interface PasswordEvidence {
  /** As the client sent it, perhaps `DOMAIN\user` or `user@domain`. */
  readonly username: string;
  readonly password: Secret;
}

/** The lowest NTLM response that a listener accepts, strongest first; LMv2 counts as v2. */
export type NtlmMinimum = "v2" | "v1-ess" | "v1" | "lm";

/** One way to read the names of an AUTHENTICATE_MESSAGE; OEM bytes can have several (ntlm.md section 12). */
export interface NtlmNames {
  readonly user: string;
  readonly domain: string;
}

/** An NTLM exchange as a validator needs it to recompute the responses (MS-NLMP 3.3, MS-APDS 3.1.5). */
export interface NtlmEvidence {
  /** At least one reading; NTLMv2 hashes the strings exactly as sent. */
  readonly names: readonly NtlmNames[];
  readonly workstation: string;
  /** 8 bytes. */
  readonly serverChallenge: Uint8Array;
  readonly ntResponse: Uint8Array;
  readonly lmResponse: Uint8Array;
  /** NTLMSSP_NEGOTIATE_EXTENDED_SESSIONSECURITY was agreed: a 24-byte response is then NTLM2 session. */
  readonly extendedSessionSecurity: boolean;
  /** Responses weaker than this must not be tried. */
  readonly minimum: NtlmMinimum;
}

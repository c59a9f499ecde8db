/** What a client brought as proof, freed of mechanism and protocol. */
import type { Secret } from "./secret.ts";

/** A name and a password in clear (PLAIN, LOGIN, USER/PASS). */
export interface PasswordEvidence {
  /** As the client sent it, perhaps `DOMAIN\user` or `user@domain`. */
  readonly username: string;
  readonly password: Secret;
}

/** A token that says by itself who its bearer is (OAUTHBEARER of RFC 7628, XOAUTH2). */
export interface BearerEvidence {
  /** The name that the client sent beside the token; empty when it sent none. The token decides who it is. */
  readonly username: string;
  readonly token: Secret;
}

/** A client certificate that TLS has verified against the listener's authorities. */
export interface ClientCertificate {
  /** SHA-256 of the certificate, 64 lower-case hex digits. */
  readonly fingerprint: string;
  /** The subject's common name. */
  readonly commonName: string | undefined;
  /** rfc822Name entries of its subjectAltName. */
  readonly emails: readonly string[];
}

/** EXTERNAL (RFC 4422 appendix A). */
export interface CertificateEvidence {
  /** The identity that the client asks to act as; empty: the one that the certificate stands for. */
  readonly authzid: string;
  readonly certificate: ClientCertificate;
}

/** What SCRAM keeps instead of a password (RFC 5802 section 3). */
export interface ScramKeys {
  readonly iterations: number;
  readonly salt: Uint8Array;
  readonly storedKey: Uint8Array;
  readonly serverKey: Uint8Array;
}

/** The keys of one account, by what uses them. */
export interface StoredKeys {
  readonly "SCRAM-SHA-256"?: ScramKeys | undefined;
  readonly "SCRAM-SHA-1"?: ScramKeys | undefined;
  /** The password itself, for CRAM-MD5. */
  readonly password?: Secret | undefined;
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

/** What an operator says about the web service that judges logons or knows accounts. */
import type { AccountMechanism } from "../../accounts/by-mechanism.ts";
import type { Secret } from "../../core/secret.ts";
import type { TargetNames } from "../../core/validator.ts";

/** How the service knows that it is us. */
export type Authentication =
  | { readonly kind: "bearer"; readonly token: Secret }
  | { readonly kind: "basic"; readonly user: string; readonly password: Secret }
  /** HTTP Message Signatures (RFC 9421) with hmac-sha256. */
  | { readonly kind: "hmac"; readonly keyId: string; readonly key: Secret };

export const VERIFY_MECHANISMS = ["PLAIN", "NTLM", "OAUTHBEARER", "EXTERNAL"] as const;

/** By one mechanism of each kind of proof: PLAIN stands for LOGIN and USER too, OAUTHBEARER for XOAUTH2. */
export type VerifyMechanism = (typeof VERIFY_MECHANISMS)[number];

/** Who looks at the proof. */
export type Work =
  /** The service: it is sent the client's password, NTLM response, token or certificate, and answers with a verdict. */
  | { readonly mode: "verify"; readonly mechanisms: readonly VerifyMechanism[] }
  /** Postern: the service is sent a name and answers with what it keeps of that account. */
  | { readonly mode: "lookup"; readonly mechanisms: readonly AccountMechanism[] };

export interface HttpOptions {
  readonly name: string;
  /** https, or http to this machine. */
  readonly url: string;
  readonly work: Work;
  /** What the CHALLENGE_MESSAGE carries. */
  readonly names: TargetNames;
  readonly authentication?: Authentication | undefined;
  /** PEM: the authorities to trust instead of the system's. */
  readonly ca?: string | undefined;
  /** The longest that a client waits for the service, in milliseconds. Default 5 s. */
  readonly timeout?: number | undefined;
  /** How many questions are asked at once; eight times as many may wait. Default 16. */
  readonly concurrency?: number | undefined;
  /** Lookup: threads for slow password hashes. */
  readonly worker?: { readonly concurrency: number; readonly queue: number } | undefined;
  /** Lookup: 32 bytes from which decoys follow; default: new ones for each process. */
  readonly secret?: Uint8Array | undefined;
}
